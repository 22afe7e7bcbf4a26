/** What a host may put before a person, and what may be answered (docs/prompts.md). */

import { isMap } from "./envelope.js";
import { printable } from "./syntax.js";
import { WalletError } from "./errors.js";

export const STATUS = new Set(["INFO", "TEMP", "DONE", "FAIL"]);
const LONGEST_ANSWER = 5000;
const MOST_OPTIONS = 250;
const LONGEST = { text: 1000, details: 20_000, option: 1000, extra: 20_000 };
const RESULTS = new Set(["OK", "CANCEL", "YES", "NO"]);
const TAKEN = new Set(["Text", "Details", "Options", "Default", "MinValue", "MaxValue", "Appendix",
  "Nullable"]);

/** Say whether a prompt waits for an answer. */
export const isInput = (format) => !STATUS.has(format);

/**
 * What a Prompted@Host answer says, in the fields of a Prompt. Who asks, and what was answered, is
 * the wallet's own knowledge and is never taken from here. Throws WalletError "untrusted".
 */
export function readContent(answer) {
  if (typeof answer.Text !== "string") throw malformed("a prompt without text");
  const options = answer.Options ?? [];
  if (!Array.isArray(options) || options.length > MOST_OPTIONS) {
    throw malformed("a prompt whose options are no list");
  }
  const extra = {};
  for (const [name, value] of Object.entries(answer)) if (!TAKEN.has(name)) extra[name] = value;
  if (JSON.stringify(extra).length > LONGEST.extra) throw malformed("a prompt that is too large");
  return {
    text: printable(answer.Text.slice(0, LONGEST.text)),
    details: text(answer.Details, LONGEST.details, true),
    options: options.map(readOption),
    default: Array.isArray(answer.Default)
      ? answer.Default.map((each) => text(each, LONGEST.option))
      : text(answer.Default, LONGEST.details, true),
    min: text(answer.MinValue, 100),
    max: text(answer.MaxValue, 100),
    nullable: answer.Nullable === true,
    appendix: readAppendix(answer.Appendix),
    extra,
  };
}

const malformed = (message) => new WalletError("untrusted", message);

function text(value, longest, lines = false) {
  const given = typeof value === "number" ? String(value) : value;
  return typeof given === "string" ? printable(given.slice(0, longest), lines) : "";
}

function readOption(option) {
  const id = option?.ID;
  const title = option?.Title || id;
  if (typeof id !== "string" || typeof title !== "string") throw malformed("an option that is none");
  return {
    id,
    title: printable(title.slice(0, LONGEST.option)),
    locator: typeof option.Locator === "string" ? option.Locator : "",
  };
}

function readAppendix(appendix) {
  if (!isMap(appendix) || typeof appendix.Key !== "string") return null;
  return {
    key: appendix.Key,
    name: text(appendix.Name, LONGEST.option),
    type: text(appendix.Type, 10),
    pages: Number.isInteger(appendix.Pages) ? appendix.Pages : 1,
  };
}

/**
 * The reply as it is sent, {Result, Answer?}, when it fits the prompt; what only the host can
 * judge (a pattern, a bound) is left to it. Throws WalletError "answer".
 */
export function fittingReply(prompt, { result, answer = null }) {
  const said = result ?? (prompt.format === "CONFIRM" ? "" : "OK");
  if (!RESULTS.has(said)) throw misfit("yes, no, OK or cancel");
  if (prompt.format === "CONFIRM") {
    if (said === "OK") throw misfit("yes, no or cancel");
    return { Result: said };
  }
  if (said === "CANCEL" || said === "NO") return { Result: said };
  if (said === "YES") throw misfit("OK or cancel");
  return { Result: said, ...answered(prompt, answer) };
}

const misfit = (what) => new WalletError("answer", `the answer must be ${what}`);

function answered(prompt, answer) {
  const empty = answer === null || answer === "" || (Array.isArray(answer) && !answer.length);
  if (empty) {
    if (!prompt.nullable) throw misfit("given");
    return {};
  }
  const ids = new Set(prompt.options.map((option) => option.id));
  if (prompt.format === "MANY") {
    const chosen = new Set(Array.isArray(answer) ? answer : [answer]);
    if (![...chosen].every((id) => ids.has(id))) throw misfit("some of the options");
    return { Answer: [...chosen] };
  }
  if (typeof answer !== "string" || answer.length >= LONGEST_ANSWER) throw misfit("shorter text");
  if ((prompt.format === "ONE" || STATUS.has(prompt.format)) && !ids.has(answer)) {
    throw misfit("one of the options");
  }
  if (prompt.format in SHAPES && !SHAPES[prompt.format].test(answer) && !ids.has(answer)) {
    throw misfit(`as ${prompt.format} has it`);
  }
  return { Answer: answer };
}

const SHAPES = {
  DIGITS: /^\d+$/,
  STARS: /^[1-5]$/,
  DATE: /^\d{4}-\d{2}-\d{2}$/,
  TIME: /^\d{2}:\d{2}(:\d{2})?$/,
  QUANTITY: /\d/,
  AMOUNT: /\d/,
};
