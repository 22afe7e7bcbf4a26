/** Canonical bytes: RFC 8785 on the value space of protocol 2.7, as messaging/canonical.py. */

import { utf8 } from "./bytes.js";

const DEEPEST = 64;

/** The one byte form of a value that is hashed and signed. Throws TypeError for what has none. */
export const canonicalBytes = (value) => utf8(canonical(value, "$", 0));

/** The same as text. */
export const canonicalText = (value) => canonical(value, "$", 0);

function canonical(value, path, depth) {
  if (depth > DEEPEST) throw new TypeError(`${path}: nested deeper than ${DEEPEST}`);
  if (value === null || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "string") return text(value, path);
  if (typeof value === "number") return integer(value, path);
  if (Array.isArray(value)) {
    const parts = value.map((entry, index) => canonical(entry, `${path}[${index}]`, depth + 1));
    return `[${parts.join(",")}]`;
  }
  if (typeof value === "object") {
    const parts = Object.keys(value).sort().map((key) => member(value, key, path, depth));
    return `{${parts.join(",")}}`;
  }
  throw new TypeError(`${path}: ${typeof value} cannot be signed`);
}

function member(value, key, path, depth) {
  if (!/^[\x01-\x7f]*$/.test(key)) throw new TypeError(`${path}: a key is not ASCII text`);
  return `${JSON.stringify(key)}:${canonical(value[key], `${path}.${key}`, depth + 1)}`;
}

function text(value, path) {
  if (value.includes("\0")) throw new TypeError(`${path}: the text holds U+0000`);
  if (!value.isWellFormed()) throw new TypeError(`${path}: the text holds half a surrogate pair`);
  return JSON.stringify(value);
}

function integer(value, path) {
  // Decimals travel as text. A whole float such as 1.0 looks like an integer here, and is one.
  if (!Number.isSafeInteger(value)) {
    throw new TypeError(`${path}: only integers below 2^53 can be signed`);
  }
  return String(value);
}
