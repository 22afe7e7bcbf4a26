/**
 * Finds a QR code in a picture: read({data, width, height} as of a canvas) -> text, or null.
 *
 * Three corners are looked for by their rings (dark and light as 1:1:3:1:1 on every line through the
 * middle), the fourth by the small ring near it. What lies between is sampled on a grid, and its own
 * correction says whether it was a code.
 */

import { decode } from "./qr-read.js";

const TRIPLES = 6; // of corners, best first
const RINGS = [1, 1, 3, 1, 1];
const NEAREST = 4; // sides to try around the one measured: a module is measured to some percent

/** Return the text of a code in the picture. */
export function read(image) {
  const grey = greyOf(image);
  for (const reach of [10, 4]) {
    const text = readDark(darkOf(grey, image, reach), image.width, image.height);
    if (text !== null) return text;
  }
  return null;
}

function greyOf({ data, width, height }) {
  const grey = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < grey.length; at++, from += 4) grey[at] = (data[from] * 77 + data[from + 1] * 151 + data[from + 2] * 28) >> 8;
  return grey;
}

/** What is darker than around it, within a part of the picture: light may fall unevenly. */
function darkOf(grey, { width, height }, part) {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += grey[y * width + x];
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  }
  const reach = Math.max(8, Math.round(Math.min(width, height) / part));
  const dark = new Uint8Array(grey.length);
  for (let y = 0; y < height; y++) {
    const top = Math.max(0, y - reach) * (width + 1);
    const bottom = Math.min(height, y + reach + 1) * (width + 1);
    for (let x = 0; x < width; x++) {
      const left = Math.max(0, x - reach);
      const right = Math.min(width, x + reach + 1);
      const sum = sums[bottom + right] - sums[bottom + left] - sums[top + right] + sums[top + left];
      const count = (right - left) * ((bottom - top) / (width + 1));
      dark[y * width + x] = grey[y * width + x] * count < sum * 0.88 ? 1 : 0;
    }
  }
  return dark;
}

function readDark(dark, width, height) {
  const picture = { dark, width, height, at: (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : dark[Math.floor(y) * width + Math.floor(x)]) };
  for (const corners of triples(findCorners(picture))) {
    const text = readCorners(picture, corners);
    if (text !== null) return text;
  }
  return null;
}

/** Middles of rings: {x, y, size of a module, seen: lines that went through it}. */
function findCorners(picture) {
  const found = [];
  for (let y = 0; y < picture.height; y++) {
    const runs = [0, 0, 0, 0, 0];
    let last = 0;
    for (let x = 0; x <= picture.width; x++) {
      const now = x < picture.width ? picture.dark[y * picture.width + x] : 0;
      if (now === last) {
        runs[4]++;
        continue;
      }
      if (last && areRings(runs)) note(found, checked(picture, x - runs[4] - runs[3] - runs[2] / 2, y));
      runs.shift();
      runs.push(1);
      last = now;
    }
  }
  return found.filter(({ seen }) => seen > 1).sort((one, other) => other.seen - one.seen).slice(0, 12);
}

function areRings(runs) {
  const module = runs.reduce((sum, each) => sum + each, 0) / 7;
  return module >= 1 && runs.every((run, at) => Math.abs(run - RINGS[at] * module) <= RINGS[at] * module * 0.5 + 0.5);
}

/** Look along both axes from a point in the middle ring; null when it is in none. */
function checked(picture, x, y) {
  const upright = runsThrough(picture, x, y, 0, 1);
  if (!upright) return null;
  const level = runsThrough(picture, x, upright.y, 1, 0);
  if (!level) return null;
  return { x: level.x, y: upright.y, size: (upright.size + level.size) / 2, seen: 1 };
}

