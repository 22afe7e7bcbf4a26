/** How long something may still be done. */

import { h } from "./dom.js";
import { t, until } from "./texts.js";

/** Text that says how long it still is until `value`; App.tick keeps it true. */
export function countdown(text, value) {
  const attributes = { class: "due", "data-until": value, "data-text": text };
  return h("span", attributes, t(text, { when: until(value) }));
}
