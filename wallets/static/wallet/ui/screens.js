/** The screens of a wallet, by the first word of the address; fetched after the first view. */

import { chatList } from "./chat-list.js";
import { chatView } from "./chat.js";
import { openView } from "./open.js";
import { settingsView } from "./settings.js";
import { tokenList } from "./token-list.js";
import { tokenView } from "./token.js";

export { renewPush } from "./push.js";

export const LISTS = { chats: chatList, tokens: tokenList };
export const DETAILS = { chats: chatView, tokens: tokenView };
export const SINGLES = { open: openView, settings: settingsView };