function runsThrough(picture, x, y, dx, dy) {
  const arm = (sign) => {
    const runs = [0, 0, 0];
    let part = 0;
    for (let step = sign > 0 ? 0 : 1; part < 3; step++) {
      const px = Math.floor(x) + sign * step * dx;
      const py = Math.floor(y) + sign * step * dy;
      const isInside = px >= 0 && py >= 0 && px < picture.width && py < picture.height;
      const wanted = part % 2 === 0 ? 1 : 0;
      if (!isInside || picture.dark[py * picture.width + px] !== wanted) {
        if (!runs[part]) return null;
        part++;
        if (!isInside) break;
        if (part < 3) runs[part]++;
      } else runs[part]++;
    }
    return part === 3 ? runs : null;
  };
  const before = arm(-1);
  const after = arm(1);
  if (!before || !after) return null;
  const runs = [before[2], before[1], before[0] + after[0], after[1], after[2]];
  if (!areRings(runs)) return null;
  const middle = (after[0] - before[0]) / 2; // from the point's own pixel
  return { x: Math.floor(x) + dx * middle + (dy ? x - Math.floor(x) : 0), y: Math.floor(y) + dy * middle + (dx ? y - Math.floor(y) : 0), size: runs.reduce((sum, run) => sum + run, 0) / 7 };
}

function note(found, corner) {
  if (!corner) return;
  const known = found.find((each) => Math.hypot(each.x - corner.x, each.y - corner.y) < 2 * each.size);
  if (!known) {
    found.push(corner);
    return;
  }
  for (const name of ["x", "y", "size"]) known[name] = (known[name] * known.seen + corner[name]) / (known.seen + 1);
  known.seen++;
}

/** Threes that may be the corners of one code: a right angle between two equal sides, roughly. */
function triples(corners) {
  const found = [];
  for (let i = 0; i < corners.length; i++) {
    for (let j = i + 1; j < corners.length; j++) {
      for (let k = j + 1; k < corners.length; k++) found.push(arranged([corners[i], corners[j], corners[k]]));
    }
  }
  return found.filter(({ harm }) => harm < 1).sort((one, other) => one.harm - other.harm).slice(0, TRIPLES);
}

const apart = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

/** {first, right, down}: the corner between the two others, and those as the page is read. */
function arranged([a, b, c]) {
  const sides = [{ first: c, ends: [a, b] }, { first: a, ends: [b, c] }, { first: b, ends: [a, c] }];
  const { first, ends: [one, other] } = sides.sort((x, y) => apart(...y.ends) - apart(...x.ends))[0];
  const turns = (one.x - first.x) * (other.y - first.y) - (one.y - first.y) * (other.x - first.x);
  const [right, down] = turns > 0 ? [one, other] : [other, one];
  const [width, height, across] = [apart(first, right), apart(first, down), apart(right, down)];
  const sizes = [a.size, b.size, c.size];
  const harm = Math.abs(width - height) / Math.max(width, height) + Math.abs(across ** 2 - width ** 2 - height ** 2) / across ** 2 + (Math.max(...sizes) / Math.min(...sizes) - 1) / 2;
  return { first, right, down, harm };
}

/** Sample the grid between three corners, for the sides it may have, and decode it. */
function readCorners(picture, corners) {
  const { first, right, down } = corners;
  const along = { x: right.x - first.x, y: right.y - first.y };
  const length = Math.hypot(along.x, along.y);
  // A level line cuts a turned ring aslant.
  const straight = Math.max(Math.abs(along.x), Math.abs(along.y)) / length;
  const module = (first.size + right.size + down.size) / 3 * straight;
  const measured = ((length + apart(first, down)) / 2) / module + 7;
  const nearest = Math.round((measured - 17) / 4);
  const versions = Array.from({ length: 2 * NEAREST + 1 }, (_, at) => nearest + (at % 2 ? 1 : -1) * Math.ceil(at / 2));
  for (const version of versions.filter((each) => each >= 1 && each <= 40)) {
    const side = 17 + 4 * version;
    const place = transform(picture, corners, side);
    const isDark = (x, y) => sample(picture, place, x, y);
    if (!areTimed(isDark, side)) continue;
    const text = decode(Array.from({ length: side }, (_, y) => Array.from({ length: side }, (_, x) => isDark(x, y))));
    if (text !== null) return text;
  }
  return null;
}

