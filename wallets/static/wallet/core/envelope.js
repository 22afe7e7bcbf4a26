/** Envelopes (protocol 2): building, signing, and proving what others signed. */

import { canonicalBytes } from "./canonical.js";
import { hex, sha256 } from "./bytes.js";
import { sign, verify } from "./keys.js";
import { formatTime, isDomain, isSelector, isTime, isUuid, normaliseSchema } from "./syntax.js";
import { WalletError } from "./errors.js";

export const ANONYMOUS = "Anonymous";
const SCHEMA = "pollyweb.org/MSG:1.0";
const PARTS = new Set(["Header", "Body", "Hash", "Signature"]);
const REQUIRED = ["Schema", "To", "Subject", "Correlation", "Timestamp"];
const HEADERS = new Set([...REQUIRED, "From", "Selector"]);
const SUBJECT = /^[A-Za-z][A-Za-z0-9]{0,49}@[A-Za-z][A-Za-z0-9]{0,49}$/;

const untrusted = (message) => new WalletError("untrusted", message);

/** An unsigned envelope, made now (milliseconds). */
export function build({ from = ANONYMOUS, to, subject, body, correlation, now }) {
  return {
    Header: {
      Correlation: correlation ?? crypto.randomUUID(),
      From: from,
      Schema: SCHEMA,
      Subject: subject,
      Timestamp: formatTime(now),
      To: to,
    },
    Body: body,
  };
}

/** The envelope with its hash and signature over the canonical bytes. */
export async function signed(envelope, key) {
  const bytes = canonicalBytes({ Header: envelope.Header, Body: envelope.Body });
  return { ...envelope, Hash: hex(await sha256(bytes)), Signature: await sign(key, bytes) };
}

/** The envelope in a JSON value, well-formed but not yet proved. Throws WalletError "untrusted". */
export function parse(value) {
  if (!isMap(value) || !Object.keys(value).every((key) => PARTS.has(key))) {
    throw untrusted("not an envelope");
  }
  const header = value.Header;
  if (!isMap(header) || !Object.keys(header).every((key) => HEADERS.has(key)) ||
      !Object.values(header).every((text) => typeof text === "string") ||
      !REQUIRED.every((key) => key in header)) {
    throw untrusted("an envelope with another header");
  }
  const from = header.From || ANONYMOUS;
  const fits = (isDomain(from) || isUuid(from) || from === ANONYMOUS) &&
    (isDomain(header.To) || isUuid(header.To)) && SUBJECT.test(header.Subject) &&
    isUuid(header.Correlation) && isTime(header.Timestamp) &&
    (!("Selector" in header) || (isDomain(from) && isSelector(header.Selector)));
  const body = value.Body ?? {};
  if (!fits || !isMap(body)) throw untrusted("a malformed envelope");
  let schema;
  try {
    schema = normaliseSchema(header.Schema);
  } catch {
    throw untrusted("an envelope without a schema");
  }
  if (schema !== SCHEMA) throw untrusted("an envelope of another version");
  const clean = { ...header, From: from, Schema: schema };
  return { Header: clean, Body: body, Hash: value.Hash ?? "", Signature: value.Signature ?? "" };
}

export const isMap = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Say whether hash and signature are those of `key` over the envelope's content. */
export async function isProved(envelope, key) {
  let bytes;
  try {
    bytes = canonicalBytes({ Header: envelope.Header, Body: envelope.Body });
  } catch {
    return false;
  }
  const same = hex(await sha256(bytes)) === envelope.Hash;
  return same && verify(key, bytes, envelope.Signature);
}

/** The envelope in a sync answer, bare or wrapped (protocol 2.6), not yet proved. */
export const peek = (answer) => parse(isMap(answer) && "Response" in answer ? answer.Response : answer);

/**
 * The body of a signed answer to `request`. Throws WalletError "untrusted" unless sender,
 * recipient, subject, correlation and signature all fit.
 * @param {(domain: string, selector: string) => Promise<CryptoKey>} keyOf
 */
export async function proved(answer, request, keyOf) {
  const given = peek(answer);
  const asked = request.Header;
  const fits = given.Header.From.toLowerCase() === asked.To.toLowerCase() &&
    given.Header.Subject === asked.Subject && given.Header.Correlation === asked.Correlation;
  // To Anonymous one answers by the chat's id or the correlation; who else may say only its own.
  const toUs = asked.From === ANONYMOUS ? isUuid(given.Header.To) : given.Header.To === asked.From;
  if (!fits || !toUs) throw untrusted(`${asked.To} answered something else`);
  const key = await keyOf(given.Header.From, given.Header.Selector ?? "");
  if (!(await isProved(given, key))) {
    throw untrusted(`the answer of ${asked.To} is not signed by it`);
  }
  return given.Body;
}
