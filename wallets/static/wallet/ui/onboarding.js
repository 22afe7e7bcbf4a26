/** The first screen: a language, a name, done; or a backup that is put back. */

import { button, fill, h, icon } from "./dom.js";
import * as texts from "./texts.js";
import { codeStep } from "./backup.js";

const { t } = texts;
const SHORTEST = 10;

/** Return the first screen's element. */
export function onboarding(app) {
  const element = h("main", { class: "alone" });
  const draw = () => fill(element, [hero(app, draw), h("div", { class: "sheet" }, creation(app), restoring(app))]);
  draw();
  return element;
}

function hero(app, draw) {
  return h("header", { class: "hero" }, [
    h("span", { class: "mark large", "aria-hidden": "true" }),
    h("h1", {}, t("welcome.title")),
    h("p", {}, t("welcome.what")),
    h("fieldset", { class: "segments" }, [
      h("legend", { class: "quiet" }, t("settings.language")),
      texts.LANGUAGES.map(({ code, name }) => languageChoice(code, name, draw)),
    ]),
  ]);
}

function languageChoice(code, name, draw) {
  const choose = async () => {
    await texts.speak(code, { keep: true });
    draw();
    document.querySelector(`input[value="${code}"]`)?.focus();
  };
  return h("label", { lang: code }, [
    h("input", { type: "radio", name: "language", value: code, checked: texts.language() === code, onchange: choose }),
    h("span", {}, name),
  ]);
}

function creation(app) {
  const name = h("input", { id: "wallet-name", autocomplete: "off", maxlength: "60", required: true, value: t("welcome.name-default") });
  const own = h("input", { id: "own-passphrase", type: "password", autocomplete: "new-password", minlength: String(SHORTEST), "aria-describedby": "own-hint" });
  const problem = h("p", { class: "error", role: "alert" });
  const make = h("button", { class: "button primary wide" }, h("span", {}, t("welcome.make")));
  const submit = async (event) => {
    event.preventDefault();
    make.disabled = true;
    fill(problem);
    try {
      const language = texts.LANGUAGES.find(({ code }) => code === texts.language()).protocol;
      const wishes = { language, name: name.value.trim() || t("welcome.name-default") };
      if (own.value) wishes.passphrase = own.value;
      app.wallet = await (await app.walletClass()).create(wishes);
      navigator.storage?.persist?.();
      finish(app);
    } catch (error) {
      fill(problem, icon("alert"), texts.sayError(error));
      make.disabled = false;
    }
  };
  return h("form", { class: "stack", onsubmit: submit }, [
    h("div", { class: "field" }, h("label", { for: "wallet-name" }, t("welcome.name")), name),
    h("details", { class: "fold" }, [
      h("summary", {}, t("welcome.own")),
      h("div", { class: "field" }, [
        h("label", { for: "own-passphrase" }, t("welcome.passphrase")),
        own,
        h("p", { class: "quiet", id: "own-hint" }, t("welcome.passphrase-hint", { n: SHORTEST })),
      ]),
    ]),
    problem,
    make,
    h("p", { class: "notice" }, icon("shield"), h("span", {}, t("welcome.warning"))),
  ]);
}

/** Show the recovery code once, if one was made; then begin. */
function finish(app) {
  if (!app.wallet.recoveryCode) {
    app.live();
    return;
  }
  fill(app.root, h("main", { class: "alone" }, codeStep(app, () => app.live())));
  app.root.querySelector("h1").focus();
}

function restoring(app) {
  const file = h("input", { id: "backup-file", type: "file", accept: ".json,.txt,application/json", required: true });
  const phrase = h("input", { id: "backup-phrase", type: "password", autocomplete: "current-password", required: true });
  const problem = h("p", { class: "error", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    fill(problem);
    try {
      const Wallet = await app.walletClass();
      app.wallet = await Wallet.restore(await file.files[0].text(), phrase.value);
      app.live();
      app.say(t("restore.done"));
    } catch (error) {
      fill(problem, icon("alert"), texts.sayError(error));
    }
  };
  return h("details", { class: "fold restore" }, [
    h("summary", {}, t("restore.title")),
    h("form", { class: "stack", onsubmit: submit }, [
      h("div", { class: "field" }, h("label", { for: "backup-file" }, t("restore.file")), file),
      h("div", { class: "field" }, h("label", { for: "backup-phrase" }, t("restore.phrase")), phrase),
      problem,
      button(t("restore.do"), { type: "submit", class: "wide" }, "save"),
    ]),
  ]);
}