/** Whether the lines between the corners go dark and light in turn, as in every code. */
function areTimed(isDark, side) {
  let faults = 0;
  for (let at = 8; at < side - 8; at++) faults += (isDark(at, 6) !== (at % 2 === 0)) + (isDark(6, at) !== (at % 2 === 0));
  return faults <= (side - 16) * 0.4;
}

function transform(picture, { first, right, down }, side) {
  const span = side - 7;
  const u = { x: (right.x - first.x) / span, y: (right.y - first.y) / span };
  const v = { x: (down.x - first.x) / span, y: (down.y - first.y) / span };
  const fourth = { x: right.x + down.x - first.x, y: right.y + down.y - first.y };
  const small = side > 21 ? smallRing(picture, { x: fourth.x - 3 * (u.x + v.x), y: fourth.y - 3 * (u.y + v.y) }, u, v, side) : null;
  const end = small ? side - 6.5 : side - 3.5;
  return perspective(
    [[3.5, 3.5], [side - 3.5, 3.5], [end, end], [3.5, side - 3.5]],
    [first, right, small ?? fourth, down],
  );
}

/** The middle of the small ring around a point, as far as some modules away; null for none. */
function smallRing(picture, middle, u, v, side) {
  const module = Math.hypot(u.x, u.y);
  const step = Math.max(1, module / 4);
  const reach = module * Math.max(5, side * 0.08);
  let best = null;
  for (let dy = -reach; dy <= reach; dy += step) {
    for (let dx = -reach; dx <= reach; dx += step) {
      const x = middle.x + dx;
      const y = middle.y + dy;
      let fits = 0;
      for (let j = -2; j <= 2; j++) {
        for (let i = -2; i <= 2; i++) fits += picture.at(x + i * u.x + j * v.x, y + i * u.y + j * v.y) === (Math.max(Math.abs(i), Math.abs(j)) === 1 ? 0 : 1);
      }
      if (!best || fits > best.fits) best = { fits, x, y, n: 1, sx: x, sy: y };
      else if (fits === best.fits && Math.hypot(x - best.x, y - best.y) < module) Object.assign(best, { n: best.n + 1, sx: best.sx + x, sy: best.sy + y });
    }
  }
  return best.fits >= 22 ? { x: best.sx / best.n, y: best.sy / best.n } : null;
}

/** The function that takes points of a grid to points of the picture, given four of each. */
function perspective(from, to) {
  const rows = [];
  from.forEach(([x, y], at) => {
    rows.push([x, y, 1, 0, 0, 0, -x * to[at].x, -y * to[at].x, to[at].x]);
    rows.push([0, 0, 0, x, y, 1, -x * to[at].y, -y * to[at].y, to[at].y]);
  });
  const [a, b, c, d, e, f, g, h] = solved(rows);
  return (x, y) => {
    const w = g * x + h * y + 1;
    return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
  };
}

/** Solve equations, each a row of factors and the result (Gauss and Jordan). */
function solved(rows) {
  const count = rows.length;
  for (let at = 0; at < count; at++) {
    const pivot = rows.slice(at).reduce((best, row, i) => (Math.abs(row[at]) > Math.abs(rows[best][at]) ? at + i : best), at);
    [rows[at], rows[pivot]] = [rows[pivot], rows[at]];
    for (let other = 0; other < count; other++) {
      if (other === at) continue;
      const factor = rows[other][at] / rows[at][at];
      for (let i = at; i <= count; i++) rows[other][i] -= factor * rows[at][i];
    }
  }
  return rows.map((row, at) => row[count] / row[at]);
}

// Points of a module: its middle, and four around it.
const POINTS = [[0.5, 0.5], [0.3, 0.5], [0.7, 0.5], [0.5, 0.3], [0.5, 0.7]];

/** Whether a module is dark, by the majority of its points. */
function sample(picture, place, x, y) {
  let dark = 0;
  for (const [dx, dy] of POINTS) dark += picture.at(...place(x + dx, y + dy));
  return dark > 2;
}
