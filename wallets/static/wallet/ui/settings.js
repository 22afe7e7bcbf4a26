/** Settings: how the page looks and speaks, the backup, and the end. */

import { button, fill, h, icon } from "./dom.js";
import { lastBackup, saveBackup } from "./backup.js";
import { confirmDialog } from "./dialog.js";
import * as texts from "./texts.js";
import { canPush, isPushOn, turnPushOff, turnPushOn } from "./push.js";
import { theme, THEMES, wearTheme } from "./theme.js";

const { t } = texts;

/** The screen: {element, update}. */
export function settingsView(app) {
  const backedUp = h("p", { class: "quiet" });
  const pushes = pushing(app);
  const element = h("section", { class: "single" }, h("header", { class: "bar" }, h("h1", {}, t("nav.settings"))), h("div", { class: "sheet" }, [
    looks(app),
    pushes.element,
    h("section", { class: "block" }, [
      h("h2", {}, t("backup.title")),
      h("p", {}, t("backup.why")),
      backedUp,
      button(t("backup.save"), { class: "primary", onclick: () => saveBackup(app) }, "save"),
    ]),
    about(app),
    h("section", { class: "block" }, [
      h("h2", {}, t("wipe.title")),
      h("p", {}, t("wipe.what")),
      button(t("wipe.do"), { class: "danger", onclick: () => askWipe(app) }, "trash"),
    ]),
  ]));
  return {
    element,
    async update() {
      backedUp.textContent = lastBackup(app.wallet.identity);
      await pushes.update();
    },
  };
}

function looks(app) {
  const speak = async (code) => {
    await texts.speak(code, { keep: true });
    app.frame();
    document.querySelector(`input[value="${code}"]`)?.focus();
  };
  return h("section", { class: "block" }, [
    segments(t("settings.language"), "language", texts.LANGUAGES.map(({ code, name }) => ({ value: code, text: name, checked: code === texts.language() })), speak),
    segments(t("settings.theme"), "theme", THEMES.map((each) => ({ value: each, text: t(`theme.${each}`), checked: each === theme() })), wearTheme),
  ]);
}

function segments(legend, name, choices, choose) {
  return h("fieldset", { class: "segments" }, h("legend", {}, legend), choices.map(({ value, text, checked }) => h("label", {}, h("input", { type: "radio", name, value, checked, onchange: () => choose(value) }), h("span", {}, text))));
}

/** Whether this browser is woken while the page is closed; hidden where it cannot be. */
function pushing(app) {
  const element = h("section", { class: "block", hidden: true });
  let key = "";
  const draw = async () => {
    const on = await isPushOn();
    const choices = [{ value: "off", text: t("push.off"), checked: !on }, { value: "on", text: t("push.on"), checked: on }];
    fill(element, h("h2", {}, t("push.title")), h("p", {}, t("push.what")), segments(t("push.when"), "push", choices, choose));
    element.hidden = false;
  };
  const choose = async (value) => {
    element.querySelector("fieldset").disabled = true;
    try {
      await (value === "on" ? turnPushOn(app, key) : turnPushOff(app));
      app.say(t(value === "on" ? "push.turned-on" : "push.turned-off"));
    } catch (error) {
      app.say(texts.sayError(error), "danger");
    }
    await draw();
    element.querySelector("input:checked").focus();
  };
  return {
    element,
    async update() {
      if (key || !canPush() || !app.wallet.online) return;
      try {
        key = await app.wallet.pushKey();
      } catch (error) {
        if (error.code !== "unreachable") throw error; // asked again when the site is back
      }
      if (key) await draw();
    },
  };
}

/** What the person calls this wallet; it stays in this browser. */
function naming(app) {
  const input = h("input", { id: "wallet-name", maxlength: "60", autocomplete: "off", required: true, value: app.wallet.identity.name, dir: "auto" });
  const save = async (event) => {
    event.preventDefault();
    await app.wallet.rename(input.value);
    app.say(t("settings.renamed"));
  };
  return h("form", { class: "field", onsubmit: save }, h("label", { for: "wallet-name" }, t("welcome.name")), h("div", { class: "joined" }, input, button(t("save"), { type: "submit" })));
}

function about(app) {
  const { id, broker, notifier, created } = app.wallet.identity;
  const rows = [[t("settings.broker"), broker], [t("settings.notifier"), notifier], [t("settings.id"), id], [t("settings.created"), texts.day(created)]];
  return h("section", { class: "block" }, [
    h("h2", {}, t("settings.wallet")),
    naming(app),
    h("dl", { class: "facts" }, rows.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", { dir: "auto" }, value)))),
    h("p", { class: "notice" }, icon("shield"), h("span", {}, t("settings.keys"))),
  ]);
}

function askWipe(app) {
  confirmDialog({
    title: t("wipe.title"),
    text: t("wipe.sure"),
    yes: t("wipe.do"),
    act: async () => {
      await turnPushOff(app);
      await app.wallet.wipe();
      location.replace("/wallet/");
    },
  });
}
