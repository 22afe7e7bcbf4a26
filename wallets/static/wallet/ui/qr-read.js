/** What a QR code says: decode(rows of booleans, dark true) -> text, or null when it is unreadable. */

import { BLOCKS, CORRECTION, Grid, LEVELS, LOGS, MASKS, POWERS, formatBits, times } from "./qr.js";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const FORMAT_FAULTS = 3; // bits of its fifteen that may be wrong
// How many bits say the length, by mode, in versions up to 9, 26 and 40.
const LENGTHS = { 1: [10, 12, 14], 2: [9, 11, 13], 4: [8, 16, 16] };

/** Return the text of a grid of modules, whose side is 21, 25, ... 177. */
export function decode(rows) {
  const version = (rows.length - 17) / 4;
  const grid = new Grid(version);
  grid.patterns();
  const format = readFormat(rows);
  if (!format) return null;
  const data = readBlocks(readBytes(rows, grid, MASKS[format.mask]), version, format.level);
  return data && readText(data, version);
}

function readFormat(rows) {
  const size = rows.length;
  const near = (at) => (at < 6 ? at : at < 8 ? at + 1 : 14 - at);
  const copies = [
    (at) => (at < 8 ? rows[near(at)][8] : rows[8][at === 8 ? 7 : near(at)]),
    (at) => (at < 8 ? rows[8][size - 1 - at] : rows[size - 15 + at][8]),
  ];
  let best = null;
  for (const level of LEVELS) {
    for (let mask = 0; mask < 8; mask++) {
      const bits = formatBits(level, mask);
      for (const copy of copies) {
        let faults = 0;
        for (let at = 0; at < 15; at++) faults += copy(at) !== Boolean(bits >>> at & 1);
        if (faults <= FORMAT_FAULTS && (!best || faults < best.faults)) best = { faults, level, mask };
      }
    }
  }
  return best;
}

/** The bytes in the zigzag, from the right, in columns of two. */
function readBytes(rows, grid, mask) {
  const { size, fixed } = grid;
  const bytes = [];
  let byte = 0;
  let count = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const upward = (right + 1 & 2) === 0;
    for (let row = 0; row < size; row++) {
      const y = upward ? size - 1 - row : row;
      for (const x of [right, right - 1]) {
        if (fixed[y][x]) continue;
        byte = byte << 1 | (rows[y][x] !== mask(x, y));
        if (++count % 8 === 0) {
          bytes.push(byte);
          byte = 0;
        }
      }
    }
  }
  return bytes;
}

/** Undo the interleaving, correct each block, and return the data, or null. */
function readBlocks(bytes, version, level) {
  const at = LEVELS.indexOf(level);
  const count = BLOCKS[at][version - 1];
  const spare = CORRECTION[at][version - 1];
  const short = Math.floor(bytes.length / count) - spare;
  const shorts = count - (bytes.length % count);
  const blocks = Array.from({ length: count }, () => []);
  let from = 0;
  for (let each = 0; each <= short; each++) {
    blocks.forEach((block, number) => each < short || number >= shorts ? block.push(bytes[from++]) : 0);
  }
  for (let each = 0; each < spare; each++) for (const block of blocks) block.push(bytes[from++]);
  const data = [];
  for (const block of blocks) {
    if (!correct(block, spare)) return null;
    data.push(...block.slice(0, block.length - spare));
  }
  return data;
}

const over = (a, b) => (a ? POWERS[(LOGS[a] - LOGS[b] + 255) % 255] : 0);
/** The value at `x` of a polynomial whose lowest power comes first. */
const valueAt = (polynomial, x) => polynomial.reduceRight((sum, factor) => times(sum, x) ^ factor, 0);

/** Mend a block's bytes in place (Reed and Solomon); false when there is too much to mend. */
function correct(block, spare) {
  const syndromes = Array.from({ length: spare }, (_, power) => block.reduce((sum, byte) => times(sum, POWERS[power]) ^ byte, 0));
  if (syndromes.every((each) => each === 0)) return true;
  const locator = locate(syndromes);
  const faults = locator.length - 1;
  if (2 * faults > spare) return false;
  const evaluator = syndromes.map((_, at) => locator.reduce((sum, factor, i) => sum ^ (i <= at ? times(factor, syndromes[at - i]) : 0), 0));
  const slope = locator.map((factor, at) => (at % 2 ? factor : 0)).slice(1);
  let found = 0;
  for (let power = 0; power < block.length; power++) {
    const inverse = POWERS[(255 - power) % 255];
    if (valueAt(locator, inverse)) continue;
    const steep = valueAt(slope, inverse);
    if (!steep) return false;
    block[block.length - 1 - power] ^= times(POWERS[power], over(valueAt(evaluator, inverse), steep));
    found++;
  }
  return found === faults;
}

/** The polynomial whose roots say where the faults are (Berlekamp and Massey). */
function locate(syndromes) {
  let current = [1];
  let before = [1];
  let length = 0;
  let gap = 1;
  let last = 1;
  syndromes.forEach((syndrome, at) => {
    let difference = syndrome;
    for (let i = 1; i <= length; i++) difference ^= times(current[i] ?? 0, syndromes[at - i]);
    if (difference) {
      const factor = over(difference, last);
      const next = Array.from({ length: Math.max(current.length, before.length + gap) }, (_, i) => (current[i] ?? 0) ^ times(factor, before[i - gap] ?? 0));
      if (2 * length <= at) {
        before = current;
        length = at + 1 - length;
        last = difference;
        gap = 0;
      }
      current = next;
    }
    gap++;
  });
  return Array.from({ length: length + 1 }, (_, i) => current[i] ?? 0);
}

/** Read the segments of the data: digits, letters and bytes of UTF-8. */
function readText(data, version) {
  let at = 0;
  const left = () => data.length * 8 - at;
  const take = (count) => {
    let value = 0;
    for (let bit = 0; bit < count; bit++, at++) value = value << 1 | (data[at >>> 3] >>> (7 - (at & 7)) & 1);
    return value;
  };
  const bytes = [];
  const say = (text) => bytes.push(...new TextEncoder().encode(text));
  while (left() >= 4) {
    const mode = take(4);
    if (mode === 0) break;
    if (!LENGTHS[mode]) return null; // another alphabet, or a code in parts: none of ours
    const bits = LENGTHS[mode][version < 10 ? 0 : version < 27 ? 1 : 2];
    const count = left() < bits ? 0 : take(bits);
    if (left() < { 1: 10 / 3, 2: 5.5, 4: 8 }[mode] * count) return null;
    if (mode === 4) for (let each = 0; each < count; each++) bytes.push(take(8));
    else if (mode === 1) for (let rest = count; rest > 0; rest -= 3) say(String(take([0, 4, 7, 10][Math.min(rest, 3)])).padStart(Math.min(rest, 3), "0"));
    else for (let rest = count; rest > 0; rest -= 2) say(rest > 1 ? pair(take(11)) : (LETTERS[take(6)] ?? ""));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

const pair = (value) => (LETTERS[Math.floor(value / 45)] ?? "") + LETTERS[value % 45];
