/**
 * The page's one entry. What the first view needs is imported here and preloaded by the page;
 * the core and the other screens come while the person reads it.
 */

import { isWalletHere } from "../core/presence.js";
import { WalletError } from "../core/errors.js";
import { App } from "./app.js";
import { keepOffline } from "./offline.js";

/** Fetch the rest. Throws WalletError "unreachable". */
async function rest() {
  try {
    const [{ Wallet }, screens] = await Promise.all([
      import("../core/wallet.js"),
      import("./screens.js"),
    ]);
    return { Wallet, screens };
  } catch (error) {
    throw new WalletError("unreachable", error.message);
  }
}

new App(isWalletHere, rest).begin().then(keepOffline);
