const NONE = -1;
const UNLINKED = -2;
/** What all begin with. */
const NO_NODES = new Int32Array(0);

/**
 * The blocks that are requested and may be requested once more in end-game, the request outstanding longest first: a doubly
 * linked list held in typed arrays. A node is a small number that the caller derives from the block's place.
 */
export class RequestOrder {
  #next = NO_NODES;
  #previous = NO_NODES;
  #head = NONE;
  #tail = NONE;

  /** Makes room for nodes 0 to `capacity` - 1. */
  grow(capacity: number): void {
    const old = this.#next.length;
    if (capacity <= old) return;
    const size = Math.max(capacity, old * 2);
    const next = new Int32Array(size).fill(UNLINKED, old);
    next.set(this.#next);
    const previous = new Int32Array(size).fill(UNLINKED, old);
    previous.set(this.#previous);
    this.#next = next;
    this.#previous = previous;
  }

  /** The node outstanding longest, or -1. */
  get first(): number {
    return this.#head;
  }

  /** The node after a linked one, or -1. */
  after(node: number): number {
    return this.#next[node] ?? NONE;
  }

  /** Puts a node last: it has just been requested. */
  append(node: number): void {
    this.remove(node);
    this.#next[node] = NONE;
    this.#previous[node] = this.#tail;
    if (this.#tail === NONE) this.#head = node;
    else this.#next[this.#tail] = node;
    this.#tail = node;
  }

  /** Puts a node first: somebody gave it up, so it is overdue. */
  prepend(node: number): void {
    this.remove(node);
    this.#previous[node] = NONE;
    this.#next[node] = this.#head;
    if (this.#head === NONE) this.#tail = node;
    else this.#previous[this.#head] = node;
    this.#head = node;
  }

  /** Takes a node out; harmless when it is not in. */
  remove(node: number): void {
    const next = this.#next[node] ?? UNLINKED;
    if (next === UNLINKED) return;
    const previous = this.#previous[node] ?? NONE;
    if (previous === NONE) this.#head = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#tail = previous;
    else this.#previous[next] = previous;
    this.#next[node] = UNLINKED;
    this.#previous[node] = UNLINKED;
  }
}
