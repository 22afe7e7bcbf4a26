/** Whether a domain has proved that it is who it says. */

import { h, icon } from "./dom.js";
import { t } from "./texts.js";

/** A domain with its verdict; `brief` leaves the words to screen readers. */
export function verdict({ host, verified }, { brief = false } = {}) {
  const word = t(verified ? "host.verified" : "host.unverified");
  return h("span", { class: `verdict ${verified ? "good" : "open"}`, title: word }, [
    icon(verified ? "shield" : "unproved"),
    h("bdi", {}, host),
    h("span", { class: brief ? "unseen" : "verdict-word" }, word),
  ]);
}
