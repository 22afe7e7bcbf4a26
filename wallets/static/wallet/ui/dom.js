/** Elements made by calls: what others wrote can only ever become text. */

const SVG = "http://www.w3.org/2000/svg";
// Drawn for this page on a grid of 24, in strokes.
const SHAPES = {
  chats: "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z",
  tokens: "M3 8.5V6.5A1.5 1.5 0 0 1 4.5 5h15A1.5 1.5 0 0 1 21 6.5v2a3.5 3.5 0 0 0 0 7v2a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5v-2a3.5 3.5 0 0 0 0-7zM14 5.5v2M14 11v2M14 16.5v2",
  scan: "M4 8V5.5A1.5 1.5 0 0 1 5.5 4H8M16 4h2.5A1.5 1.5 0 0 1 20 5.5V8M20 16v2.5a1.5 1.5 0 0 1-1.5 1.5H16M8 20H5.5A1.5 1.5 0 0 1 4 18.5V16M7 12h10",
  settings: "M5 7h8M17 7h2M5 17h2M11 17h8M15 4.5v5M9 14.5v5",
  back: "M14.5 5.5 8 12l6.5 6.5",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 1.5",
  alert: "M12 4.5 3.5 19h17zM12 10v4M12 16.6v.1",
  shield: "M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6zM8.8 12l2.3 2.3 4.2-4.5",
  unproved: "M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6zM12 8.5v4M12 15.5v.1",
  qr: "M4.5 4.5h5v5h-5zM14.5 4.5h5v5h-5zM4.5 14.5h5v5h-5zM14.5 14.5h2v2h-2zM19.5 17v2.5H17",
  save: "M12 4v10M8 10.5l4 4 4-4M5 16.5v3h14v-3",
  open: "M9 5H6.5A1.5 1.5 0 0 0 5 6.5v11A1.5 1.5 0 0 0 6.5 19h11a1.5 1.5 0 0 0 1.5-1.5V15M13 5h6v6M19 5l-8.5 8.5",
  send: "M4.5 12 20 4.5 15.5 20l-4-6.5zM11.5 13.5 20 4.5",
  offline: "M4 4l16 16M8 8.6A9.5 9.5 0 0 0 4.5 11M11 6.5a11 11 0 0 1 9 3.2M8.5 14.2A5.5 5.5 0 0 1 12 13M12 18v.1",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7",
  copy: "M9 9h10v10.5H9zM5 15V4.5h10",
  photo: "M4 6.5h16v12H4zM8.5 11a1.2 1.2 0 1 0 0-.1M5 17l4.5-4 3 2.5 3-3.5L20 16.5",
  star: "M12 4l2.4 5.2 5.6.6-4.2 3.8 1.2 5.6L12 16.4 7 19.2l1.2-5.6L4 9.8l5.6-.6z",
  dots: "M12 5.5v.1M12 12v.1M12 18.5v.1",
  more: "M9 6l6 6-6 6",
};

/**
 * Make an element. `attributes` take text, true (present) or false/null (absent); `onclick` and the
 * like take a function. Children are nodes, text, lists of them, or nothing.
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  set(element, attributes ?? {});
  element.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value);
  }
}

/** An icon, which says nothing to a screen reader: the text beside it does. */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${extra}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and a text; `attributes` as in h. */
export function button(text, attributes = {}, name = "") {
  const { class: kind = "", ...others } = attributes;
  return h("button", { type: "button", class: `button ${kind}`, ...others }, [
    name && icon(name),
    h("span", {}, text),
  ]);
}

/** A button that shows only its icon. */
export function iconButton(text, name, attributes = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": text, title: text, ...attributes }, icon(name));
}

/** One of eight tints, always the same for the same name. */
export function tint(name) {
  let sum = 7;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return `tint-${sum % 8}`;
}

/** The round face of a domain: the first letter of what it is called. */
export function face(domain, title) {
  const first = [...(title || domain).trim()].find((letter) => /\p{L}|\p{N}/u.test(letter)) ?? "?";
  return h("span", { class: `face ${tint(domain)}`, "aria-hidden": "true" }, first.toUpperCase());
}

/** Replace what is in `parent`. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return parent;
}

/**
 * Make the children of `parent` those of `items` ({key, value}), building only what is new or has
 * changed, so that what the person is at stays as it is.
 */
export function reconcile(parent, items, build) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach(({ key, value }, at) => {
    const stamp = JSON.stringify(value) + document.documentElement.lang;
    let child = old.get(key);
    if (!child || child.stamp !== stamp) child = renewed(child, build(value), { key, stamp });
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
  while (parent.children.length > items.length) parent.lastElementChild.remove();
}

function renewed(old, child, { key, stamp }) {
  child.dataset.key = key;
  child.stamp = stamp;
  const hadFocus = old?.contains(document.activeElement);
  if (old) old.replaceWith(child);
  if (hadFocus) (child.matches("a, button") ? child : child.querySelector("a, button"))?.focus();
  return child;
}
