/**
 * Ed25519 keys. A private key is made, sealed for its owner's backup, and then kept as a CryptoKey
 * that no script can export; its bytes exist only between those steps, inside `newKey`.
 */

import { base64, fromBase64, hex, joined } from "./bytes.js";
import { seal } from "./sealing.js";
import { WalletError } from "./errors.js";

const NAME = "Ed25519";
const SEED_BYTES = 32;
// What DER writes before the 32 bytes of a public key, and of a private one.
const SPKI_PREFIX = Uint8Array.from(
  [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);
const PKCS8_PREFIX = Uint8Array.from(
  [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]);

const FIELD_PRIME = 2n ** 255n - 19n;
const OF_ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
// As messaging/signing.py: under these points somebody without any private key can sign.
const SMALL_ORDER = [0n, 1n, FIELD_PRIME - 1n, OF_ORDER_8, FIELD_PRIME - OF_ORDER_8];

/**
 * Make a key {name, private, public, sealed}: a CryptoKey for signing only, the wire form of its
 * public half, and the seed sealed to `recovery`, the public key of the backup.
 */
export async function newKey(name, recovery) {
  let pair;
  try {
    pair = await crypto.subtle.generateKey(NAME, true, ["sign", "verify"]);
  } catch {
    throw new WalletError("unsupported", "this browser cannot make Ed25519 keys");
  }
  const whole = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const seed = whole.slice(-SEED_BYTES);
  try {
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return {
      name,
      private: await privateKey(seed),
      public: base64(joined(SPKI_PREFIX, raw)),
      sealed: await seal(recovery, seed, name),
    };
  } finally {
    whole.fill(0);
    seed.fill(0);
  }
}

/** A key for signing, of a seed, which cannot be exported. */
export async function privateKey(seed) {
  const whole = joined(PKCS8_PREFIX, seed);
  try {
    return await crypto.subtle.importKey("pkcs8", whole, NAME, false, ["sign"]);
  } finally {
    whole.fill(0);
  }
}

/** A key for verifying, of base64 of DER SubjectPublicKeyInfo or of the raw 32 bytes. TypeError. */
export async function publicKey(text) {
  const bytes = fromBase64(text);
  const der = bytes.length === 32 ? joined(SPKI_PREFIX, bytes) : bytes;
  if (der.length !== 44 || !SPKI_PREFIX.every((byte, index) => der[index] === byte)) {
    throw new TypeError("not an Ed25519 public key");
  }
  const y = BigInt(`0x${hex(der.slice(-32).reverse())}`) & ((1n << 255n) - 1n);
  if (y >= FIELD_PRIME || SMALL_ORDER.includes(y)) {
    throw new TypeError("not a usable Ed25519 public key");
  }
  return crypto.subtle.importKey("spki", der, NAME, true, ["verify"]);
}

/** The signature over `bytes`: 88 characters of base64. */
export const sign = async (key, bytes) => base64(await crypto.subtle.sign(NAME, key, bytes));

/** Say whether `signature` (strict base64) is that of `key` over `bytes`. */
export async function verify(key, bytes, signature) {
  try {
    return await crypto.subtle.verify(NAME, key, fromBase64(signature, 64), bytes);
  } catch {
    return false;
  }
}
