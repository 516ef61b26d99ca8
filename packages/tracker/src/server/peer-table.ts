import { Buffer } from 'node:buffer';

const ID_LENGTH = 20;
/** Peers a new table has room for: most swarms are tiny. */
const INITIAL_CAPACITY = 2;

/** Copies a byte string into bytes. */
function writeBytes(target: Buffer, at: number, text: string): void {
  target.write(text, at, 'latin1');
}

/**
 * The peers of one swarm that share an address family and a role, in dense arrays: finding and removing one, and choosing
 * some at random, cost the same however large the swarm is.
 */
export class PeerTable {
  /** Bytes of an endpoint in compact form, 6 or 18. */
  readonly width: number;
  #size = 0;
  #endpoints: Buffer;
  #ids: Buffer;
  /** Clock time in seconds of each peer's last announce. */
  #seen: Uint32Array;
  readonly #slots = new Map<string, number>();

  constructor(width: 6 | 18) {
    this.width = width;
    this.#endpoints = Buffer.alloc(INITIAL_CAPACITY * width);
    this.#ids = Buffer.alloc(INITIAL_CAPACITY * ID_LENGTH);
    this.#seen = new Uint32Array(INITIAL_CAPACITY);
  }

  get size(): number {
    return this.#size;
  }

  /** The slot of the peer with this endpoint (a byte string); -1 when there is none. */
  slotOf(key: string): number {
    return this.#slots.get(key) ?? -1;
  }

  /** Adds the peer, or notes that it is still there. Returns its slot. */
  put(key: string, peerId: string, seenAt: number): number {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.#size;
      if (slot === this.#seen.length) this.#resize(slot * 2);
      this.#size += 1;
      this.#slots.set(key, slot);
      writeBytes(this.#endpoints, slot * this.width, key);
    }
    writeBytes(this.#ids, slot * ID_LENGTH, peerId);
    this.#seen[slot] = seenAt;
    return slot;
  }

  /** Removes the peer with this endpoint; false when there is none. */
  remove(key: string): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    this.#slots.delete(key);
    this.#vacate(slot);
    return true;
  }

  /** Removes the peers last seen before `deadline` (seconds); returns how many. */
  expire(deadline: number): number {
    const { width } = this;
    const before = this.#size;
    for (let slot = this.#size - 1; slot >= 0; slot -= 1) {
      if ((this.#seen[slot] ?? 0) >= deadline) continue;
      this.#slots.delete(this.#endpoints.toString('latin1', slot * width, (slot + 1) * width));
      this.#vacate(slot);
    }
    return before - this.#size;
  }

  /**
   * Copies the endpoints of `count` peers (at most {@link size}, less one when `except` is a slot) to `target`, and their ids
   * to `ids` where given. Each comes from its own part of the table, so none comes twice; `random` gives floats in [0, 1).
   */
  sample(
    count: number,
    except: number,
    random: () => number,
    target: Buffer,
    at: number,
    ids: Buffer | undefined,
    idsAt: number,
  ): void {
    const { width } = this;
    const candidates = except < 0 ? this.#size : this.#size - 1;
    const all = count === candidates;
    // Turned by a random amount, since parts of a table that does not divide evenly differ in size.
    const turn = all ? 0 : Math.floor(random() * candidates);
    let end = 0;
    for (let index = 0; index < count; index += 1) {
      const start = end;
      end = Math.floor(((index + 1) * candidates) / count);
      let slot = all ? index : start + Math.floor(random() * (end - start)) + turn;
      if (slot >= candidates) slot -= candidates;
      if (except >= 0 && slot >= except) slot += 1;
      this.#endpoints.copy(target, at + index * width, slot * width, (slot + 1) * width);
      ids?.set(
        this.#ids.subarray(slot * ID_LENGTH, (slot + 1) * ID_LENGTH),
        idsAt + index * ID_LENGTH,
      );
    }
  }

  /** Fills the slot with the last peer. */
  #vacate(slot: number): void {
    const { width } = this;
    const last = this.#size - 1;
    this.#size = last;
    if (slot !== last) {
      const key = this.#endpoints.toString('latin1', last * width, (last + 1) * width);
      this.#slots.set(key, slot);
      this.#endpoints.copyWithin(slot * width, last * width, (last + 1) * width);
      this.#ids.copyWithin(slot * ID_LENGTH, last * ID_LENGTH, (last + 1) * ID_LENGTH);
      this.#seen[slot] = this.#seen[last] ?? 0;
    }
    // A quarter, not a half, so that one peer coming and going does not resize each time.
    const capacity = this.#seen.length;
    if (capacity > 64 && last < capacity / 4) this.#resize(capacity / 2);
  }

  #resize(capacity: number): void {
    const endpoints = Buffer.alloc(capacity * this.width);
    this.#endpoints.copy(endpoints, 0, 0, this.#size * this.width);
    const ids = Buffer.alloc(capacity * ID_LENGTH);
    this.#ids.copy(ids, 0, 0, this.#size * ID_LENGTH);
    const seen = new Uint32Array(capacity);
    seen.set(this.#seen.subarray(0, this.#size));
    this.#endpoints = endpoints;
    this.#ids = ids;
    this.#seen = seen;
  }
}
