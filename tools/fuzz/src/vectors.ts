import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The bundle stands in `tools/fuzz/dist`. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Bytes of a byte string found in a vector file that is taken for a seed, at most. */
const MAX_SEED_LENGTH = 65_536;

/** All files of a folder of test fixtures whose name ends so, at most so long. */
export function* filesOf(
  folder: string,
  ending: string,
  maxLength = 65_536,
): Generator<Uint8Array> {
  for (const name of readdirSync(join(ROOT, folder)).sort()) {
    if (!name.endsWith(ending)) continue;
    const bytes = readFileSync(join(ROOT, folder, name));
    if (bytes.length <= maxLength) yield new Uint8Array(bytes);
  }
}

/**
 * Everything in a file of test vectors that stands under one of the given keys, wherever it is: hex and base64 as the name of the key
 * says, anything else as text.
 */
export function* vectorsOf(file: string, ...keys: readonly string[]): Generator<Uint8Array> {
  const root: unknown = JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
  yield* found(root, new Set(keys));
}

function* found(value: unknown, keys: ReadonlySet<string>): Generator<Uint8Array> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === 'string' && keys.has(key)) {
      const bytes = bytesOf(key, member);
      if (bytes.length <= MAX_SEED_LENGTH) yield bytes;
    } else yield* found(member, keys);
  }
}

function bytesOf(key: string, text: string): Uint8Array {
  const encoding = /hex/.test(key) ? 'hex' : /base64/.test(key) ? 'base64' : 'utf8';
  return new Uint8Array(Buffer.from(text, encoding));
}

/** Texts as inputs. */
export function texts(...all: readonly string[]): Uint8Array[] {
  return all.map((text) => new Uint8Array(Buffer.from(text)));
}

/** Bytes written as one character each. */
export function latin1(...all: readonly string[]): Uint8Array[] {
  return all.map((text) => new Uint8Array(Buffer.from(text, 'latin1')));
}

/** An input as text: what is not UTF-8 comes out as U+FFFD. */
export function asText(input: Uint8Array): string {
  return Buffer.from(input.buffer, input.byteOffset, input.length).toString('utf8');
}
