/**
 * QR codes (ISO/IEC 18004), model 2, byte mode: encode(text, level) -> rows of booleans, dark true.
 *
 * Levels are L, M, Q and H; versions 1 to 40 are taken as small as they do. A text is UTF-8. Raises
 * RangeError for one that no version holds (2953 bytes at level L).
 */

export const LEVELS = "LMQH";
const LEVEL_BITS = { L: 1, M: 0, Q: 3, H: 2 };
// For each level, and each version from 1: error correction bytes of a block, and blocks.
export const CORRECTION = [
  [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
  [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  [13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
  [17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
];
export const BLOCKS = [
  [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25],
  [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49],
  [1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68],
  [1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81],
];

// The field of 256 elements over x^8 + x^4 + x^3 + x^2 + 1.
export const POWERS = new Uint8Array(255);
export const LOGS = new Uint8Array(256);
for (let at = 0, value = 1; at < 255; at++) {
  POWERS[at] = value;
  LOGS[value] = at;
  value = value << 1 ^ (value & 128 ? 0x11d : 0);
}
export const times = (a, b) => (a && b ? POWERS[(LOGS[a] + LOGS[b]) % 255] : 0);

function generator(degree) {
  let result = [1];
  for (let root = 0; root < degree; root++) {
    const next = [...result, 0];
    result.forEach((value, at) => (next[at + 1] ^= times(value, POWERS[root])));
    result = next;
  }
  return result.slice(1);
}

function remainder(data, divisor) {
  const rest = new Array(divisor.length).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    divisor.forEach((value, at) => (rest[at] ^= times(value, factor)));
  }
  return rest;
}

const sizeOf = (version) => 17 + 4 * version;

/** Bytes that a version has in all, data and correction. */
function capacity(version) {
  const patterns = Math.floor(version / 7) + 2;
  let bits = (16 * version + 128) * version + 64;
  if (version >= 2) bits -= (25 * patterns - 10) * patterns - 55;
  if (version >= 7) bits -= 36;
  return bits >> 3;
}

function room(version, level) {
  const at = LEVELS.indexOf(level);
  return capacity(version) - CORRECTION[at][version - 1] * BLOCKS[at][version - 1];
}

function dataBytes(bytes, version, level) {
  const bits = [];
  const put = (value, count) => {
    for (let at = count - 1; at >= 0; at--) bits.push(value >>> at & 1);
  };
  put(4, 4); // byte mode
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  const whole = room(version, level);
  put(0, Math.min(4, whole * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const result = [];
  for (let at = 0; at < bits.length; at += 8) result.push(parseInt(bits.slice(at, at + 8).join(""), 2));
  for (let pad = 0xec; result.length < whole; pad ^= 0xec ^ 0x11) result.push(pad);
  return result;
}

/** Cut data into blocks, add each one's correction, and interleave them. */
function codewords(data, version, level) {
  const at = LEVELS.indexOf(level);
  const count = BLOCKS[at][version - 1];
  const divisor = generator(CORRECTION[at][version - 1]);
  const short = Math.floor(data.length / count);
  const shorts = count - (data.length % count);
  const blocks = [];
  for (let block = 0, from = 0; block < count; block++) {
    const part = data.slice(from, from + short + (block < shorts ? 0 : 1));
    from += part.length;
    blocks.push({ part, rest: remainder(part, divisor) });
  }
  const result = [];
  for (let each = 0; each <= short; each++) for (const { part } of blocks) if (each < part.length) result.push(part[each]);
  for (let each = 0; each < divisor.length; each++) for (const { rest } of blocks) result.push(rest[each]);
  return result;
}

/** The fifteen bits that say a code's level and mask. */
export function formatBits(level, mask) {
  const data = LEVEL_BITS[level] << 3 | mask;
  let rest = data;
  for (let at = 0; at < 10; at++) rest = rest << 1 ^ (rest >>> 9) * 0x537;
  return (data << 10 | rest) ^ 0x5412;
}

export class Grid {
  constructor(version) {
    this.version = version;
    this.size = sizeOf(version);
    this.dark = Array.from({ length: this.size }, () => new Array(this.size).fill(false));
    this.fixed = Array.from({ length: this.size }, () => new Array(this.size).fill(false));
  }

  /** Set a module that belongs to a pattern, not to data. */
  fix(x, y, dark) {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.dark[y][x] = dark;
    this.fixed[y][x] = true;
  }

  patterns() {
    const { size } = this;
    for (let at = 0; at < size; at++) {
      this.fix(6, at, at % 2 === 0);
      this.fix(at, 6, at % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) this.rings(x, y, 4, [0, 1, 3]);
    const places = this.alignments();
    const last = places.length - 1;
    places.forEach((x, i) => places.forEach((y, j) => {
      const corner = (!i && !j) || (!i && j === last) || (i === last && !j);
      if (!corner) this.rings(x, y, 2, [0, 2]);
    }));
    this.format("L", 0);
    this.versions();
  }

  rings(x, y, reach, dark) {
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) this.fix(x + dx, y + dy, dark.includes(Math.max(Math.abs(dx), Math.abs(dy))));
    }
  }

  alignments() {
    const { version, size } = this;
    if (version === 1) return [];
    const count = Math.floor(version / 7) + 2;
    const step = version === 32 ? 26 : Math.ceil((size - 13) / (2 * count - 2)) * 2;
    return [6, ...Array.from({ length: count - 1 }, (_, at) => size - 7 - at * step).reverse()];
  }

  format(level, mask) {
    const { size } = this;
    const bits = formatBits(level, mask);
    const bit = (at) => Boolean(bits >>> at & 1);
    for (let at = 0; at < 15; at++) {
      const near = at < 6 ? at : at < 8 ? at + 1 : 14 - at; // past the timing pattern
      if (at < 8) this.fix(8, near, bit(at));
      else this.fix(at === 8 ? 7 : near, 8, bit(at));
      if (at < 8) this.fix(size - 1 - at, 8, bit(at));
      else this.fix(8, size - 15 + at, bit(at));
    }
    this.fix(8, size - 8, true);
  }

  versions() {
    const { version, size } = this;
    if (version < 7) return;
    let rest = version;
    for (let at = 0; at < 12; at++) rest = rest << 1 ^ (rest >>> 11) * 0x1f25;
    const bits = version << 12 | rest;
    for (let at = 0; at < 18; at++) {
      const dark = Boolean(bits >>> at & 1);
      this.fix(size - 11 + at % 3, Math.floor(at / 3), dark);
      this.fix(Math.floor(at / 3), size - 11 + at % 3, dark);
    }
  }

  /** Fill in data in its zigzag, from the right, in columns of two. */
  write(words) {
    let at = 0;
    for (let right = this.size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const upward = (right + 1 & 2) === 0;
      for (let row = 0; row < this.size; row++) {
        const y = upward ? this.size - 1 - row : row;
        for (const x of [right, right - 1]) {
          if (this.fixed[y][x]) continue;
          this.dark[y][x] = at < words.length * 8 && Boolean(words[at >>> 3] >>> 7 - (at & 7) & 1);
          at++;
        }
      }
    }
  }

  mask(number) {
    for (let y = 0; y < this.size; y++) {
      for (let x = 0; x < this.size; x++) if (!this.fixed[y][x] && MASKS[number](x, y)) this.dark[y][x] = !this.dark[y][x];
    }
  }

  penalty() {
    const columns = this.dark[0].map((_, x) => this.dark.map((row) => row[x]));
    let sum = 0;
    let count = 0;
    for (const row of [...this.dark, ...columns]) sum += lineHarm(row);
    for (let y = 0; y < this.size; y++) {
      for (let x = 0; x < this.size; x++) {
        count += this.dark[y][x];
        if (x && y && this.dark[y][x] === this.dark[y - 1][x] && this.dark[y][x] === this.dark[y][x - 1] && this.dark[y][x] === this.dark[y - 1][x - 1]) sum += 3;
      }
    }
    return sum + 10 * Math.floor(Math.abs(count / this.size ** 2 - 0.5) * 20);
  }
}

export const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => x * y % 2 + x * y % 3 === 0,
  (x, y) => (x * y % 2 + x * y % 3) % 2 === 0,
  (x, y) => ((x + y) % 2 + x * y % 3) % 2 === 0,
];

/** What makes a line hard to read: long runs, and what looks like a corner's pattern. */
function lineHarm(row) {
  const text = row.map(Number).join("");
  let sum = 0;
  for (const run of text.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
  sum += 40 * (text.match(/(?=00001011101|10111010000)/g) ?? []).length;
  return sum;
}

/** Encode a text; see above. */
export function encode(text, level = "M") {
  const bytes = new TextEncoder().encode(text);
  const fits = (version) => bytes.length <= room(version, level) - (version < 10 ? 2 : 3);
  let version = 1;
  while (version <= 40 && !fits(version)) version++;
  if (version > 40) throw new RangeError(`no code holds ${bytes.length} bytes at level ${level}`);
  const words = codewords(dataBytes(bytes, version, level), version, level);
  let best = null;
  for (let mask = 0; mask < 8; mask++) {
    const grid = new Grid(version);
    grid.patterns();
    grid.write(words);
    grid.mask(mask);
    grid.format(level, mask);
    const harm = grid.penalty();
    if (!best || harm < best.harm) best = { harm, dark: grid.dark };
  }
  return best.dark;
}

/** The strongest level at which a text still makes a code of few modules, for screens. */
export function fitting(text) {
  const length = new TextEncoder().encode(text).length;
  return length < 180 ? "Q" : length < 900 ? "M" : "L";
}
