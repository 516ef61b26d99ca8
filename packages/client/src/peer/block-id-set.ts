/** No block has this id. */
const EMPTY = -1;
/** Slots once there is something in it; a power of two. */
const SMALLEST = 64;
/** What all sets begin with, and none writes to: most peers of a seed are never asked for anything. */
const NO_SLOTS = new Float64Array(2).fill(EMPTY);
const NO_TIMES = new Float64Array(2);
/** 2^32 divided by the golden ratio, odd: spreads ids that follow each other (Fibonacci hashing). */
const SPREAD = 0x9e37_79b1;

/**
 * A set of block ids (integers from 0 to 2^53), and when each was put in: open addressing in typed arrays, at most half full. A
 * block is put in and taken out for every 16 KiB that come in, and a `Map` allocates and rehashes on that path.
 */
export class BlockIdSet {
  #slots = NO_SLOTS;
  /** Of each slot that is taken. */
  #times = NO_TIMES;
  /** By how much the hash is shifted to give a slot. */
  #shift = shiftFor(NO_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#slots[this.#find(id)] === id;
  }

  /** @param now of what is in already, the time stays */
  add(id: number, now: number): void {
    let slot = this.#find(id);
    if (this.#slots[slot] === id) return;
    if (this.#size * 2 >= this.#slots.length - NO_SLOTS.length) {
      this.#grow();
      slot = this.#find(id);
    }
    this.#slots[slot] = id;
    this.#times[slot] = now;
    this.#size++;
  }

  /** Answers whether it was in. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#find(id);
    if (slots[hole] !== id) return false;
    // What was pushed on by others moves back, so that no search ends at the hole before it.
    for (let slot = (hole + 1) & mask; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const other = slots[slot] ?? EMPTY;
      const distance = (slot - this.#home(other)) & mask;
      if (distance < ((slot - hole) & mask)) continue;
      slots[hole] = other;
      this.#times[hole] = this.#times[slot] ?? 0;
      hole = slot;
    }
    slots[hole] = EMPTY;
    this.#size--;
    return true;
  }

  clear(): void {
    if (this.#size === 0) return;
    this.#slots.fill(EMPTY);
    this.#size = 0;
  }

  /** All ids, in no order. */
  values(): number[] {
    return [...this.#slots].filter((id) => id !== EMPTY);
  }

  /** Those put in before `time`, in no order. */
  before(time: number): number[] {
    const ids: number[] = [];
    for (const [slot, id] of this.#slots.entries()) {
      if (id !== EMPTY && (this.#times[slot] ?? 0) < time) ids.push(id);
    }
    return ids;
  }

  /** Where the id is, or the empty slot where it would go. */
  #find(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = this.#home(id);
    while (slots[slot] !== id && slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    return slot;
  }

  #home(id: number): number {
    return Math.imul(id, SPREAD) >>> this.#shift;
  }

  #grow(): void {
    const old = this.#slots;
    const times = this.#times;
    this.#slots = new Float64Array(Math.max(SMALLEST, old.length * 2)).fill(EMPTY);
    this.#times = new Float64Array(this.#slots.length);
    this.#shift = shiftFor(this.#slots);
    for (const [index, id] of old.entries()) {
      if (id === EMPTY) continue;
      const slot = this.#find(id);
      this.#slots[slot] = id;
      this.#times[slot] = times[index] ?? 0;
    }
  }
}

function shiftFor(slots: Float64Array): number {
  return 32 - Math.log2(slots.length);
}
