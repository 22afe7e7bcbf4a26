/**
 * Public keys of domains, as a wallet comes to know them; as wallets/client/keyring.py.
 *
 * A wallet trusts the broker it chose and asks it for the keys of all others (PublicKey@Graph);
 * such answers must be signed with the broker's key. The broker's own keys are learnt from the
 * broker the first time a selector is met: the answer proves itself with the key it tells. Each is
 * kept, and never replaced; a new selector is how a domain changes its key.
 */

import { build, peek, proved } from "./envelope.js";
import { publicKey } from "./keys.js";
import { now } from "./site.js";
import { isDomain, isSelector } from "./syntax.js";
import { WalletError } from "./errors.js";

const untrusted = (message) => new WalletError("untrusted", message);

export class Keyring {
  /** `kept` has get(name) and put(name, text), both promises: where keys are remembered. */
  constructor(kept, site, broker) {
    this.kept = kept;
    this.site = site;
    this.broker = broker.toLowerCase();
  }

  /** A domain's key. Throws WalletError "untrusted" when the broker knows none, "unreachable". */
  keyOf = async (domain, selector) => readKey(await this.textOf(domain, selector));

  async textOf(domain, selector) {
    if (!isDomain(domain) || !isSelector(selector)) throw untrusted("nobody's key is asked for");
    const name = `${domain.toLowerCase()} ${selector}`;
    const known = await this.kept.get(name);
    if (known) return known;
    const asked = await this.ask(domain.toLowerCase(), selector);
    await this.kept.put(name, asked);
    return asked;
  }

  async ask(domain, selector) {
    const request = build({
      to: this.broker,
      subject: "PublicKey@Graph",
      body: { Domain: domain, DKIM: selector },
      now: now(),
    });
    let answer;
    try {
      answer = await this.site.post(request);
    } catch (error) {
      if (error.code !== "refused") throw error;
      throw untrusted(`${this.broker} knows no key ${selector} of ${domain}`);
    }
    const told = peek(answer).Body.PublicKey;
    const keyOfAnswer = async (sender, used) => {
      if (domain === this.broker && used === selector) return readKey(told);
      if (domain === this.broker && !(await this.kept.get(`${this.broker} ${used}`))) {
        // One step only: else each unknown key would be vouched for by the next.
        throw untrusted(`${this.broker} vouches for a key with one that nobody knows`);
      }
      return this.keyOf(sender, used);
    };
    const body = await proved(answer, request, keyOfAnswer);
    await readKey(body.PublicKey);
    return body.PublicKey;
  }
}

async function readKey(text) {
  try {
    return await publicKey(text);
  } catch {
    throw untrusted("the broker sent a key that is none");
  }
}

/** Where keys are remembered before there is a wallet. */
export function inMemory() {
  const known = new Map();
  return {
    known,
    get: async (name) => known.get(name),
    put: async (name, text) => void known.set(name, text),
  };
}

/** Where a wallet remembers them. */
export const inStore = (store) => ({
  get: async (name) => (await store.get("domainKeys", name))?.public,
  put: (name, text) => store.put("domainKeys", { name, public: text }),
});
