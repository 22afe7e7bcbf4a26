/** The token document (protocol 3): checking one, and its codes; as messaging/documents.py. */

import { base64url, utf8 } from "./bytes.js";
import { canonicalBytes, canonicalText } from "./canonical.js";
import { isMap } from "./envelope.js";
import { verify } from "./keys.js";
import {
  formatLocator, isDomain, isSchema, isSelector, isTime, isUuid, milliseconds, normaliseSchema,
  WEB_PREFIX,
} from "./syntax.js";

const LARGEST = 16 * 1024;
const SKEW = 60_000;
const ALWAYS = ["Token", "Issuer", "Schema", "Issued", "Starts"];
const IF_SET = ["Expires", "Identifier", "Biostamp", "DKIM"];
const KNOWN = new Set([...ALWAYS, ...IF_SET, "Context", "Signature", "Algorithm"]);
const SYNTAX = {
  Token: isUuid, Issuer: isDomain, Schema: isSchema, Issued: isTime, Starts: isTime,
  Expires: isTime, Identifier: isDomain, Biostamp: isUuid, DKIM: isSelector,
};

/** What is wrong with a document: `problem` is a code of Check in shapes.js. */
export class Invalid extends Error {
  constructor(problem, message) {
    super(message);
    this.problem = problem;
  }
}

/** What a document's signature covers: never Signature or Algorithm. */
export function signingPayload(document) {
  const payload = {};
  for (const name of ALWAYS) payload[name] = document[name];
  payload.Schema = normaliseSchema(document.Schema);
  payload.Context = document.Context ?? {};
  for (const name of IF_SET) if (document[name]) payload[name] = document[name];
  return payload;
}

/**
 * Check a document that should be `token` of `issuer` under the issuer's `key`, at `now`
 * (milliseconds). One that starts later passes: a wallet may keep it. Throws Invalid.
 */
export async function checkDocument(document, key, now, { issuer, token }) {
  const payload = checkShape(document);
  if (document.Token !== token || document.Issuer.toLowerCase() !== issuer.toLowerCase()) {
    throw new Invalid("other-token", "this is another token than the one expected");
  }
  if (milliseconds(document.Issued) > now + SKEW) {
    throw new Invalid("future", "the token is issued in the future");
  }
  if ("Expires" in document && milliseconds(document.Expires) <= milliseconds(document.Starts)) {
    throw new Invalid("order", "Expires is not after Starts");
  }
  // Before the dates: of a forged document nothing else is worth saying.
  if (!(await verify(key, payload, document.Signature))) {
    throw new Invalid("signature", "the signature is wrong");
  }
  if ("Expires" in document && milliseconds(document.Expires) <= now) {
    throw new Invalid("expired", "the token has expired");
  }
}

/** Return the signed bytes of a document that is one by its shape. Throws Invalid. */
export function checkShape(document) {
  const wrong = (message) => new Invalid("structure", message);
  if (!isMap(document)) throw wrong("a document is a map");
  for (const name of Object.keys(document)) {
    if (!KNOWN.has(name)) throw wrong(`unknown field ${name}`);
  }
  for (const name of ALWAYS) if (!(name in document)) throw wrong(`${name} is missing`);
  for (const [name, isValid] of Object.entries(SYNTAX)) {
    if (name in document && !isValid(document[name])) throw wrong(`${name} is malformed`);
  }
  if (!isMap(document.Context ?? {})) throw wrong("Context is not a map");
  if ("Identifier" in document !== "Biostamp" in document) {
    throw wrong("Identifier and Biostamp come together");
  }
  if ((document.Algorithm ?? "ed25519-sha256") !== "ed25519-sha256") {
    throw wrong("the algorithm is not supported");
  }
  if (typeof document.Signature !== "string" || !("DKIM" in document)) {
    throw wrong("the document is not signed");
  }
  let payload;
  try {
    if (canonicalBytes(document).length > LARGEST) {
      throw new Invalid("size", `the document is larger than ${LARGEST} bytes`);
    }
    payload = canonicalBytes(signingPayload(document));
  } catch (error) {
    throw error instanceof Invalid ? error : wrong(error.message);
  }
  return payload;
}

/** Why a document is not the one that was offered; "" when it is. */
export function differenceFromOffer(document, offer) {
  const same = (given, told) =>
    (given ? milliseconds(given) : null) === (told ? milliseconds(told) : null);
  if (normaliseSchema(document.Schema) !== normaliseSchema(offer.schema)) return "Schema";
  if (!same(document.Starts, offer.starts)) return "Starts";
  if (!same(document.Expires, offer.expires)) return "Expires";
  if (offer.document && canonicalText(offer.document) !== canonicalText(document)) return "Context";
  return "";
}

/** What the codes of a token hold (protocol 3.7): form A and its link, and form B. */
export function codesOf(document, broker) {
  const status = formatLocator({
    schema: document.Schema,
    domain: broker,
    key: document.Token,
    inputs: { Issuer: document.Issuer },
  });
  const whole = { ...document };
  delete whole.Algorithm;
  return {
    link: WEB_PREFIX + status,
    status,
    offline: `PWT1:${base64url(utf8(canonicalText(whole)))}`,
  };
}
