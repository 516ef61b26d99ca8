// @ts-check
/**
 * @typedef {object} Fault
 * @property {string} call of `node:fs`: `open`, `write`, `read`, `sync`, `mkdir`, `rename`
 * @property {string} path what the path must match, as a regular expression
 * @property {string} [code] the system's name of the error
 * @property {number} [most] instead of an error: bytes that one call reads or writes at most
 * @property {number} [delay] instead of an error: milliseconds that a call takes
 * @property {number} [after] matching calls that go well before, all threads together; default 0
 * @property {number} [times] calls that fail, then; default: all
 */

/** Faults at once, and bytes of their text. */
const MAX_FAULTS = 16;
const TEXT_BYTES = 16_384;
/** Before the counts: how often the plan has changed, and the length of its text. */
const HEAD = 2;

/** Which calls fail: shared by all threads, changed by the main thread. */
export class FaultPlan {
  /** @type {SharedArrayBuffer} */
  memory;
  #numbers;
  #text;
  #version = 0;
  /** @type {(Fault & { pattern: RegExp })[]} */
  #faults = [];

  /** @param {SharedArrayBuffer} [memory] of the same plan on another thread */
  constructor(memory) {
    this.memory = memory ?? new SharedArrayBuffer((HEAD + MAX_FAULTS) * 4 + TEXT_BYTES);
    this.#numbers = new Int32Array(this.memory, 0, HEAD + MAX_FAULTS);
    this.#text = new Uint8Array(this.memory, (HEAD + MAX_FAULTS) * 4);
  }

  /** @param {readonly Fault[]} faults */
  set(faults) {
    const text = new TextEncoder().encode(JSON.stringify(faults));
    if (faults.length > MAX_FAULTS || text.length > TEXT_BYTES)
      throw new RangeError('too many faults');
    this.#text.set(text);
    this.#numbers.fill(0, HEAD);
    this.#numbers[1] = text.length;
    Atomics.add(this.#numbers, 0, 1);
  }

  /** @param {number} index @returns {number} calls that a fault has met */
  met(index) {
    return Atomics.load(this.#numbers, HEAD + index);
  }

  /**
   * What is to befall a call; undefined: nothing.
   *
   * @param {string} call
   * @param {string} path
   * @returns {Fault | undefined}
   */
  meets(call, path) {
    const version = Atomics.load(this.#numbers, 0);
    if (version !== this.#version) {
      const text = this.#text.slice(0, this.#numbers[1]);
      /** @type {Fault[]} */
      const faults = text.length === 0 ? [] : JSON.parse(new TextDecoder().decode(text));
      this.#faults = faults.map((fault) => ({ ...fault, pattern: new RegExp(fault.path) }));
      this.#version = version;
    }
    for (const [index, fault] of this.#faults.entries()) {
      if (fault.call !== call || !fault.pattern.test(path)) continue;
      const count = Atomics.add(this.#numbers, HEAD + index, 1);
      const { after = 0, times = Infinity } = fault;
      if (count >= after && count < after + times) return fault;
    }
    return undefined;
  }
}
