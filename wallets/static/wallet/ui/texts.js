/** What the page says, in the person's language; the words are in texts-en.js and its like. */

const LOADERS = {
  en: () => import("./texts-en.js"),
  pt: () => import("./texts-pt.js"),
};
/** The languages there are: what each calls itself, and what the protocol calls it. */
export const LANGUAGES = [
  { code: "en", name: "English", protocol: "en-us" },
  { code: "pt", name: "Português", protocol: "pt-pt" },
];
const KEPT = "wallet-language";
let words = {};
let current = "en";

/** Return the language that was chosen here, else the browser's, else English. */
export function preferred() {
  const wished = [localStorage.getItem(KEPT), ...navigator.languages];
  for (const each of wished) {
    const code = (each ?? "").toLowerCase().split("-")[0];
    if (code in LOADERS) return code;
  }
  return "en";
}

/** Speak a language from now on; `keep` remembers it in this browser. */
export async function speak(code, { keep = false } = {}) {
  words = (await LOADERS[code]()).words;
  current = code;
  if (keep) localStorage.setItem(KEPT, code);
  document.documentElement.lang = code;
}

export const language = () => current;

/**
 * Return the text of a key with `{name}` filled in. A text with plural forms is chosen by `n`.
 * An unknown key is shown as it is, and said on the console.
 */
export function t(key, values = {}) {
  let text = words[key];
  if (text === undefined) {
    console.error(`no text for ${key}`);
    return key;
  }
  if (typeof text === "object") {
    text = text[new Intl.PluralRules(current).select(values.n)] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Whether there is a text for a key. */
export const has = (key) => key in words;

/** Say an error: a WalletError by its code, anything else as what it is. */
export function sayError(error) {
  const key = `error.${error?.code}`;
  if (has(key)) return t(key);
  console.error(error);
  return t("error.other");
}

const format = (value, options) => new Intl.DateTimeFormat(current, options).format(new Date(value));
export const day = (value) => format(value, { dateStyle: "medium" });
export const moment = (value) => format(value, { dateStyle: "medium", timeStyle: "short" });
export const clock = (value) => format(value, { timeStyle: "short" });

/** Today's times as a clock, this week's as a day of the week, others as a date. */
export function brief(value) {
  const then = new Date(value);
  const now = new Date();
  if (then.toDateString() === now.toDateString()) return clock(value);
  if (now - then < 6 * 86400e3) return format(value, { weekday: "short" });
  return format(value, { day: "numeric", month: "short" });
}

/** How long it still is, such as "in 5 minutes". */
export function until(value) {
  const seconds = Math.round((new Date(value) - Date.now()) / 1000);
  const relative = new Intl.RelativeTimeFormat(current, { numeric: "always" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (seconds >= 2 * size || (unit === "minute" && seconds >= size)) {
      return relative.format(Math.floor(seconds / size), unit);
    }
  }
  return relative.format(Math.max(0, seconds), "second");
}
