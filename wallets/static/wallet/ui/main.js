/** The page's one entry. */

import { Wallet } from "../core/wallet.js";
import { start } from "./app.js";
import { keepOffline } from "./offline.js";

start(Wallet);
keepOffline();
