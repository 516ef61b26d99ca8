import type { Random } from '@shoal/net';
import { ID_BYTES } from '../krpc/messages.ts';
import { SeededHash } from '../seeded-hash.ts';

/** Info-hashes a new table has room for. */
const INITIAL_CAPACITY = 16;
/** Places of the index for each info-hash there is room for, so that at most half of them are taken. */
const PLACES_EACH = 2;

/**
 * A set of info-hashes that gives each a slot, from 0 up to {@link size}, without gaps: what belongs to an info-hash is kept in
 * arrays by slot. Packed: 28 to 56 bytes each, whatever their number.
 */
export class InfoHashTable {
  readonly #hash: SeededHash;
  #size = 0;
  #ids = new Uint8Array(INITIAL_CAPACITY * ID_BYTES);
  /** Slots + 1, at or next behind the place their hash says; 0 where a place is free. */
  #index = new Uint32Array(INITIAL_CAPACITY * PLACES_EACH);

  constructor(random: Random) {
    this.#hash = new SeededHash(random);
  }

  /** Info-hashes in the table. */
  get size(): number {
    return this.#size;
  }

  /** Slots there is room for at present. */
  get capacity(): number {
    return this.#ids.length / ID_BYTES;
  }

  /** The slot of an info-hash; -1 where it has none. */
  find(infoHash: Uint8Array): number {
    return (this.#index[this.#placeOf(infoHash)] ?? 0) - 1;
  }

  /** The info-hash of a slot: a view, valid until the table is changed. */
  at(slot: number): Uint8Array {
    return this.#ids.subarray(slot * ID_BYTES, (slot + 1) * ID_BYTES);
  }

  /** Gives an info-hash that has no slot the next one. */
  add(infoHash: Uint8Array): number {
    if (this.#size === this.capacity) this.#resize(this.#size * 2);
    const slot = this.#size++;
    this.#ids.set(infoHash, slot * ID_BYTES);
    this.#index[this.#placeOf(infoHash)] = slot + 1;
    return slot;
  }

  /** Removes the info-hash of a slot. The one with the last slot gets this slot. */
  remove(slot: number): void {
    this.#vacate(this.#placeOf(this.at(slot)));
    const last = --this.#size;
    if (slot !== last) {
      const moved = this.at(last);
      this.#index[this.#placeOf(moved)] = slot + 1;
      this.#ids.set(moved, slot * ID_BYTES);
    }
    const { capacity } = this;
    // A quarter, not a half, so that one that comes and goes does not resize it each time.
    if (capacity > INITIAL_CAPACITY && last < capacity / 4) this.#resize(capacity / 2);
  }

  /** The place in the index that holds the info-hash, or where it would go. */
  #placeOf(infoHash: Uint8Array): number {
    const mask = this.#index.length - 1;
    let place = this.#hash.of(infoHash) & mask;
    for (;;) {
      const slot = (this.#index[place] ?? 0) - 1;
      if (slot < 0 || this.#isAt(slot, infoHash)) return place;
      place = (place + 1) & mask;
    }
  }

  #isAt(slot: number, infoHash: Uint8Array): boolean {
    const start = slot * ID_BYTES;
    for (let at = 0; at < ID_BYTES; at++) {
      if (this.#ids[start + at] !== infoHash[at]) return false;
    }
    return true;
  }

  /** Frees a place, and closes the gap for those behind it that are not where their hash says. */
  #vacate(place: number): void {
    const mask = this.#index.length - 1;
    let gap = place;
    for (let next = (gap + 1) & mask; ; next = (next + 1) & mask) {
      const slot = (this.#index[next] ?? 0) - 1;
      if (slot < 0) break;
      const home = this.#hash.of(this.at(slot)) & mask;
      // May go back to the gap unless its home lies behind the gap.
      if (((next - home) & mask) >= ((next - gap) & mask)) {
        this.#index[gap] = slot + 1;
        gap = next;
      }
    }
    this.#index[gap] = 0;
  }

  #resize(capacity: number): void {
    const ids = new Uint8Array(capacity * ID_BYTES);
    ids.set(this.#ids.subarray(0, this.#size * ID_BYTES));
    this.#ids = ids;
    this.#index = new Uint32Array(capacity * PLACES_EACH);
    for (let slot = 0; slot < this.#size; slot++)
      this.#index[this.#placeOf(this.at(slot))] = slot + 1;
  }
}
