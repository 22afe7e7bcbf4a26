/** A line of a chat: what was said or asked, what was answered, or the wallet's own words. */

import { button, h, icon } from "./dom.js";
import { clock, has, sayError, t } from "./texts.js";
import { countdown } from "./countdown.js";
import { markdown } from "./markdown.js";
import { ticket } from "./ticket.js";

const STATUS = ["INFO", "TEMP", "DONE", "FAIL"];
const NOTE_ICONS = { "token-saved": "check", "token-refused": "alert", "token-gone": "clock", "token-removed": "trash" };

/** Return a line's element. */
export function line(app, value) {
  if (value.kind === "end") return h("div", { class: "note" }, value.text);
  return value.kind === "note" ? note(value) : said(app, value);
}

function note({ at, note: { code, token, problem } }) {
  const why = has(`problem.${problem}`) ? t(`problem.${problem}`) : "";
  return h("div", { class: `note ${code}` }, [
    icon(NOTE_ICONS[code] ?? "alert"),
    h("span", {}, t(`note.${code}`, { why })),
    code === "token-saved" && h("a", { href: `#/tokens/${encodeURIComponent(token)}` }, t("note.show")),
    h("time", { datetime: at }, clock(at)),
  ]);
}

function said(app, { id, at, prompt, host, again }) {
  const kind = `${prompt.format.toLowerCase()} ${prompt.fromBroker ? "from-broker" : "from-host"} ${again ? "again" : ""}`;
  return h("div", { class: `said ${kind}`, "data-state": prompt.state }, [
    h("div", { class: "bubble" }, [
      !again && h("p", { class: "sender" }, prompt.fromBroker ? t("chat.broker", { broker: prompt.sender }) : h("bdi", {}, host)),
      h("div", { class: "words" }, face(prompt), h("div", { class: "words-text" }, words(prompt, id))),
      prompt.appendix && appendix(app, prompt),
      prompt.offer && offered(prompt),
      STATUS.includes(prompt.format) && choices(app, prompt),
    ]),
    prompt.answer && answered(prompt),
    prompt.state === "expired" && h("p", { class: "ended" }, icon("clock"), h("span", {}, t(prompt.offer ? "offer.expired" : "prompt.expired"))),
    !prompt.answer && h("time", { class: "unseen", datetime: at }, clock(at)),
  ]);
}

/** The emoji, and what it means to who cannot see it. */
function face(prompt) {
  if (!prompt.emoji) return null;
  const meant = has(`status.${prompt.format}`) && prompt.format !== "INFO" ? h("span", { class: "unseen" }, t(`status.${prompt.format}`)) : null;
  return [h("span", { class: "emoji", "aria-hidden": "true" }, prompt.emoji), meant];
}

function words(prompt, id) {
  if (prompt.state === "fetching") return h("p", { class: "quiet" }, t("prompt.fetching"));
  return [
    h("p", { dir: "auto", id: `text-${prompt.id}` }, prompt.text),
    prompt.details && h("details", { class: "fold" }, h("summary", {}, t("prompt.details")), h("div", { class: "prose", dir: "auto" }, markdown(prompt.details))),
  ];
}

function offered({ offer, state }) {
  return h("div", { class: "offered" }, [
    ticket({ ...offer, state: "" }, { fields: true }),
    offer.check && !offer.check.ok && h("p", { class: "notice danger" }, icon("alert"), h("span", {}, t("offer.bad", { why: t(`problem.${offer.check.problem}`) }))),
    offer.check?.ok && h("p", { class: "proof" }, icon("shield"), h("span", {}, t("offer.good", { issuer: offer.issuer }))),
    !offer.check && state === "open" && h("p", { class: "proof open" }, icon("unproved"), h("span", {}, t("offer.unseen"))),
    state === "open" && offer.until && countdown("offer.due", offer.until),
  ]);
}

/** A file that belongs to a prompt: fetched when asked for, and handed to the person. */
function appendix(app, { id, appendix: { name, type } }) {
  const open = async () => {
    try {
      const { content } = await app.wallet.appendix(id);
      const kind = { PDF: "application/pdf", PNG: "image/png", JPEG: "image/jpeg" }[type] ?? "application/octet-stream";
      const address = URL.createObjectURL(new Blob([content], { type: kind }));
      h("a", { href: address, download: name || `appendix.${type.toLowerCase()}` }).click();
      window.setTimeout(() => URL.revokeObjectURL(address), 60000);
    } catch (error) {
      app.say(sayError(error), "danger");
    }
  };
  return button(t("appendix.show", { name: name || type }), { class: "small appendix", onclick: open }, "save");
}

/** The choices that a status line offers; they may be taken again and again. */
function choices(app, prompt) {
  if (!prompt.options.length) return null;
  const choose = async (option) => {
    try {
      await app.wallet.answer(prompt.id, { result: "OK", answer: option.id });
    } catch (error) {
      app.say(sayError(error), "danger");
    }
  };
  return h("div", { class: "row choices" }, prompt.options.map((option) => (option.locator ? locatorLink(option, prompt.chat) : button(option.title, { class: "small", onclick: () => choose(option) }))));
}

/** An option that opens another chat. */
export function locatorLink({ title, locator }, chat, kind = "small") {
  return h("a", { class: `button ${kind}`, href: `#/open/${encodeURIComponent(locator)}/${chat}` }, icon("open"), h("span", {}, title));
}

function answered({ answer, options, format, extra }) {
  return h("div", { class: `mine ${answer.state}` }, [
    h("p", { class: "bubble", dir: "auto" }, spoken(answer, options, format, extra)),
    h("p", { class: "fate" }, icon({ queued: "clock", sent: "check", refused: "alert" }[answer.state]), h("span", {}, t(`answer.${answer.state}`)), h("time", { datetime: answer.at }, clock(answer.at))),
  ]);
}

function spoken({ result, answer }, options, format, extra) {
  if (result === "YES") return t("yes");
  if (result === "NO") return t("no");
  if (result === "CANCEL") return t("prompt.cancelled");
  const title = (id) => options.find((option) => option.id === id)?.title ?? id;
  const ids = Array.isArray(answer) ? answer : [answer];
  if (!answer?.length) return t("prompt.nothing");
  if (format === "STARS") return t("stars.label", { n: Number(answer) });
  return ids.map(title).join(", ") + (format === "AMOUNT" && extra?.Currency ? ` ${extra.Currency}` : "");
}
