import { readFileSync } from 'node:fs';
import type { BencodeNode, BencodeValue } from '../src/index.ts';
import { bytesFromKey, encode } from '../src/index.ts';

/** How the vectors write a value down: dictionaries as pairs in the order of the source. */
export type VectorValue =
  | { readonly int: string }
  | { readonly hex: string }
  | { readonly list: readonly VectorValue[] }
  | { readonly dict: readonly (readonly [string, VectorValue])[] };

export interface Recipe {
  readonly prefix_hex: string;
  readonly times: number;
  readonly middle_hex: string;
  readonly suffix_hex: string;
}

export function readFixture(name: string): readonly unknown[] {
  const url = new URL(`fixtures/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { vectors: unknown[] }).vectors;
}

export function bytesOf(vector: { readonly hex?: string; readonly recipe?: Recipe }): Uint8Array {
  if (vector.recipe === undefined) return Buffer.from(vector.hex ?? '', 'hex');
  const { prefix_hex, times, middle_hex, suffix_hex } = vector.recipe;
  return Buffer.from(prefix_hex.repeat(times) + middle_hex + suffix_hex.repeat(times), 'hex');
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What `decode` must give for a vector's value. */
export function toDecoded(value: VectorValue): BencodeValue {
  if ('int' in value) {
    const big = BigInt(value.int);
    return Number.isSafeInteger(Number(big)) ? Number(big) : big;
  }
  if ('hex' in value) return new Uint8Array(Buffer.from(value.hex, 'hex'));
  if ('list' in value) return value.list.map(toDecoded);
  return new Map(
    value.dict.map(([key, member]) => [
      Buffer.from(key, 'hex').toString('latin1'),
      toDecoded(member),
    ]),
  );
}

/** The vector notation of a decoded value. */
export function fromDecoded(value: BencodeValue): VectorValue {
  if (typeof value === 'number' || typeof value === 'bigint') return { int: value.toString() };
  if (value instanceof Uint8Array) return { hex: hex(value) };
  if (Array.isArray(value)) return { list: value.map(fromDecoded) };
  return {
    dict: [...value].map(([key, member]) => [hex(bytesFromKey(key)), fromDecoded(member)]),
  };
}

/** The vector notation of a node, by its accessors alone. */
export function fromNode(node: BencodeNode): VectorValue {
  switch (node.type) {
    case 'integer':
      return { int: node.asInteger().toString() };
    case 'bytes':
      return { hex: hex(node.asBytes()) };
    case 'list':
      return { list: [...node.items()].map(fromNode) };
    case 'dictionary':
      return {
        dict: [...node.entries()].map(([key, member]) => [
          hex(bytesFromKey(key)),
          fromNode(member),
        ]),
      };
  }
}

export const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));
export const reencode = (value: BencodeValue): string => hex(encode(value));
