/** Opening a chat: by the camera, by what was pasted, or by a link that was followed. */

import { button, face, fill, h, icon } from "./dom.js";
import { canScan, scan, scanPicture } from "./scan.js";
import { sayError, t } from "./texts.js";

const PATIENCE = 20000; // milliseconds until we say that nobody has come yet

/**
 * The screen: {element, update, close}. `locator` is what a link carried, else ""; `origin` is the
 * chat whose option it was, if it was one.
 */
export function openView(app, locator, origin) {
  const body = h("div", { class: "sheet" });
  const view = { app, body, locator, origin, hook: "", stop: null };
  view.element = h("section", { class: "single" }, h("header", { class: "bar" }, h("h1", {}, t("open.title"))), body);
  view.update = () => arrived(view);
  view.close = () => view.stop?.();
  if (locator) confirm(view, locator);
  else choices(view);
  return view;
}

function choices(view) {
  const field = h("input", { id: "locator", autocomplete: "off", spellcheck: "false", autocapitalize: "none", placeholder: t("open.example"), required: true, "aria-describedby": "locator-problem", dir: "ltr" });
  const problem = h("p", { class: "error", role: "alert", id: "locator-problem" });
  const submit = (event) => {
    event.preventDefault();
    fill(problem);
    const wrong = confirm(view, field.value);
    if (wrong) fill(problem, icon("alert"), wrong);
  };
  fill(view.body, [
    camera(view),
    h("form", { class: "stack", onsubmit: submit, novalidate: true }, [
      h("div", { class: "field" }, h("label", { for: "locator" }, t("open.paste")), h("div", { class: "joined" }, field, button(t("open.look"), { type: "submit", class: "primary" }))),
      problem,
    ]),
  ]);
}

function camera(view) {
  const stage = h("div", { class: "stage", hidden: true });
  const problem = h("p", { class: "error", role: "alert" });
  const found = (text) => {
    view.stop?.();
    const wrong = confirm(view, text);
    if (wrong) fill(problem, icon("alert"), t("scan.other"));
    return !wrong;
  };
  const start = async () => {
    fill(problem);
    try {
      view.stop = await scan(stage, found);
    } catch (error) {
      fill(problem, icon("alert"), t(error.name === "NotAllowedError" ? "scan.forbidden" : "scan.no-camera"));
    }
  };
  const picture = async (event) => {
    fill(problem);
    const text = await scanPicture(event.target.files[0]).catch(() => null);
    if (text === null) fill(problem, icon("alert"), t("scan.nothing"));
    else found(text);
  };
  return h("div", { class: "scan" }, [
    stage,
    h("div", { class: "row" }, [
      canScan() && button(t("scan.start"), { class: "primary", onclick: start }, "scan"),
      h("label", { class: "button" }, icon("photo"), h("span", {}, t("scan.picture")), h("input", { type: "file", accept: "image/*", class: "unseen", onchange: picture })),
    ]),
    h("p", { class: "quiet" }, t(canScan() ? "scan.how" : "scan.cannot")),
    problem,
  ]);
}

/** Show who would be talked to, before they learn of it. Returns what is wrong, else "". */
function confirm(view, text) {
  let where;
  try {
    where = view.app.Wallet.readLocator(text.trim());
  } catch (error) {
    if (!view.body.hasChildNodes()) choices(view);
    return sayError(error);
  }
  const problem = h("p", { class: "error", role: "alert" });
  const yes = button(t("open.yes"), { class: "primary", onclick: () => begin(view, text.trim(), where, problem) }, "chats");
  fill(view.body, [
    h("div", { class: "asked" }, face(where.domain, where.domain), h("div", {}, h("h2", {}, t("open.ask", { domain: where.domain })), h("p", { class: "quiet" }, t("open.about", { key: where.key })))),
    h("p", {}, t("open.what")),
    problem,
    h("div", { class: "row big" }, h("a", { class: "button", href: "#/chats" }, icon("close"), h("span", {}, t("cancel"))), yes),
  ]);
  yes.focus();
  return "";
}

async function begin(view, text, where, problem) {
  try {
    view.hook = await view.app.wallet.openLocator(text, { origin: view.origin });
  } catch (error) {
    fill(problem, icon("alert"), sayError(error));
    return;
  }
  const said = h("p", { role: "status" }, t(view.app.wallet.online ? "open.waiting" : "open.offline", { domain: where.domain }));
  fill(view.body, h("div", { class: "pending" }, h("span", { class: "spinner", "aria-hidden": "true" }), said));
  const timer = window.setTimeout(() => (said.textContent = t("open.slow", { domain: where.domain })), PATIENCE);
  view.stop = () => window.clearTimeout(timer);
  await arrived(view);
}

/** Go to the chat that was asked for, once it is there. */
async function arrived(view) {
  if (!view.hook) return;
  const chat = (await view.app.wallet.chats()).find(({ hook }) => hook === view.hook);
  if (chat) view.app.go(`chats/${chat.id}`);
}
