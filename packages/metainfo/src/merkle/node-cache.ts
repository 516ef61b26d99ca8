import { SHA256_LENGTH } from '../limits.ts';
import type { TreeGeometry } from './geometry.ts';
import { hashCountAt } from './geometry.ts';

/**
 * Layers between that of the pieces and the lowest one kept: a node below it is made anew from up to 32 piece hashes in some
 * 30 µs, and what is kept is a thirty-second of the piece hashes.
 */
const LAYERS_NOT_KEPT = 6;

/** Nodes of the upper layers of one file's tree, the root not among them. Takes memory with the first node put in. */
export class NodeCache {
  /** The lowest layer kept. */
  readonly firstLayer: number;
  /** Digests that make a node of it from piece hashes. */
  readonly firstCost = 2 ** LAYERS_NOT_KEPT - 1;
  /** Number of the first node of each layer kept, and last the number of nodes. */
  readonly #starts: readonly number[];
  #nodes: Buffer | undefined;
  /** 1 for each node that is there. */
  #present: Uint8Array | undefined;

  constructor({ blockCount, pieceLayer, height }: TreeGeometry) {
    this.firstLayer = pieceLayer + LAYERS_NOT_KEPT;
    const starts = [0];
    let count = 0;
    for (let layer = this.firstLayer; layer < height; layer++) {
      count += hashCountAt(blockCount, layer);
      starts.push(count);
    }
    this.#starts = starts;
  }

  /** Copy a node to `into`; false where it is not there. */
  copy(layer: number, index: number, into: Buffer, at: number): boolean {
    const slot = this.#slotOf(layer, index);
    if (slot === undefined || this.#nodes === undefined || this.#present?.[slot] !== 1)
      return false;
    const from = slot * SHA256_LENGTH;
    this.#nodes.copy(into, at, from, from + SHA256_LENGTH);
    return true;
  }

  /** Keep a node that is known to be right; one that is not of these layers, or padding, is left out. */
  put(layer: number, index: number, node: Uint8Array): void {
    const slot = this.#slotOf(layer, index);
    if (slot === undefined) return;
    const count = this.#starts.at(-1) ?? 0;
    this.#nodes ??= Buffer.alloc(count * SHA256_LENGTH);
    this.#present ??= new Uint8Array(count);
    this.#nodes.set(node, slot * SHA256_LENGTH);
    this.#present[slot] = 1;
  }

  #slotOf(layer: number, index: number): number | undefined {
    const start = this.#starts[layer - this.firstLayer];
    const end = this.#starts[layer - this.firstLayer + 1];
    if (start === undefined || end === undefined) return undefined;
    return start + index < end ? start + index : undefined;
  }
}
