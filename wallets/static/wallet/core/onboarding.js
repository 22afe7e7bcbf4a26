/** Making a wallet (protocol 5.1). Nothing is kept before the notifier has taken it. */

import { build, peek, proved, signed } from "./envelope.js";
import { inMemory, Keyring } from "./keyring.js";
import { newKey } from "./keys.js";
import { newLock, recoveryCode, SHORTEST_PASSPHRASE } from "./sealing.js";
import { now, Site } from "./site.js";
import { formatTime, isDomain, isLanguage, isUuid } from "./syntax.js";
import { WalletError } from "./errors.js";

/** Make and keep a wallet; return its recovery code, or null when it has a passphrase. */
export async function onboard(store, { language, name, passphrase, notifier }) {
  if (!isLanguage(language)) throw new WalletError("language", `${language} is no language`);
  if (passphrase && passphrase.length < SHORTEST_PASSPHRASE) {
    throw new WalletError("passphrase", `a passphrase has ${SHORTEST_PASSPHRASE} characters or more`);
  }
  if (await store.get("state", "wallet")) throw new WalletError("exists", "there is a wallet already");
  const code = passphrase ? null : recoveryCode();
  const { lock, recovery } = await newLock(passphrase || code);
  const key = await newKey("wallet", recovery);
  const keys = inMemory();
  const given = await registered(key, language, notifier, keys);
  const state = {
    name: "wallet",
    label: String(name ?? "").trim().slice(0, 100),
    language,
    created: formatTime(now()),
    lock,
    backedUp: null,
    ...given,
  };
  await store.write(["state", "keys", "domainKeys"], async (rows) => {
    // Another tab may have made one meanwhile.
    if (await rows.state.get("wallet")) throw new WalletError("exists", "there is a wallet already");
    await rows.state.put(state);
    await rows.keys.put(key);
    for (const [domain, text] of keys.known) await rows.domainKeys.put({ name: domain, public: text });
  });
  return code;
}

/** Show the key to the notifier; return the proved {id, notifier, broker}. */
async function registered(key, language, wanted, keys) {
  const here = new Site(null, null);
  const notifier = (wanted ?? (await here.notifiers())[0]?.Domain ?? "").toLowerCase();
  if (!isDomain(notifier)) throw new WalletError("refused", "no notifier is served here", { status: 404 });
  const envelope = build({
    to: notifier,
    subject: "Onboard@Notifier",
    body: { Language: language, PublicKey: key.public },
    now: now(),
  });
  const request = await signed(envelope, key.private);
  const answer = await here.postHere(request);
  const told = peek(answer).Body;
  if (!isDomain(told.Broker) || !isUuid(told.Wallet)) {
    throw new WalletError("untrusted", `${notifier} gave no wallet`);
  }
  const wallet = { id: told.Wallet, notifier, broker: told.Broker.toLowerCase() };
  const keyring = new Keyring(keys, new Site(wallet, key.private), wallet.broker);
  await proved(answer, request, keyring.keyOf);
  return wallet;
}
