/** A token's codes, drawn here and large enough to be scanned from the screen. */

import { h } from "./dom.js";
import { showDialog } from "./dialog.js";
import { encode, fitting } from "./qr.js";
import { t } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 4; // modules of light around the code

/** A QR code of a text as an SVG element. */
export function codeImage(text, label) {
  const rows = encode(text, fitting(text));
  const size = rows.length + 2 * QUIET;
  const dark = rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")));
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  path.setAttribute("d", dark.join(""));
  svg.append(path);
  return svg;
}

/** Show both codes of a token: ask its broker (form A), or check it without a network (form B). */
export function showCodes(token, codes) {
  const paper = h("div", { class: "code-paper" });
  const about = h("p", { class: "quiet" });
  const show = (form) => {
    paper.replaceChildren(codeImage(codes[form], t("qr.label", { title: token.title })));
    paper.dataset.text = codes[form];
    about.textContent = t(`qr.${form}-about`);
  };
  const choice = (form, checked) => h("label", {}, h("input", { type: "radio", name: "code-form", value: form, checked, onchange: () => show(form) }), h("span", {}, t(`qr.${form}`)));
  show("link");
  return showDialog(token.title, [
    paper,
    h("fieldset", { class: "segments" }, h("legend", { class: "unseen" }, t("qr.which")), choice("link", true), choice("offline", false)),
    about,
  ], "codes");
}
