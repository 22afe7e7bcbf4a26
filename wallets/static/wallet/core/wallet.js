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

import { Attendant } from "./attendant.js";
import { backupText, putBack, readBackup } from "./backup.js";
import { Desk, outgoing } from "./desk.js";
import { codesOf } from "./document.js";
import { onboard } from "./onboarding.js";
import { fittingReply, isInput } from "./prompts.js";
import { unreachable } from "./site.js";
import { Store } from "./store.js";
import { milliseconds, parseLocator } from "./syntax.js";
import { chatView, identityView, lineViews, promptState, promptView, tokenView, waits } from "./views.js";
import { fromBase64 } from "./bytes.js";
import { WalletError } from "./errors.js";

const CHANNEL = "countersign-wallet";
const LONGEST_TAG = 250;
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Events:
 *   change   ({what: "chats"|"tokens"|"wallet", id?: string})  something to redraw, from any tab
 *   online   ({})           the site is reached again: what was queued is being sent
 *   offline  ({})           the site cannot be reached
 *   refused  ({code, problem, chat, token})  something was refused and is not believed. `code` is
 *            "token-refused" (`problem` is a code of Check; also a note in the chat),
 *            "message-refused" (the other side refused what was sent), "untrusted" or "refused"
 *            (a notification; `problem` is plain English)
 *   removed  ({})           the wallet was wiped, perhaps by another tab: start again
 */
export class Wallet {
  /** Return the wallet kept in this browser, or null when there is none yet. */
  static async open() {
    const wallet = new Wallet();
    wallet.store = await Store.open(() => wallet.gone());
    const state = await wallet.store.get("state", "wallet");
    if (!state) {
      wallet.store.close();
      return null;
    }
    await wallet.begin(state);
    return wallet;
  }

  /**
   * Make keys, register at this site's notifier, and return the wallet.
   *
   * Without a `passphrase` (10 characters at least) a recovery code is made; it is
   * `wallet.recoveryCode` on the returned object, is kept nowhere and cannot be shown again. The
   * keys are sealed for it while they are made: later there is no way to add one.
   * May be called again after "unreachable". Throws "exists", "language", "passphrase",
   * "unreachable", "untrusted", "unsupported".
   *
   * @param {{language: string, name: string, passphrase?: string, notifier?: string}} wishes
   */
  static async create(wishes) {
    const store = await Store.open();
    try {
      const code = await onboard(store, wishes);
      const wallet = await Wallet.open();
      wallet.recoveryCode = code;
      return wallet;
    } finally {
      store.close();
    }
  }

  /**
   * Put a backup file's wallet into this browser (which must have none) and return it.
   * Throws "passphrase" (wrong passphrase or code), "backup" (not a backup file), "exists".
   * @param {string} text  the file's text
   * @param {string} passphrase  the passphrase, or the recovery code in any spelling
   */
  static async restore(text, passphrase) {
    const store = await Store.open();
    try {
      await putBack(store, await readBackup(text, passphrase));
    } finally {
      store.close();
    }
    return Wallet.open();
  }

  /** @type {import("./shapes.js").Identity} */
  get identity() {
    return identityView(this.state);
  }

  /** The recovery code, once, right after `create`; null at any other time. @type {string|null} */
  recoveryCode = null;
  /** How many questions wait: the badge. @type {number} */
  waiting = 0;
  /** Whether the site was reached last time. @type {boolean} */
  online = globalThis.navigator?.onLine ?? true;

  listeners = new Map();
  closed = false;

