/** This site as the wallet uses it: its API in signed requests, and the relay to all inboxes. */

import { canonicalBytes } from "./canonical.js";
import { hex, sha256, utf8 } from "./bytes.js";
import { isMap } from "./envelope.js";
import { sign } from "./keys.js";
import { formatTime } from "./syntax.js";
import { WalletError } from "./errors.js";

const BUSY = new Set([408, 425, 429, 500, 502, 503, 504]);
const SECONDS = 30;
const LARGEST_SKEW = 20_000;

export const unreachable = (message) => new WalletError("unreachable", message);
const refused = (status, message) => new WalletError("refused", message, { status });

/** The time as this site has it (milliseconds): a message with another is refused. */
let skew = 0;
export const now = () => Date.now() + skew;

function learnTime(response) {
  const told = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(told)) return;
  const difference = told + 500 - Date.now();
  skew = Math.abs(difference) > LARGEST_SKEW ? difference : 0;
}

export class Site {
  /** @param {{id: string, notifier: string}|null} wallet  null before it is registered */
  constructor(wallet, key) {
    this.wallet = wallet;
    this.key = key;
  }

  /** Which notifiers are served here: [{Domain, Broker}]. */
  async notifiers() {
    const about = await this.json(await this.fetch("GET", "/wallet/about", "", {}));
    return Array.isArray(about.Notifiers) ? about.Notifiers : [];
  }

  /** Post to an inbox of this very site, before there is a wallet that the relay could know. */
  async postHere(envelope) {
    const body = JSON.stringify(envelope);
    return this.json(await this.fetch("POST", "/inbox", body, {}));
  }

  /**
   * Have a message posted to its recipient's inbox and return the answer.
   * Throws WalletError "unreachable" (try again) or "refused" with the peer's `status`.
   */
  async post(envelope) {
    const { To: to, Subject: subject } = envelope.Header;
    const relayed = await this.ask("POST", "/wallet/relay", JSON.stringify(envelope));
    if (relayed.Status === 200) return isMap(relayed.Answer) ? relayed.Answer : {};
    if (BUSY.has(relayed.Status)) throw unreachable(`${to} is busy (${relayed.Status})`);
    throw refused(relayed.Status, `${to} refused ${subject} (${relayed.Status})`);
  }

  /** A signed request of this wallet; its answer's JSON object. */
  async ask(method, path, body = "", signal = undefined) {
    return this.json(await this.open(method, path, body, {}, signal));
  }

  /** A signed request of this wallet; the response itself, whose status is 200. */
  async open(method, path, body = "", headers = {}, signal = undefined) {
    const timestamp = formatTime(now());
    const data = canonicalBytes({
      Body: hex(await sha256(utf8(body))),
      Method: method,
      Notifier: this.wallet.notifier,
      Path: path,
      Timestamp: timestamp,
      Wallet: this.wallet.id,
    });
    const proof = {
      "Wallet": this.wallet.id,
      "Wallet-Notifier": this.wallet.notifier,
      "Wallet-Timestamp": timestamp,
      "Wallet-Signature": await sign(this.key, data),
    };
    return this.fetch(method, path, body, { ...headers, ...proof }, signal);
  }

  async fetch(method, path, body, headers, signal = AbortSignal.timeout(SECONDS * 1000)) {
    let response;
    try {
      response = await fetch(path, {
        method,
        signal,
        body: method === "GET" ? undefined : body,
        headers: body ? { ...headers, "Content-Type": "application/json" } : headers,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
      });
    } catch (error) {
      throw unreachable(`${path}: ${error.name}`);
    }
    learnTime(response);
    if (response.ok) return response;
    if (BUSY.has(response.status)) throw unreachable(`${path}: status ${response.status}`);
    throw refused(response.status, `${path}: status ${response.status}`);
  }

  async json(response) {
    let value;
    try {
      value = await response.json();
    } catch (error) {
      throw unreachable(`an answer that broke off: ${error.name}`);
    }
    if (!isMap(value)) throw new WalletError("untrusted", "the site answered something else");
    return value;
  }
}

