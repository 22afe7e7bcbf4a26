/** The tokens as cards: what may be used first, what may not below. */

import { fill, h, icon, reconcile } from "./dom.js";
import { isBehind, reminder } from "./backup.js";
import { ticket } from "./ticket.js";
import { t } from "./texts.js";

const USABLE = ["valid", "future"];
const MANY = 6; // from here on one wants to search

/** The list's screen: {element, update}. */
export function tokenList(app) {
  const view = { app, wanted: "" };
  view.search = h("input", { type: "search", class: "search", hidden: true, placeholder: t("tokens.search"), "aria-label": t("tokens.search"), oninput: () => { view.wanted = view.search.value.trim().toLowerCase(); view.update(); } });
  view.note = h("div", {});
  view.usable = h("ul", { class: "cards", "aria-label": t("tokens.usable") });
  view.others = h("ul", { class: "cards", "aria-label": t("tokens.others") });
  view.othersTitle = h("h2", { class: "cards-title" }, t("tokens.others"));
  view.empty = h("div", { class: "empty", hidden: true });
  view.element = h("section", {}, [h("header", { class: "bar" }, h("h1", {}, t("nav.tokens"))), view.search, view.note, view.empty, view.usable, view.othersTitle, view.others]);
  view.update = () => update(view);
  return view;
}

async function update(view) {
  const { app } = view;
  const all = await app.wallet.tokens();
  const shown = all.filter((token) => matches(token, view.wanted));
  const good = shown.filter(({ state }) => USABLE.includes(state));
  draw(app, view.usable, good);
  draw(app, view.others, shown.filter((token) => !good.includes(token)));
  view.othersTitle.hidden = good.length === shown.length;
  view.search.hidden = all.length <= MANY;
  view.empty.hidden = shown.length > 0;
  if (!all.length) fill(view.empty, nothing());
  else if (!shown.length) fill(view.empty, h("p", {}, t("tokens.none-found")));
  const behind = isBehind(app.wallet.identity, all);
  if (behind !== view.behind) fill(view.note, behind && reminder(app));
  view.behind = behind;
}

function draw(app, list, tokens) {
  list.hidden = !tokens.length;
  reconcile(list, tokens.map((token) => ({ key: token.key, value: summary(token, app.route.id) })), (token) => h("li", {}, ticket(token, { link: true })));
}

/** What a card shows; nothing else of a token makes its card be drawn anew. */
function summary({ key, issuer, issuerTitle, title, tag, schemaTitle, starts, expires, state }, at) {
  return { key, issuer, issuerTitle, title, tag, schemaTitle, starts, expires, state, at: key === at };
}

function matches(token, wanted) {
  return [token.title, token.issuer, token.issuerTitle, token.schemaTitle, token.tag].some((text) => (text ?? "").toLowerCase().includes(wanted));
}

function nothing() {
  return [
    h("div", { class: "art", "aria-hidden": "true" }, icon("tokens", "huge")),
    h("h2", {}, t("tokens.empty")),
    h("p", {}, t("tokens.empty-how")),
    h("a", { class: "button primary", href: "#/open" }, icon("scan"), h("span", {}, t("open.title"))),
  ];
}
