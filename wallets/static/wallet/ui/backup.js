/** The way back when a browser is lost: the recovery code, and the file it opens. */

import { button, h, icon } from "./dom.js";
import { day, sayError, t } from "./texts.js";

/** Make the backup file and hand it to the person. */
export async function saveBackup(app) {
  try {
    const text = await app.wallet.backup();
    hand(text, t("backup.file-name", { date: new Date().toISOString().slice(0, 10) }));
    app.say(t("backup.saved"));
  } catch (error) {
    app.say(sayError(error), "danger");
  }
}

function hand(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: address, download: name }).click();
  window.setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** The screen that shows the recovery code, once. */
export function codeStep(app, proceed) {
  const code = app.wallet.recoveryCode;
  const copy = async () => {
    await navigator.clipboard.writeText(code);
    app.say(t("copied"));
  };
  return h("div", { class: "sheet code-step" }, [
    h("h1", { tabindex: "-1" }, t("backup.title")),
    h("p", {}, t("backup.why")),
    h("p", { class: "label" }, t("backup.code")),
    h("output", { class: "code", "aria-label": t("backup.code") }, code),
    h("div", { class: "row" }, [
      button(t("copy"), { onclick: copy }, "copy"),
      button(t("backup.save"), { onclick: () => saveBackup(app) }, "save"),
    ]),
    h("p", { class: "notice" }, icon("alert"), h("span", {}, t("backup.once"))),
    button(t("backup.kept"), { class: "primary wide", onclick: proceed }),
  ]);
}

/** Whether what is in the wallet now is not in a backup file yet. */
export function isBehind(identity, tokens) {
  return tokens.some((token) => !identity.backedUp || token.saved > identity.backedUp);
}

/** A reminder to save a backup, for the list of tokens. */
export function reminder(app) {
  return h("div", { class: "notice", role: "note" }, [
    icon("save"),
    h("span", {}, t("backup.behind")),
    button(t("backup.save"), { class: "small", onclick: () => saveBackup(app) }),
  ]);
}

/** When the last backup file was made, in words. */
export function lastBackup(identity) {
  return identity.backedUp ? t("backup.last", { date: day(identity.backedUp) }) : t("backup.never");
}
