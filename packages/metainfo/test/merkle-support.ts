import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { HashRequest } from '../src/index.ts';

/** A whole file of `fixtures/`. */
export function readFixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
}

/** Payload of the vectors: SHA-256(seed:0), SHA-256(seed:1), … cut to a length. */
export function payload(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, count = 0; at < length; at += 32, count++) {
    const part = createHash('sha256').update(`${seed}:${count}`).digest();
    bytes.set(part.subarray(0, length - at), at);
  }
  return bytes;
}

/** A fixture of hashes as one array. */
export function flat(hashes: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(hashes.join(''), 'hex'));
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/**
 * All layers of a tree as BEP 52 words it, nothing left out: the leaves padded with zeros to a power of two, and every layer
 * above them. Slow, and shares nothing with the code under test.
 */
export class NaiveTree {
  readonly layers: Uint8Array[][];

  constructor(data: Uint8Array) {
    let layer: Uint8Array[] = [];
    for (let at = 0; at < data.length; at += 16_384) {
      layer.push(sha256(data.subarray(at, at + 16_384)));
    }
    while (Math.log2(layer.length) % 1 !== 0) layer.push(new Uint8Array(32));
    this.layers = [layer];
    while (layer.length > 1) {
      const above: Uint8Array[] = [];
      for (let at = 0; at < layer.length; at += 2) {
        above.push(sha256(layer[at] ?? new Uint8Array(), layer[at + 1] ?? new Uint8Array()));
      }
      layer = above;
      this.layers.push(layer);
    }
  }

  get root(): Uint8Array {
    return this.node(this.layers.length - 1, 0);
  }

  node(layer: number, index: number): Uint8Array {
    const node = this.layers[layer]?.[index];
    if (node === undefined) throw new Error(`no node ${index} in layer ${layer}`);
    return node;
  }

  /** Some nodes of a layer, one after the other. */
  range(layer: number, from: number, to: number): Uint8Array {
    return new Uint8Array(Buffer.concat((this.layers[layer] ?? []).slice(from, to)));
  }

  /** The answer to a request: the hashes, and uncles from the layers whose nodes they do not all give. */
  answer({ baseLayer, index, length, proofLayers }: HashRequest): Uint8Array {
    const hashes = [this.range(baseLayer, index, index + length)];
    for (let proof = 1; proof <= proofLayers; proof++) {
      const width = length / 2 ** proof;
      if (width > 1) continue;
      hashes.push(this.node(baseLayer + proof, Math.floor(index / 2 ** proof) ^ 1));
    }
    return new Uint8Array(Buffer.concat(hashes));
  }
}
