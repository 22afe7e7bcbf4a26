/** A dialog above the page; Escape and the cross close it, and the focus goes back. */

import { button, h, iconButton } from "./dom.js";
import { t } from "./texts.js";

/** Show content under a title; returns the dialog. */
export function showDialog(title, content, kind = "") {
  const id = `dialog-${crypto.randomUUID()}`;
  const dialog = h("dialog", { class: `dialog ${kind}`, "aria-labelledby": id, onclose: () => dialog.remove() });
  dialog.append(
    h("header", { class: "dialog-head" }, h("h2", { id, dir: "auto" }, title), iconButton(t("close"), "close", { onclick: () => dialog.close() })),
    h("div", { class: "dialog-body" }, content),
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Ask before something that cannot be undone; `act` runs when the person means it. */
export function confirmDialog({ title, text, yes, act }) {
  const dialog = showDialog(title, [
    h("p", {}, text),
    h("div", { class: "row end" }, [
      button(t("cancel"), { onclick: () => dialog.close() }),
      button(yes, { class: "danger", onclick: () => { dialog.close(); act(); } }),
    ]),
  ], "narrow");
  return dialog;
}
