/**
 * The input of each format: ({prompt, described, labelled, reply}) -> {element, focus, read?, sends?}.
 *
 * `read()` returns {answer} or {problem}, and is asked when the form is sent. An input without it
 * calls `reply` itself. The host checks everything again; its word counts.
 */

import { button, h, icon } from "./dom.js";
import { language, t } from "./texts.js";
import { locatorLink } from "./line.js";
import { readNumber, sayNumber } from "./numbers.js";

const FEW = 6; // options that are buttons
const LONGEST = 4999;

function confirm({ prompt, reply }) {
  const bad = prompt.offer?.check && !prompt.offer.check.ok;
  const yes = button(t(prompt.offer ? "offer.keep" : "yes"), { class: "primary", disabled: Boolean(bad), onclick: () => reply({ result: "YES" }) }, "check");
  const no = button(t(prompt.offer ? "offer.decline" : "no"), { onclick: () => reply({ result: "NO" }) }, "close");
  return { element: h("div", { class: "row big" }, no, yes), focus: () => (bad ? no : yes).focus() };
}

function one(form) {
  const { prompt, reply } = form;
  if (prompt.options.length > FEW) return longList(form, "radio");
  const buttons = prompt.options.map((option) => {
    if (option.locator) return locatorLink(option, prompt.chat, "");
    const kind = option.id === prompt.default ? "primary" : "";
    return button(option.title, { class: kind, onclick: () => reply({ result: "OK", answer: option.id }) });
  });
  return { element: h("div", { class: "choices column" }, buttons), focus: () => (buttons.find((each) => each.classList.contains("primary")) ?? buttons[0])?.focus() };
}

const many = (form) => longList(form, "checkbox");

function longList({ prompt, described, labelled }, type) {
  const wished = defaults(prompt);
  const name = `choice-${prompt.id}`;
  const rows = prompt.options.map((option) => optionRow(option, { type, name, described, chat: prompt.chat, chosen: wished.includes(option.id) }));
  const list = h("div", { class: "options", role: type === "radio" ? "radiogroup" : "group", "aria-labelledby": labelled }, rows);
  const filter = h("input", { type: "search", placeholder: t("options.filter"), "aria-label": t("options.filter"), oninput: () => narrow(rows, filter.value) });
  const read = () => {
    const chosen = [...list.querySelectorAll("input:checked")].map((input) => input.value);
    const problem = wrongCount(prompt, chosen.length, type);
    return problem ? { problem } : { answer: type === "radio" ? (chosen[0] ?? null) : chosen };
  };
  return { element: h("div", { class: "long-list" }, prompt.options.length > 8 && filter, list), sends: true, read, focus: () => list.querySelector("input:checked, input")?.focus() };
}

function optionRow(option, { type, name, described, chat, chosen }) {
  if (option.locator) return h("div", { class: "option", "data-title": option.title.toLowerCase() }, locatorLink(option, chat));
  return h("label", { class: "option", "data-title": option.title.toLowerCase() }, [
    h("input", { type, name, value: option.id, checked: chosen, "aria-describedby": described }),
    h("span", { dir: "auto" }, option.title),
  ]);
}

function narrow(rows, text) {
  const wanted = text.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.dataset.title.includes(wanted);
}

const defaults = ({ default: given }) => (Array.isArray(given) ? given : [given]);

function wrongCount({ nullable, extra = {} }, count, type) {
  if (!count && nullable) return "";
  if (!count) return t("wrong.choose");
  if (type === "radio") return "";
  if (count < (extra.MinLength ?? 0)) return t("wrong.choose-more", { n: extra.MinLength });
  if (count > (extra.MaxLength ?? Infinity)) return t("wrong.choose-less", { n: extra.MaxLength });
  return "";
}

function text({ prompt, described, labelled }) {
  const { MinLength: least = 0, MaxLength: most = LONGEST } = prompt.extra ?? {};
  const area = h("textarea", { rows: "1", maxlength: String(most), "aria-labelledby": labelled, "aria-describedby": described, autocomplete: "off", enterkeyhint: "send", dir: "auto", onkeydown: sendOnEnter, value: prompt.default });
  const read = () => {
    const answer = area.value.trim();
    if (!answer) return empty(prompt);
    if ([...answer].length < least) return { problem: t("wrong.longer", { n: least }) };
    return { answer };
  };
  return { element: area, read, sends: true, mark: marker(area), focus: () => area.focus() };
}

function sendOnEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

function empty({ nullable }) {
  return nullable ? { answer: null } : { problem: t("wrong.empty") };
}

const marker = (input) => (wrong) => input.setAttribute("aria-invalid", String(wrong));

/** One line of input; `check` turns what was typed into {answer} or {problem}. */
function field({ prompt, described, labelled }, attributes, check, behind = null) {
  const input = h("input", { "aria-labelledby": labelled, "aria-describedby": described, autocomplete: "off", value: prompt.default, ...attributes });
  const read = () => (input.value.trim() ? check(input.value.trim()) : input.validity.badInput ? { problem: t("wrong.unreadable") } : empty(prompt));
  return { element: h("div", { class: "with-unit" }, input, behind), read, sends: true, mark: marker(input), focus: () => input.focus() };
}

function digits(form, attributes = {}) {
  const { MinLength: least = 0, MaxLength: most = LONGEST } = form.prompt.extra ?? {};
  return field(form, { inputmode: "numeric", class: "numerals", maxlength: String(most), ...attributes }, (typed) => {
    const answer = typed.replace(/[\s-]/g, "");
    if (!/^\d+$/.test(answer)) return { problem: t("wrong.digits") };
    if (answer.length < least) return { problem: t("wrong.longer", { n: least }) };
    return { answer };
  });
}

const otp = (form) => digits(form, { autocomplete: "one-time-code" });

function number(form) {
  const { Currency: currency, Precision: precision } = form.prompt.extra ?? {};
  const unit = currency && h("span", { class: "unit" }, currency);
  return field(form, { inputmode: "decimal", value: sayNumber(form.prompt.default, language()) }, (typed) => {
    const answer = readNumber(typed, language());
    if (answer === null) return { problem: t("wrong.number") };
    if (precision !== undefined && (answer.split(".")[1] ?? "").length > precision) {
      return { problem: t("wrong.precision", { n: precision }) };
    }
    return within(answer, form.prompt, (each) => sayNumber(each, language()), (a, b) => Number(a) - Number(b));
  }, unit);
}

function within(answer, { min, max }, say, compare) {
  if (min && compare(answer, min) < 0) return { problem: t("wrong.least", { least: say(min) }) };
  if (max && compare(answer, max) > 0) return { problem: t("wrong.most", { most: say(max) }) };
  return { answer };
}

const inOrder = (a, b) => (a < b ? -1 : Number(a > b));

function date(form) {
  const { min, max } = form.prompt;
  return field(form, { type: "date", min: min || null, max: max || null }, (typed) => within(typed, form.prompt, String, inOrder));
}

function time(form) {
  const { min, max } = form.prompt;
  return field(form, { type: "time", min: min || null, max: max || null, step: "60" }, (typed) => within(typed, form.prompt, String, inOrder));
}

function stars({ prompt, labelled, described }) {
  const least = Number(prompt.min || 1);
  const most = Number(prompt.max || 5);
  const rows = [1, 2, 3, 4, 5].map((n) => h("label", { class: "star", hidden: n < least || n > most }, [
    h("input", { type: "radio", name: `stars-${prompt.id}`, value: String(n), checked: prompt.default === String(n), "aria-describedby": described }),
    icon("star"),
    h("span", { class: "unseen" }, t("stars.label", { n })),
  ]));
  const group = h("div", { class: "star-row", role: "radiogroup", "aria-labelledby": labelled }, rows);
  const read = () => {
    const chosen = group.querySelector("input:checked");
    return chosen ? { answer: chosen.value } : prompt.nullable ? { answer: null } : { problem: t("wrong.choose") };
  };
  return { element: group, sends: true, read, focus: () => group.querySelector("input:checked, input")?.focus() };
}

/** A format that this wallet does not know: it says so, and the person may say no. */
function unknown({ prompt }) {
  const said = h("p", { class: "notice", tabindex: "-1" }, icon("alert"), h("span", {}, t("prompt.unknown", { format: prompt.format })));
  return { element: said, focus: () => said.focus() };
}

export const INPUTS = {
  CONFIRM: confirm,
  ONE: one,
  MANY: many,
  TEXT: text,
  DIGITS: digits,
  OTP: otp,
  EAN: digits,
  QUANTITY: number,
  AMOUNT: number,
  STARS: stars,
  DATE: date,
  TIME: time,
  unknown,
};