  /** Call `listener(details)` at each event; returns a function that stops it. */
  on(event, listener) {
    const mine = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, mine.add(listener));
    return () => mine.delete(listener);
  }

  /** Close what is open (feed, database). The wallet stays in the browser. */
  async close() {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    this.channel.close();
    this.away.abort();
    await this.attendant.stop();
    this.store.close();
  }

  /** @returns {Promise<import("./shapes.js").Chat[]>} newest activity first */
  async chats() {
    const [chats, prompts] = await Promise.all([this.store.all("chats"), this.store.all("prompts")]);
    const views = chats.map((row) => chatView(row, prompts));
    return views.sort((one, other) => (one.touched < other.touched ? 1 : -1));
  }

  /** @returns {Promise<import("./shapes.js").Chat|null>} with its lines */
  async chat(id) {
    const [row, lines, prompts] = await Promise.all([
      this.store.get("chats", id),
      this.store.by("lines", "chat", id),
      this.store.by("prompts", "chat", id),
    ]);
    if (!row) return null;
    return { ...chatView(row, prompts), lines: lineViews(lines, prompts, this.state.broker) };
  }

  /**
   * Ask the broker to open a chat; also offline. Takes a locator bare, as
   * https://pollyweb.org/go/..., as this site's /go/... link, or as pollyweb://... . Returns the
   * hook by which the new chat is known (`chat.hook`); the chat itself comes with a change event.
   * Throws "locator".
   * @param {string} text
   * @param {{origin?: string}} from  the chat whose option carried the locator
   * @returns {Promise<string>}
   */
  async openLocator(text, { origin } = {}) {
    const locator = parseLocator(text);
    const hook = crypto.randomUUID();
    const body = { Locator: locator.text, Hook: hook, ...(origin ? { Origin: origin } : {}) };
    await this.tell(body, "Locate@Broker");
    return hook;
  }

  /** Read a locator without opening it: {schema, domain, key, inputs}. Throws "locator". */
  static readLocator(text) {
    const { schema, domain, key, inputs } = parseLocator(text);
    return { schema, domain, key, inputs };
  }

  /**
   * Answer a prompt, once, also offline: the answer is on disk when this returns, and is sent when
   * the site can be reached. A status line with options may be answered again and again. Throws
   * "answered" (also when another tab did), "expired", "answer" (it does not fit) or "unknown".
   * @param {string} promptId
   * @param {{result?: "OK"|"CANCEL"|"YES"|"NO", answer?: string|string[]|null}} reply
   */
  async answer(promptId, reply) {
    const chat = await this.store.write(["prompts", "outbox"], async (rows) => {
      const prompt = await rows.prompts.get(promptId);
      if (!prompt) throw new WalletError("unknown", "there is no such prompt");
      checkMayAnswer(prompt);
      const fitting = fittingReply(prompt, reply);
      const body = { Prompt: prompt.id, ...fitting };
      const entry = outgoing(prompt.chat, prompt.sender, "Reply@Host", body,
        { prompt: prompt.id, chat: prompt.chat });
      const { correlation, at } = entry;
      const answer = { result: fitting.Result, answer: fitting.Answer ?? null, at, correlation, state: "queued" };
      await rows.prompts.put({ ...prompt, answer });
      await rows.outbox.add(entry);
      return prompt.chat;
    });
    this.announce("change", { what: "chats", id: chat });
    this.nudge();
  }

  /** Ask the host to begin again (docs/prompts.md); also offline. */
  async restart(chat) {
    await this.tell({ Chat: chat }, "Home@Broker");
  }

  /** Leave a chat: its questions are withdrawn; also offline. */
  async leave(chat) {
    await this.tell({ Chat: chat }, "Abandon@Broker");
    await this.store.write(["chats"], async (rows) => {
      const row = await rows.chats.get(chat);
      if (row) await rows.chats.put({ ...row, state: "ABANDONED" });
    });
    this.announce("change", { what: "chats", id: chat });
  }

  /** The appendix of a prompt: {name, type, content: Uint8Array}. Throws "unreachable", "refused". */
  async appendix(promptId) {
    const prompt = await this.store.get("prompts", promptId);
    if (!prompt?.appendix) throw new WalletError("unknown", "there is no such appendix");
    const { key, name, type } = prompt.appendix;
    const said = await this.desk.ask(prompt.chat, prompt.sender, "Download@Host",
      { Prompt: prompt.id, Appendix: key });
    try {
      return { name, type, content: fromBase64(said.Content) };
    } catch {
      throw new WalletError("untrusted", "an appendix that is none");
    }
  }

  /** The open questions whether to keep a token. @returns {Promise<import("./shapes.js").Prompt[]>} */
  async offers() {
    const prompts = await this.store.all("prompts");
    return prompts.filter((row) => row.offer && waits(row))
      .map((row) => promptView(row, this.state.broker));
  }

  /** @returns {Promise<import("./shapes.js").Token[]>} newest first */
  async tokens() {
    const [rows, frontend] = await Promise.all([
      this.store.all("tokens"), this.store.get("state", "frontend"),
    ]);
    const views = await Promise.all(rows.map((row) => this.viewOf(row, frontend)));
    return views.sort((one, other) => (one.saved < other.saved ? 1 : -1));
  }

  /** @returns {Promise<import("./shapes.js").Token|null>} checked anew */
  async token(key) {
    const row = await this.store.get("tokens", key);
    return row ? this.viewOf(row, await this.store.get("state", "frontend")) : null;
  }

  async viewOf(row, frontend) {
    const rows = frontend?.view?.Tokens;
    const told = Array.isArray(rows)
      ? rows.find((each) => `${each.Issuer}/${each.Token}`.toLowerCase() === row.key)
      : undefined;
    const [issuer, token] = row.key.split("/");
    let check;
    try {
      check = await this.desk.check(row.document, { issuer, token });
    } catch (error) {
      if (error.code !== "unreachable") throw error;
      check = { ok: false, problem: "no-key", message: error.message, issuer, selector: "", at: Desk.time() };
    }
    return tokenView(row, check, told, frontend);
  }

  /** Ask the broker for the status of all tokens now. Throws "unreachable". */
  async refresh() {
    await this.desk.refresh();
  }

  /** Name a token (private, at most 250 characters); "" takes the name away. */
  async tag(key, text) {
    const tag = text.trim().slice(0, LONGEST_TAG);
    await this.store.write(["tokens"], async (rows) => {
      const row = await rows.tokens.get(key);
      if (!row) throw new WalletError("unknown", "there is no such token");
      await rows.tokens.put({ ...row, tag });
    });
    this.announce("change", { what: "tokens", id: key });
  }

  /** What the codes of a token hold. @returns {Promise<import("./shapes.js").QR>} */
  async qr(key) {
    const row = await this.store.get("tokens", key);
    if (!row) throw new WalletError("unknown", "there is no such token");
    return codesOf(row.document, this.state.broker);
  }

  /** Delete a token from this wallet. The issuer and the broker are not told. */
  async remove(key) {
    await this.store.write(["tokens"], (rows) => rows.tokens.delete(key));
    this.announce("change", { what: "tokens", id: key });
  }

  /** Return the text of a backup file; it opens with the passphrase or recovery code. */
  async backup() {
    const text = await backupText(this.store, this.state);
    await this.change({ backedUp: Desk.time() });
    return text;
  }

  /** Change what the person calls this wallet. */
  async rename(name) {
    await this.change({ label: name.trim().slice(0, 100) });
  }

  /** What a browser subscribes to Web Push with, base64url; "" where there is none. Throws "unreachable". */
  async pushKey() {
    const { PublicKey: key } = await this.desk.site.ask("GET", "/wallet/push");
    return typeof key === "string" ? key : "";
  }

  /** Have the site wake this browser; again changes nothing. Throws "unreachable", "refused". */
  async subscribePush(endpoint) {
    await this.desk.site.ask("POST", "/wallet/push/subscribe", JSON.stringify({ Endpoint: endpoint }));
  }

  /** Have the site wake this browser no more. Throws "unreachable", "refused". */
  async unsubscribePush(endpoint) {
    await this.desk.site.ask("POST", "/wallet/push/unsubscribe", JSON.stringify({ Endpoint: endpoint }), AbortSignal.timeout(5000));
  }

  /** Delete everything of this wallet from this browser. */
  async wipe() {
    this.channel.postMessage({ event: "wiped", details: {} });
    await this.close();
    await Store.wipe();
    this.emit("removed", {});
  }

  // -- inside ---------------------------------------------------------------------------------

  async begin(state) {
    this.state = state;
    const { private: key } = await this.store.get("keys", "wallet");
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = ({ data }) => this.heard(data);
    this.desk = new Desk(this.store, state, key, (event, details) => this.announce(event, details));
    this.attendant = new Attendant(this.desk, (online) => this.announce("reached", { online }));
    this.away = new AbortController();
    const { signal } = this.away;
    globalThis.addEventListener("offline", () => this.announce("reached", { online: false }), { signal });
    globalThis.addEventListener("online", () => this.attendant.look(), { signal });
    await this.count();
    this.attendant.start();
  }

  /** Tell this tab and all others. */
  announce(event, details) {
    if (this.closed) return;
    this.channel.postMessage({ event, details });
    this.heard({ event, details });
  }

  heard({ event, details }) {
    if (this.closed) return;
    if (event === "reached") this.reached(details.online);
    else if (event === "nudge") this.attendant.nudge();
    else if (event === "wiped") this.gone();
    else if (event === "change" && details.what === "chats") this.counted(details);
    else if (event === "change" && details.what === "wallet") this.reread(details);
    else this.emit(event, details);
  }

  emit(event, details) {
    for (const listener of this.listeners.get(event) ?? []) {
      try {
        listener(details);
      } catch (error) {
        reportError(error); // it keeps no other from hearing
      }
    }
  }

  reached(online) {
    if (online === this.online) return;
    this.online = online;
    this.emit(online ? "online" : "offline", {});
  }

  async counted(details) {
    try {
      await this.count();
    } catch (error) {
      if (!this.closed) throw error; // closed while it was counting
      return;
    }
    this.emit("change", details);
  }

  /** Count what waits, and count again when the next question runs out of time. */
  async count() {
    const open = (await this.store.all("prompts")).filter(waits);
    this.waiting = open.length;
    clearTimeout(this.timer);
    const ends = open.filter((row) => row.expires).map((row) => milliseconds(row.expires));
    if (!ends.length || this.closed) return;
    const wait = Math.min(Math.max(Math.min(...ends) - Desk.now(), 0) + 50, LONGEST_TIMER);
    this.timer = setTimeout(() => this.counted({ what: "chats" }), wait);
  }

  async reread(details) {
    const state = await this.store.get("state", "wallet");
    if (state) Object.assign(this.state, state);
    this.emit("change", details);
  }

  async change(fields) {
    await this.store.write(["state"], async (rows) => {
      await rows.state.put({ ...(await rows.state.get("wallet")), ...fields });
    });
    Object.assign(this.state, fields);
    this.announce("change", { what: "wallet" });
  }

  /** Queue a message of the wallet to its broker. */
  async tell(body, subject) {
    const entry = outgoing("wallet", this.state.broker, subject, body);
    await this.store.write(["outbox"], (rows) => rows.outbox.add(entry));
    this.nudge();
  }

  nudge() {
    this.announce("nudge", {});
  }

  /** Another tab wiped the wallet. */
  async gone() {
    if (this.closed) return;
    await this.close();
    this.emit("removed", {});
  }
}

/** Throw when a prompt cannot be answered, or no more. */
function checkMayAnswer(prompt) {
  const state = promptState(prompt);
  if (state === "answered") throw new WalletError("answered", "this has been answered");
  if (state === "expired") throw new WalletError("expired", "nobody asks this any more");
  if (state === "fetching") throw unreachable("what this asks is not known yet");
  if (!isInput(prompt.format) && !prompt.options.length) {
    throw new WalletError("answer", "this asks nothing");
  }
}
