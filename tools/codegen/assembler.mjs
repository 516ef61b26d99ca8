// @ts-check
/** A few words of WebAssembly, as bytes. */

/** @typedef {readonly number[]} Code bytes of a part of a function */

const LANES = 4;
const I32 = 0x7f;
const V128 = 0x7b;

/** LEB128 of an unsigned number. @param {number} value @returns {Code} */
function unsigned(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** LEB128 of a signed number. @param {number} value @returns {Code} */
function signed(value) {
  const bytes = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest >= -0x40 && rest < 0x40) return [...bytes, rest & 0x7f];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** @param {number} local @returns {Code} */
export const get = (local) => [0x20, ...unsigned(local)];
/** @param {number} local @returns {Code} */
export const set = (local) => [0x21, ...unsigned(local)];
/** @param {number} local @returns {Code} */
export const tee = (local) => [0x22, ...unsigned(local)];
/** @param {number} value @returns {Code} */
export const int = (value) => [0x41, ...signed(value)];
export const intAdd = [0x6a];
export const intSubtract = [0x6b];
export const intLess = [0x49];

/** Runs `body`, which leaves a number, until that is 0. @param {Code[]} body @returns {Code} */
export const loop = (...body) => [0x03, 0x40, ...body.flat(), 0x0d, 0, 0x0b];

/** @param {number} operation @returns {Code} */
const vector = (operation) => [0xfd, ...unsigned(operation)];
/** The alignment 2^0 promises nothing, and costs nothing. @param {number} operation @param {number} offset @returns {Code} */
const memory = (operation, offset) => [...vector(operation), 0, ...unsigned(offset)];

/** @param {number} offset @returns {Code} */
export const load = (offset) => memory(0, offset);
/** A 32-bit number, to each lane. @param {number} offset @returns {Code} */
export const loadSplat = (offset) => memory(9, offset);
/** @param {number} offset @returns {Code} */
export const store = (offset) => memory(11, offset);
export const xor = vector(81);
export const add = vector(174);
/** Bits of the first operand where those of the third are 1, else those of the second. */
export const select = vector(82);
/** @param {number} bits @returns {Code} */
export const shiftLeft = (bits) => [...int(bits), ...vector(171)];
/** @param {number} bits @returns {Code} */
export const shiftRight = (bits) => [...int(bits), ...vector(173)];

/** A 32-bit number in each lane. @param {number} value @returns {Code} */
export const splat = (value) => [...vector(12), ...words(Array(LANES).fill(value))];

/** Lanes of two vectors, 0 to 3 of the first and 4 to 7 of the second. @param {number[]} lanes @returns {Code} */
export const shuffle = (...lanes) => shuffleBytes(lanes, [0, 1, 2, 3]);

/** As {@link shuffle}, with the bytes of each lane the other way round. @param {number[]} lanes @returns {Code} */
export const shuffleSwapped = (...lanes) => shuffleBytes(lanes, [3, 2, 1, 0]);

/** @param {number[]} lanes @param {number[]} order @returns {Code} */
const shuffleBytes = (lanes, order) => [
  ...vector(13),
  ...lanes.flatMap((lane) => order.map((byte) => 4 * lane + byte)),
];

/** Numbers of 32 bits, little endian. @param {readonly number[]} values @returns {Code} */
export const words = (values) =>
  values.flatMap((value) => [0, 8, 16, 24].map((bits) => (value >>> bits) & 0xff));

/**
 * A module that takes its memory as `env.memory`, puts `data` to the start of it and exports one function as `run`. Locals are
 * first its parameters, then other 32-bit numbers, then vectors.
 * @param {{ parameters: number, ints: number, vectors: number }} locals
 * @param {Code} code
 * @param {Code} data
 */
export function moduleOf({ parameters, ints, vectors }, code, data) {
  const body = [2, ...unsigned(ints), I32, ...unsigned(vectors), V128, ...code, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters, ...Array(parameters).fill(I32), 0]),
    ...section(2, [1, ...name('env'), ...name('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('run'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
    ...section(11, [1, 0, ...int(0), 0x0b, ...unsigned(data.length), ...data]),
  ]);
}

/** @param {number} id @param {Code} content @returns {Code} */
const section = (id, content) => [id, ...unsigned(content.length), ...content];
/** @param {string} text @returns {Code} */
const name = (text) => [text.length, ...Buffer.from(text)];
