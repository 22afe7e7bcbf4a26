/** What a token looks like: on an offer, in the list, in its details. */

import { h, icon, tint } from "./dom.js";
import { day, moment, t } from "./texts.js";

const STAMPED = ["future", "expired", "suspended", "revoked", "invalid"];
const TIME = /^\d{4}-\d\d-\d\dT/;

/** Return a ticket; `fields` shows what is in it, `link` makes the whole lead to its details. */
export function ticket(token, { fields = false, link = false, level = "h3" } = {}) {
  const title = h(level, { class: "ticket-title", dir: "auto" }, link ? h("a", { href: `#/tokens/${encodeURIComponent(token.key)}`, "aria-current": token.at && "true" }, token.title) : token.title);
  return h("article", { class: `ticket ${tint(token.issuer)} ${token.state ?? ""}` }, [
    h("div", { class: "ticket-top" }, [
      h("p", { class: "ticket-issuer" }, h("span", { dir: "auto" }, token.issuerTitle || token.issuer), token.issuerTitle && token.issuerTitle !== token.issuer && h("bdi", { class: "ticket-domain" }, token.issuer)),
      title,
      token.tag && token.schemaTitle && h("p", { class: "ticket-kind", dir: "auto" }, token.schemaTitle),
    ]),
    fields && token.fields.length > 0 && h("dl", { class: "ticket-fields" }, token.fields.map(field)),
    h("div", { class: "ticket-stub" }, [
      h("p", { class: "ticket-dates" }, dates(token)),
      STAMPED.includes(token.state) && h("p", { class: "stamp" }, icon({ future: "clock", expired: "clock" }[token.state] ?? "alert"), h("span", {}, t(`state.${token.state}`))),
    ]),
  ]);
}

/** A name and its value; what is a time is said as one. */
export function field({ name, value }) {
  const said = TIME.test(value) && !Number.isNaN(Date.parse(value)) ? h("time", { datetime: value }, moment(value)) : value;
  return h("div", {}, h("dt", { dir: "auto" }, name.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")), h("dd", { dir: "auto" }, said));
}

/** From when until when it is valid. */
export function dates({ starts, expires }) {
  return [
    h("span", {}, h("small", {}, t("token.from")), h("time", { datetime: starts }, day(starts))),
    h("span", {}, h("small", {}, t("token.until")), expires ? h("time", { datetime: expires }, day(expires)) : t("token.forever")),
  ];
}
