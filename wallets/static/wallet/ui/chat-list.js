/** The chats: who is talking, what was said last, and what waits for an answer. */

import { face, fill, h, icon, reconcile } from "./dom.js";
import { brief, t } from "./texts.js";
import { verdict } from "./verdict.js";

/** The list's screen: {element, update}. */
export function chatList(app) {
  const rows = h("ul", { class: "rows", "aria-label": t("nav.chats") });
  const empty = h("div", { class: "empty", hidden: true });
  const element = h("section", {}, h("header", { class: "bar" }, h("h1", {}, t("nav.chats"))), rows, empty);
  return {
    element,
    async update() {
      const chats = await app.wallet.chats();
      const at = app.route.id;
      reconcile(rows, chats.map((chat) => ({ key: chat.id, value: { ...chat, at: chat.id === at, day: brief(chat.touched) } })), row);
      rows.hidden = !chats.length;
      empty.hidden = Boolean(chats.length);
      if (!chats.length && !empty.hasChildNodes()) fill(empty, nobody());
    },
  };
}

function row(chat) {
  return h("li", {}, h("a", { class: "row-link", href: `#/chats/${chat.id}`, "aria-current": chat.at && "true" }, [
    face(chat.host, chat.title),
    h("span", { class: "row-text" }, [
      h("span", { class: "row-head" }, [
        h("strong", { dir: "auto" }, chat.title),
        h("time", { class: "quiet", datetime: chat.touched }, chat.day),
      ]),
      h("span", { class: "row-domain quiet" }, verdict(chat, { brief: true })),
      h("span", { class: "row-head" }, [
        h("span", { class: "row-last", dir: "auto" }, chat.last || t("chat.nothing-yet")),
        chat.waiting > 0 && h("b", { class: "badge" }, h("span", { class: "unseen" }, t("chat.waiting", { n: chat.waiting })), h("span", { "aria-hidden": "true" }, chat.waiting)),
      ]),
    ]),
  ]));
}

function nobody() {
  return [
    h("div", { class: "art chats-art", "aria-hidden": "true" }, icon("chats", "huge")),
    h("h2", {}, t("chats.empty")),
    h("p", {}, t("chats.empty-how")),
    h("a", { class: "button primary", href: "#/open" }, icon("scan"), h("span", {}, t("open.title"))),
  ];
}
