/** The backup file: the same for this page and the Python wallet (wallets/client/backup.py). */

import { openLock, recoveryKey, sealJson, unseal, unsealJson } from "./sealing.js";
import { privateKey } from "./keys.js";
import { isMap } from "./envelope.js";
import { isDomain, isUuid } from "./syntax.js";
import { WalletError } from "./errors.js";

const FORMAT = "countersign-wallet-backup";
const VERSION = 1;
const ROWS = ["chats", "lines", "prompts", "tokens", "outbox", "domainKeys", "handled"];
const damaged = () => new WalletError("backup", "this is not a backup of a wallet, or it is damaged");

/**
 * The text of a backup of everything in a store. Only its lock and what is sealed can be read.
 * Keys are not exported: each was sealed when it was made, and goes along as it is.
 */
export async function backupText(store, state) {
  const recovery = await recoveryKey(state.lock);
  const keys = (await store.all("keys")).map(({ name, public: spki, sealed }) =>
    ({ Name: name, PublicKey: spki, Sealed: sealed }));
  const rows = {};
  for (const name of ROWS) rows[name] = await store.all(name);
  const { lock, ...wallet } = state;
  const content = { Wallet: wallet, Keys: keys, Rows: rows };
  return JSON.stringify({
    Format: FORMAT,
    Version: VERSION,
    Lock: lock,
    Sealed: await sealJson(recovery, content, "content"),
  });
}

/**
 * What is in a backup file: {state, keys, rows}, with keys that cannot be exported.
 * Throws WalletError "backup" or "passphrase".
 */
export async function readBackup(text, passphrase) {
  const file = parsed(text);
  if (file.Format !== FORMAT || file.Version !== VERSION || !isMap(file.Lock)) throw damaged();
  let secret;
  try {
    secret = await openLock(file.Lock, passphrase);
  } catch (error) {
    throw error instanceof WalletError ? error : damaged();
  }
  const content = await unsealJson(secret, file.Sealed, "content");
  const wallet = content.Wallet;
  if (!isMap(wallet) || !isUuid(wallet.id) || !isDomain(wallet.broker) ||
      !isDomain(wallet.notifier) || !Array.isArray(content.Keys) || !isMap(content.Rows)) {
    throw damaged();
  }
  const keys = [];
  for (const { Name: name, PublicKey: spki, Sealed: sealed } of content.Keys) {
    const seed = await unseal(secret, sealed, name);
    keys.push({ name, private: await privateKey(seed), public: spki, sealed });
    seed.fill(0);
  }
  if (!keys.some((key) => key.name === "wallet")) throw damaged();
  return { state: { ...wallet, name: "wallet", lock: file.Lock }, keys, rows: content.Rows };
}

function parsed(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw damaged();
  }
  if (!isMap(file)) throw damaged();
  return file;
}

/** Put what is in a backup into an empty store, all of it or nothing. */
export async function putBack(store, { state, keys, rows }) {
  await store.write(["state", "keys", ...ROWS], async (stores) => {
    if (await stores.state.get("wallet")) throw new WalletError("exists", "there is a wallet already");
    for (const key of keys) await stores.keys.put(key);
    for (const name of ROWS) {
      for (const row of Array.isArray(rows[name]) ? rows[name] : []) await stores[name].put(row);
    }
    await stores.state.put(state);
  });
}

