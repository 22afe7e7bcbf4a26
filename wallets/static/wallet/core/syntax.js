/** How the protocol writes domains, ids, times, schema codes and locators; messaging/syntax.py. */

import { WalletError } from "./errors.js";

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const LAST_LABEL = "(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9])";
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)+${LAST_LABEL}$`);
const SELECTOR = new RegExp(`^${LABEL}$`);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const CODE = /^[A-Za-z0-9-]+(?:\/[A-Za-z0-9-]+)*$/;
const VERSION = /^(?:0|[1-9][0-9]{0,5})\.(?:0|[1-9][0-9]{0,5})$/;
const TIME = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{3})?Z$/;
const LANGUAGE = /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/;
const NAME = /^[A-Za-z0-9_.-]{1,100}$/;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

export const WEB_PREFIX = "https://pollyweb.org/go/";
export const APP_PREFIX = "pollyweb://";
const HOME_AUTHORITY = "pollyweb.org";
const LONGEST_LOCATOR = 2000;
const LONGEST_SCHEMA = 200;

const isText = (value) => typeof value === "string";
export const isDomain = (value) => isText(value) && value.length <= 253 && DOMAIN.test(value);
export const isSelector = (value) => isText(value) && SELECTOR.test(value);
export const isUuid = (value) => isText(value) && UUID.test(value);
export const isSchema = (value) => isText(value) && longSchema(value) !== null;
export const isTime = (value) => isText(value) && !Number.isNaN(milliseconds(value));
export const isLanguage = (value) => isText(value) && value.length <= 35 && LANGUAGE.test(value);

/** The long form `authority/CODE:major.minor`. Throws TypeError. */
export function normaliseSchema(code) {
  const long = isText(code) ? longSchema(code) : null;
  if (long === null) throw new TypeError(`${String(code).slice(0, 100)} is not a schema code`);
  return long;
}

function longSchema(code) {
  const [path, ...rest] = code.split(":");
  const version = rest.length ? rest.join(":") : "1.0";
  const slash = path.indexOf("/");
  const authority = path.startsWith(".") ? HOME_AUTHORITY : path.slice(0, Math.max(slash, 0));
  const name = path.startsWith(".") ? path.slice(1) : path.slice(slash + 1);
  const fits = code.length <= LONGEST_SCHEMA && isDomain(authority) && CODE.test(name);
  return fits && VERSION.test(version) ? `${authority}/${name}:${version}` : null;
}

/** The moment of a protocol time in milliseconds; NaN when it is none. */
export function milliseconds(text) {
  const match = TIME.exec(text);
  if (!match || match[1].startsWith("0000")) return NaN;
  const moment = Date.parse(`${match[1]}${match[2] ?? ".000"}Z`);
  // A day that does not exist is moved to one that does; it is no time here.
  const same = !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(match[1]);
  return same ? moment : NaN;
}

export const formatTime = (moment) => new Date(moment).toISOString();

/**
 * The parts of a locator {schema, domain, key, inputs, text}: bare, as a link of pollyweb.org, of
 * this site, or of an app. `text` is what is sent to the broker. Throws WalletError "locator".
 */
export function parseLocator(text, here = globalThis.location?.origin) {
  const given = String(text).trim();
  const bare = withoutPrefix(given, [WEB_PREFIX, APP_PREFIX, `${here}/go/`]);
  const parts = bare.split(",");
  if (given.length > LONGEST_LOCATOR || parts.length < 3) throw badLocator();
  const [schema, domain, key] = parts.slice(0, 3).map(decoded);
  if (!isDomain(domain) || !key || !isSchema(schema)) throw badLocator();
  const inputs = {};
  for (const part of parts.slice(3)) {
    const [name, ...value] = part.split("=");
    if (!value.length || !NAME.test(name) || Object.hasOwn(inputs, name)) throw badLocator();
    inputs[name] = decoded(value.join("="));
  }
  return { schema: normaliseSchema(schema), domain: domain.toLowerCase(), key, inputs, text: bare };
}

function withoutPrefix(text, prefixes) {
  const prefix = prefixes.find((each) => text.startsWith(each));
  return prefix === undefined ? text : text.slice(prefix.length);
}

function decoded(part) {
  let value;
  try {
    value = decodeURIComponent(part);
  } catch {
    throw badLocator();
  }
  if (UNPRINTABLE.test(value)) throw badLocator();
  return value;
}

const badLocator = () => new WalletError("locator", "this is not a locator");

/** The bare form of a locator. */
export function formatLocator({ schema, domain, key, inputs = {} }) {
  const quoted = (text) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const safe = quoted(key).replaceAll("%24", "$").replaceAll("%2F", "/").replaceAll("%3A", ":");
  const parts = Object.entries(inputs).map(([name, value]) => `${name}=${quoted(value)}`);
  return [schema, domain, safe, ...parts].join(",");
}

const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/** Text that cannot rearrange itself; one line unless `lines`. */
export function printable(text, lines = false) {
  const cleaned = String(text).replace(TURNING, "");
  return cleaned.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => (lines && c === "\n" ? c : " "));
}
