/**
 * What can go wrong, by code:
 *   unreachable  nobody answered; it may work later
 *   refused      the other side said no (`status` is its HTTP code)
 *   untrusted    an answer is not what it claims to be
 *   locator, answer, answered, expired, unknown, passphrase, backup, exists, language, busy
 *                what was asked makes no sense, or no more
 *   push-denied  the person, or the browser, allows no notifications
 *   push-service the browser's push service did not answer
 *   unsupported  the browser lacks Ed25519, IndexedDB or Web Locks
 */
export class WalletError extends Error {
  /** @param {string} code @param {string} message plain English, for logs and developers */
  constructor(code, message, details = {}) {
    super(message);
    this.name = "WalletError";
    this.code = code;
    Object.assign(this, details);
  }
}
