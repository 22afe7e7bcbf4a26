/** The little of Markdown that details use: paragraphs, lists, strong, emphasis, code. */

import { h } from "./dom.js";

const MARKS = /\*\*([^*\n]{1,500})\*\*|\*([^*\n]{1,500})\*|_([^_\n]{1,500})_|`([^`\n]{1,500})`/g;

/** Return nodes for a text; links and pictures stay text, so that nothing leads out of the page. */
export function markdown(text) {
  return text
    .split(/\n\s*\n/)
    .filter((block) => block.trim())
    .map((block) => list(block.trim().split("\n")) ?? heading(block.trim()) ?? h("p", {}, lines(block.trim())));
}

function list(rows) {
  const items = rows.map((row) => /^\s*(?:[-*+]|\d+[.)])\s+(.*)$/.exec(row)?.[1]);
  if (items.some((item) => item === undefined)) return null;
  const tag = /^\s*\d/.test(rows[0]) ? "ol" : "ul";
  return h(tag, {}, items.map((item) => h("li", {}, marked(item))));
}

function heading(block) {
  const found = /^#{1,6}\s+([^\n]*)$/.exec(block);
  return found && h("p", {}, h("strong", {}, found[1]));
}

function lines(block) {
  return block.split("\n").flatMap((row, at) => (at ? [h("br"), marked(row)] : [marked(row)]));
}

function marked(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(MARKS)) {
    const [whole, strong, starred, lined, code] = found;
    if (found.index > from) nodes.push(text.slice(from, found.index));
    const tag = strong ? "strong" : code ? "code" : "em";
    nodes.push(h(tag, {}, strong ?? starred ?? lined ?? code));
    from = found.index + whole.length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}
