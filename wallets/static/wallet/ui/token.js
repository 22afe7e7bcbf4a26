/** One token: its card, its code, the check of its signature, its fields and the raw document. */

import { button, fill, h, icon } from "./dom.js";
import { showCodes } from "./code-view.js";
import { confirmDialog } from "./dialog.js";
import { field, ticket } from "./ticket.js";
import { has, moment, sayError, t } from "./texts.js";

/** The details' screen: {element, update}. */
export function tokenView(app, key) {
  const view = { app, key, element: h("section", { class: "token" }) };
  view.update = () => update(view);
  return view;
}

async function update(view) {
  const token = await view.app.wallet.token(view.key);
  const stamp = JSON.stringify({ ...token, check: { ...token?.check, at: "" } });
  if (stamp === view.stamp) return;
  view.stamp = stamp;
  const top = h("header", { class: "bar" }, h("a", { class: "icon-button up", href: "#/tokens", "aria-label": t("back"), title: t("back") }, icon("back")), h("h1", { dir: "auto" }, token?.title ?? t("token.gone")));
  const restore = kept(view.element);
  fill(view.element, top, token && h("div", { class: "token-body" }, parts(view.app, token)));
  restore();
}

/** Return what puts back, after the token was drawn anew, what the person had opened or is typing. */
function kept(element) {
  const opened = [...element.querySelectorAll(".fold")].map((fold) => fold.open);
  const tag = element.querySelector("#token-tag");
  const typed = tag && tag === document.activeElement ? tag.value : null;
  return () => {
    element.querySelectorAll(".fold").forEach((fold, at) => { fold.open = opened[at] ?? false; });
    const again = element.querySelector("#token-tag");
    if (typed === null || !again) return;
    again.value = typed;
    again.focus();
  };
}

function parts(app, token) {
  return [
    ticket(token, { fields: true, level: "h2" }),
    explained(token),
    h("div", { class: "row" }, [
      button(t("qr.show"), { class: "primary", onclick: () => codes(app, token) }, "qr"),
      token.chat && h("a", { class: "button", href: `#/chats/${token.chat}` }, icon("chats"), h("span", {}, t("token.chat"))),
    ]),
    checked(token),
    named(app, token),
    facts(token),
    h("details", { class: "fold" }, h("summary", {}, t("token.raw")), h("pre", { class: "raw", tabindex: "0", dir: "ltr" }, JSON.stringify(token.document, null, 2))),
    button(t("token.remove"), { class: "bare danger", onclick: () => askRemove(app, token) }, "trash"),
  ];
}

async function codes(app, token) {
  try {
    showCodes(token, await app.wallet.qr(token.key));
  } catch (error) {
    app.say(sayError(error), "danger");
  }
}

/** Why it may not be used, when that is so. */
function explained({ state, starts, expires, statusAt, check }) {
  if (state === "valid") return null;
  const why = has(`problem.${check.problem}`) ? t(`problem.${check.problem}`) : "";
  const date = { future: starts, expired: expires }[state] ?? statusAt;
  const text = t(`state.${state}-why`, { date: date ? moment(date) : "", why });
  return h("p", { class: `notice ${state === "future" ? "" : "danger"}` }, icon(state === "future" ? "clock" : "alert"), h("span", {}, text));
}

function checked({ check, status, statusAt, issuer }) {
  const why = has(`problem.${check.problem}`) ? t(`problem.${check.problem}`) : check.message;
  const timely = ["expired", "not-yet"].includes(check.problem); // the signature itself is right
  const good = check.ok || timely;
  return h("div", { class: `checked ${good ? "good" : "bad"}` }, [
    h("p", {}, icon(good ? "shield" : "alert"), h("strong", {}, good ? t("check.good", { issuer }) : t("check.bad", { why }))),
    h("p", { class: "quiet" }, t("check.how", { selector: check.selector || "?", at: moment(check.at) })),
    h("p", { class: "quiet" }, statusAt ? t("check.status", { status: t(`status-word.${status}`), at: moment(statusAt) }) : t("check.no-status")),
  ]);
}

function named(app, token) {
  const input = h("input", { id: "token-tag", maxlength: "250", autocomplete: "off", value: token.tag, placeholder: t("token.tag-example"), dir: "auto" });
  const save = async (event) => {
    event.preventDefault();
    try {
      await app.wallet.tag(token.key, input.value.trim());
      app.say(t("token.tagged"));
    } catch (error) {
      app.say(sayError(error), "danger");
    }
  };
  return h("form", { class: "field", onsubmit: save }, h("label", { for: "token-tag" }, t("token.tag")), h("div", { class: "joined" }, input, button(t("save"), { type: "submit" })));
}

function facts(token) {
  const rows = [
    { name: t("token.issuer"), value: token.issuer },
    { name: t("token.schema"), value: token.schema },
    { name: t("token.issued"), value: token.issued },
    { name: t("token.saved-at"), value: token.saved },
    { name: t("token.id"), value: token.token },
    { name: t("token.reported"), value: t(token.reported ? "token.reported-yes" : "token.reported-no") },
  ];
  return h("details", { class: "fold" }, h("summary", {}, t("token.more")), h("dl", { class: "facts" }, rows.map(field)));
}

function askRemove(app, token) {
  confirmDialog({
    title: t("token.remove-title", { title: token.title }),
    text: t("token.remove-text"),
    yes: t("token.remove"),
    act: async () => {
      try {
        await app.wallet.remove(token.key);
        app.say(t("token.removed"));
        app.go("tokens");
      } catch (error) {
        app.say(sayError(error), "danger");
      }
    },
  });
}
