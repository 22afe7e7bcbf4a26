/** Where the parts of a wallet meet: its rows, its keys, its site, and what it says to whom. */

import { ANONYMOUS, build, proved, signed } from "./envelope.js";
import { inStore, Keyring } from "./keyring.js";
import { checkDocument, Invalid } from "./document.js";
import { wholeView } from "./pages.js";
import { now, Site } from "./site.js";
import { formatTime, isDomain, isSelector } from "./syntax.js";
import { recoveryKey } from "./sealing.js";
import { WalletError } from "./errors.js";

export class Desk {
  /**
   * @param {import("./store.js").Store} store
   * @param {object} state  the row "wallet"
   * @param {CryptoKey} key  the wallet's private key
   * @param {(event: string, details: object) => void} announce  tells this tab and the others
   */
  constructor(store, state, key, announce) {
    this.store = store;
    this.state = state;
    this.key = key;
    this.announce = announce;
    this.site = new Site(state, key);
    this.keyring = new Keyring(inStore(store), this.site, state.broker);
  }

  static now = now;
  static time = () => formatTime(now());

  /** The public key that new private keys are sealed to. */
  async recovery() {
    this.sealTo ??= await recoveryKey(this.state.lock);
    return this.sealTo;
  }

  async signingKey(as) {
    if (as === "wallet") return this.key;
    const row = await this.store.get("keys", as);
    if (!row) throw new WalletError("untrusted", `${as} is not a chat of this wallet`);
    return row.private;
  }

  /** A signed message of this wallet (`as` "wallet"), or of the holder of a chat's key. */
  async message(as, to, subject, body, correlation = undefined) {
    const from = as === "wallet" ? this.state.id : ANONYMOUS;
    const envelope = build({ from, to, subject, body, correlation, now: now() });
    return signed(envelope, await this.signingKey(as));
  }

  /** Send a sync message and return the proved answer's body. */
  async ask(as, to, subject, body) {
    const request = await this.message(as, to, subject, body);
    return proved(await this.site.post(request), request, this.keyring.keyOf);
  }

  /**
   * The result of checking a document, as Check in shapes.js. Throws WalletError "unreachable"
   * when the issuer's key is not known yet and cannot be asked for.
   */
  async check(document, { issuer, token } = {}) {
    const signer = isDomain(document?.Issuer) ? document.Issuer : "";
    const selector = isSelector(document?.DKIM) ? document.DKIM : "";
    const result = (problem, message) => ({
      ok: !problem, problem, message, issuer: signer, selector, at: Desk.time(),
    });
    if (!signer || !selector) return result("structure", "the document does not say who signed it");
    let key;
    try {
      key = await this.keyring.keyOf(signer, selector);
    } catch (error) {
      if (error.code !== "untrusted") throw error;
      return result("no-key", error.message);
    }
    const expected = { issuer: issuer ?? signer, token: token ?? document.Token };
    try {
      await checkDocument(document, key, now(), expected);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      return result(error.problem, error.message);
    }
    return result("", "");
  }

  /** Ask the broker what this wallet holds (protocol 5.6), and remember it. */
  async refresh() {
    const view = await wholeView(
      (body) => this.ask("wallet", this.state.broker, "Frontend@Broker", body),
      ["Chats", "Tokens", "Domains", "Schemas"]);
    await this.store.write(["state", "chats"], async (rows) => {
      await rows.state.put({ name: "frontend", view, at: Desk.time() });
      for (const told of Array.isArray(view.Chats) ? view.Chats : []) {
        const chat = await rows.chats.get(told.Chat ?? "");
        const ended = ["WRAPPED", "ABANDONED"].includes(told.State);
        if (chat && ended && chat.state !== told.State) {
          await rows.chats.put({ ...chat, state: told.State });
        }
      }
    });
    this.announce("change", { what: "tokens" });
    this.announce("change", { what: "chats" });
  }
}

/** A row of the outgoing queue: what is to be said, once, to whom, signed as what. */
export const outgoing = (as, to, subject, body, details = {}) => ({
  as, to, subject, body, correlation: crypto.randomUUID(), at: Desk.time(), tries: 0, ...details,
});

/** The key of a token in this wallet. */
export const tokenKey = (issuer, token) => `${issuer.toLowerCase()}/${token}`;
