/** Where the two halves of a path's hash start, and by what they grow (FNV-1a, and the same with another factor). */
export const HASH_START = 0x811c9dc5 | 0;
const HASH_FACTOR = 0x01000193;
const OTHER_FACTOR = 0x5bd1e995;

/** What stands between the components of a path, to its hash. */
export const SEPARATOR = 0x2f;

/** One half of a hash with one more byte. */
export function nextHash(low: number, code: number): number {
  return Math.imul(low ^ code, HASH_FACTOR);
}

/** The other half. */
export function nextOtherHash(high: number, code: number): number {
  const product = Math.imul(high ^ code, OTHER_FACTOR);
  return product ^ (product >>> 15);
}

/** Words of a slot: two halves of a hash, the lowest bit of the second one saying what stands there. Zeros are a free slot. */
const SLOT_WORDS = 2;
const KIND_FILE = 0;
const KIND_FOLDER = 1;

/** Slots for each name that is expected, so that half of them stay free; a power of two is made of it. */
const SLOTS_PER_NAME = 2;
const MIN_SLOTS = 64;

/** Slots looked at for one name. Honest hashes need a fraction; names made to share slots must not cost quadratic time. */
const MAX_PROBES = 128;

/**
 * Hashes, 63 bits each, of the paths of files and folders: enough to say that no two files of a list clash. That two
 * hashes are equal does not say that the paths are, so {@link add} saying no is a reason to look closer, not a verdict.
 */
export class NameHashes {
  #words: Uint32Array;
  #mask: number;
  #used = 0;

  /** `expected` is a number of names; more of them fit. */
  constructor(expected: number) {
    const slots = Math.max(MIN_SLOTS, 2 ** Math.ceil(Math.log2(expected * SLOTS_PER_NAME)));
    this.#words = new Uint32Array(SLOT_WORDS * slots);
    this.#mask = slots - 1;
  }

  /**
   * Add a file, or a folder, which may have been added before. False where something else may stand at that path already.
   *
   * @param low one half of the hash of the path, any 32 bits
   * @param high the other half
   */
  add(low: number, high: number, isFile: boolean): boolean {
    if (2 * this.#used > this.#mask) this.#grow();
    const words = this.#words;
    // No hash may look like a free slot.
    const first = low >>> 0 || 1;
    const second = (high & ~1) >>> 0;
    let slot = spread(first ^ second) & this.#mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const found = words[SLOT_WORDS * slot] ?? 0;
      if (found === 0) {
        words[SLOT_WORDS * slot] = first;
        words[SLOT_WORDS * slot + 1] = second | (isFile ? KIND_FILE : KIND_FOLDER);
        this.#used++;
        return true;
      }
      if (found === first) {
        const other = words[SLOT_WORDS * slot + 1] ?? 0;
        if ((other & ~1) >>> 0 === second) return !isFile && (other & 1) === KIND_FOLDER;
      }
      slot = (slot + 1) & this.#mask;
    }
    return false;
  }

  #grow(): void {
    const old = this.#words;
    const mask = 2 * this.#mask + 1;
    const words = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += SLOT_WORDS) {
      const first = old[at] ?? 0;
      if (first === 0) continue;
      const second = old[at + 1] ?? 0;
      let slot = spread(first ^ (second & ~1)) & mask;
      while (words[SLOT_WORDS * slot] !== 0) slot = (slot + 1) & mask;
      words[SLOT_WORDS * slot] = first;
      words[SLOT_WORDS * slot + 1] = second;
    }
    this.#words = words;
    this.#mask = mask;
  }
}

/** Let every bit of a hash have a say in the low ones. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return mixed ^ (mixed >>> 16);
}
