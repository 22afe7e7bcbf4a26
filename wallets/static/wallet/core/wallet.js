/**
 * The wallet: the one module that screens import.
 *
 *     const wallet = await Wallet.open() ?? await Wallet.create({ language: "en-us", name: "Mine" });
 *     wallet.on("change", redraw);
 *
 * Modules are renamed by their hash when collected, with what they import: imports are written as
 * "./name.js" and never go in a circle.
 *
 * The shapes (Chat, Line, Prompt, Offer, Token, Check, QR, Identity) are in shapes.js. Every method
 * that returns something about the wallet reads IndexedDB and works offline. Keys are made here,
 * cannot be exported, and never leave the browser. Errors are WalletError with a `code` that
 * texts.js can say: see errors.js.
 */

/**
 * Events:
 *   change   ({what: "chats"|"tokens"|"wallet", id?: string})  something to redraw, from any tab
 *   online   ({})           the site is reached again: what was queued is being sent
 *   offline  ({})           the site cannot be reached
 *   refused  ({code, problem, chat, token})  something was refused and is not believed; it is also
 *            a note in the chat's lines
 *   removed  ({})           the wallet was wiped, perhaps by another tab: start again
 */
export class Wallet {
  /** Return the wallet kept in this browser, or null when there is none yet. */
  static async open() {}

  /**
   * Make keys, register at this site's notifier, and return the wallet.
   *
   * Without a `passphrase` (10 characters at least) a recovery code is made; it is
   * `wallet.recoveryCode` on the returned object, is kept nowhere and cannot be shown again. The
   * keys are sealed for it while they are made: later there is no way to add one.
   * Safe to call again after "unreachable": the same keys are used.
   *
   * @param {{language: string, name: string, passphrase?: string, notifier?: string}} wishes
   */
  static async create(wishes) {}

  /**
   * Put a backup file's wallet into this browser (which must have none) and return it.
   * Throws "passphrase" (wrong passphrase or code), "backup" (not a backup file), "exists".
   * @param {string} text  the file's text
   * @param {string} passphrase  the passphrase, or the recovery code in any spelling
   */
  static async restore(text, passphrase) {}

  /** @type {import("./shapes.js").Identity} */
  identity;
  /** The recovery code, once, right after `create`; null at any other time. @type {string|null} */
  recoveryCode;
  /** How many questions wait: the badge. @type {number} */
  waiting;
  /** Whether the site was reached last time. @type {boolean} */
  online;

  /** Call `listener(details)` at each event; returns a function that stops it. */
  on(event, listener) {}

  /** Close what is open (feed, database). The wallet stays in the browser. */
  close() {}

  /** @returns {Promise<import("./shapes.js").Chat[]>} newest activity first */
  async chats() {}

  /** @returns {Promise<import("./shapes.js").Chat|null>} with its lines */
  async chat(id) {}

  /**
   * Ask the broker to open a chat. Takes a locator bare, as https://pollyweb.org/go/...,
   * as this site's /go/... link, or as pollyweb://... . Returns the hook by which the new chat is
   * known (`chat.hook`); the chat itself comes with a change event. Throws "locator".
   * @returns {Promise<string>}
   */
  async openLocator(text) {}

  /** Read a locator without opening it: {schema, domain, key, inputs}. Throws "locator". */
  static readLocator(text) {}

  /**
   * Answer a prompt, once, also offline: the answer is on disk when this returns, and is sent when
   * the site can be reached. Throws "answered" (also when another tab did), "expired", "answer"
   * (it does not fit the format) or "unknown".
   * @param {string} promptId
   * @param {{result?: "OK"|"CANCEL"|"YES"|"NO", answer?: string|string[]|null}} reply
   */
  async answer(promptId, reply) {}

  /** The open questions whether to keep a token. @returns {Promise<import("./shapes.js").Prompt[]>} */
  async offers() {}

  /** @returns {Promise<import("./shapes.js").Token[]>} newest first */
  async tokens() {}

  /** @returns {Promise<import("./shapes.js").Token|null>} checked anew */
  async token(key) {}

  /** Ask the broker for the status of all tokens now. Throws "unreachable". */
  async refresh() {}

  /** Name a token (private, at most 250 characters); "" takes the name away. */
  async tag(key, text) {}

  /** What the codes of a token hold; draw them with qr.js. @returns {Promise<import("./shapes.js").QR>} */
  async qr(key) {}

  /** Delete a token from this wallet. */
  async remove(key) {}

  /** Return the text of a backup file; it opens with the passphrase or recovery code. */
  async backup() {}

  /** Delete everything of this wallet from this browser. */
  async wipe() {}
}
