/** Whether this browser has a wallet: asked before the rest of the core is fetched. */

import { Store } from "./store.js";

/** Throws WalletError "unsupported". @returns {Promise<boolean>} */
export async function isWalletHere() {
  const store = await Store.open();
  try {
    return Boolean(await store.get("state", "wallet"));
  } finally {
    store.close();
  }
}
