/** Rows as the screens see them: shapes.js. */

import { isMap } from "./envelope.js";
import { isInput } from "./prompts.js";
import { now } from "./site.js";
import { milliseconds, printable } from "./syntax.js";

export const identityView = (state) => ({
  id: state.id,
  name: state.label,
  language: state.language,
  notifier: state.notifier,
  broker: state.broker,
  created: state.created,
  backedUp: state.backedUp ?? null,
});

/** The state of a prompt now: a question that ran out of time is "expired". */
export function promptState(row) {
  if (row.state === "open" && row.answer) return "answered";
  const isOver = row.expires && milliseconds(row.expires) <= now();
  const asks = row.state === "open" || (row.state === "fetching" && isInput(row.format));
  return asks && isOver ? "expired" : row.state;
}

/** Say whether a prompt is a question that waits for its answer. */
export const waits = (row) => promptState(row) === "open" && !row.replaced;

export function promptView(row, broker) {
  const answer = row.answer && {
    result: row.answer.result,
    answer: row.answer.answer,
    at: row.answer.at,
    state: row.answer.state,
  };
  const { replaced, ...fields } = row;
  return {
    ...fields,
    fromBroker: row.sender === broker,
    state: promptState(row),
    answer,
    offer: row.offer && offerView(row.offer),
  };
}

function offerView(offer) {
  const { document, ...fields } = offer;
  return { ...fields, fields: document ? fieldsOf(document) : [] };
}

export function chatView(row, prompts) {
  const mine = prompts.filter((prompt) => prompt.chat === row.id);
  const said = mine.filter((prompt) => prompt.text);
  const newest = said.reduce((one, other) => (!one || other.at >= one.at ? other : one), null);
  const waiting = mine.filter(waits).length;
  return { ...row, waiting, last: newest?.text ?? "" };
}

export function lineViews(lines, prompts, broker) {
  const byId = new Map(prompts.map((prompt) => [prompt.id, prompt]));
  return lines
    .filter((line) => line.kind !== "prompt" || !byId.get(line.prompt)?.replaced)
    .map(({ seq, at, kind, prompt, note }) => ({
      id: String(seq),
      at,
      kind,
      ...(kind === "prompt" ? { prompt: promptView(byId.get(prompt), broker) } : { note }),
    }));
}

export function tokenView(row, check, told, frontend) {
  const { document } = row;
  const title = (value) => (typeof value === "string" ? printable(value.slice(0, 300)) : "");
  const domain = frontend?.view?.Domains?.[document.Issuer];
  const schema = frontend?.view?.Schemas?.[document.Schema];
  const schemaTitle = title(schema?.Title) || row.schemaTitle || document.Schema;
  const status = ["ACTIVE", "SUSPENDED", "REVOKED"].includes(told?.Status) ? told.Status : "UNKNOWN";
  return {
    key: row.key,
    token: document.Token,
    issuer: document.Issuer,
    issuerTitle: title(domain?.Title) || row.issuerTitle || document.Issuer,
    schema: document.Schema,
    schemaTitle,
    title: row.tag || title(told?.Title) || row.title || schemaTitle,
    tag: row.tag,
    issued: document.Issued,
    starts: document.Starts,
    expires: document.Expires ?? "",
    saved: row.saved,
    chat: row.chat,
    state: tokenState(document, check, status),
    status,
    statusAt: told ? frontend.at : "",
    reported: row.reported,
    fields: fieldsOf(document),
    document,
    check,
  };
}

function tokenState(document, check, status) {
  if (!check.ok && check.problem !== "expired") return "invalid";
  if (status === "REVOKED") return "revoked";
  if (check.problem === "expired") return "expired";
  if (status === "SUSPENDED") return "suspended";
  return milliseconds(document.Starts) > now() + 60_000 ? "future" : "valid";
}

/** What is in a document, as names and text. */
export const fieldsOf = (document) =>
  Object.entries(isMap(document.Context) ? document.Context : {}).map(([name, value]) => ({
    name: printable(name),
    value: printable(typeof value === "string" ? value : JSON.stringify(value), true),
  }));
