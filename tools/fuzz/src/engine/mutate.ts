import { mutateTree } from './bencode-tree.ts';
import type { SeededRandom } from './random.ts';
import type { InputShape } from './target.ts';

const INTERESTING_BYTES = [
  0, 1, 0x0a, 0x20, 0x2d, 0x2f, 0x30, 0x39, 0x3a, 0x5c, 0x65, 0x7f, 0x80, 0xff,
] as const;
const INTERESTING_WORDS = [
  0, 1, 2, 12, 13, 0x4000, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x2_0000, 0x7fff_ffff, 0x8000_0000,
  0xffff_fffe, 0xffff_ffff,
] as const;
const INTERESTING_NUMBERS = [
  '0',
  '1',
  '-1',
  '00',
  '65535',
  '65536',
  '4294967295',
  '9007199254740991',
  '9007199254740993',
  '99999999999999999999',
] as const;
/** Changes made to one input at once, at most. */
const MAX_STACKED = 5;

/** What an input can be made of. */
export interface MutationMeans {
  readonly random: SeededRandom;
  readonly shape: InputShape;
  readonly tokens: readonly string[];
  readonly maxLength: number;
}

/** A new input from one that is known, and another one that parts can be taken of. */
export function mutate(input: Uint8Array, other: Uint8Array, means: MutationMeans): Uint8Array {
  const { random, shape, tokens, maxLength } = means;
  let bytes = input;
  for (let left = 1 + random.below(MAX_STACKED); left > 0; left--) {
    const treeFirst = shape === 'bencode' && random.below(4) > 0;
    const changed = treeFirst ? mutateTree(bytes, other, random, tokens) : undefined;
    bytes = changed ?? mutateBytes(bytes, other, means);
    if (bytes.length > maxLength) bytes = bytes.slice(0, maxLength);
  }
  return bytes;
}

function mutateBytes(bytes: Uint8Array, other: Uint8Array, means: MutationMeans): Uint8Array {
  const { random, tokens, shape } = means;
  const at = random.below(bytes.length + 1);
  const run = 1 + random.below(random.bool() ? 4 : Math.max(1, bytes.length - at));
  switch (random.below(shape === 'text' ? 12 : 14)) {
    case 0:
      return changed(bytes, at, (byte) => byte ^ (1 << random.below(8)));
    case 1:
      return changed(bytes, at, () => random.below(256));
    case 2:
      return changed(bytes, at, () => random.pick(INTERESTING_BYTES));
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + run));
    case 4:
      return joined(bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at));
    case 5: {
      const from = random.below(bytes.length + 1);
      return joined(bytes.subarray(0, at), bytes.subarray(from, from + run), bytes.subarray(at));
    }
    case 6: {
      const from = random.below(other.length + 1);
      return joined(bytes.subarray(0, at), other.subarray(from));
    }
    case 7: {
      const from = random.below(other.length + 1);
      return joined(bytes.subarray(0, at), other.subarray(from, from + run), bytes.subarray(at));
    }
    case 8:
    case 9: {
      const token = Buffer.from(random.pick(tokens) ?? '\0', 'latin1');
      const skipped = random.bool() ? token.length : 0;
      return joined(bytes.subarray(0, at), token, bytes.subarray(at + skipped));
    }
    case 10:
      return otherNumber(bytes, random);
    case 11: {
      const slice = bytes.subarray(at, at + run);
      const times = 1 + random.below(random.bool() ? 4 : 64);
      return joined(
        bytes.subarray(0, at),
        ...Array.from({ length: times }, () => slice),
        bytes.subarray(at),
      );
    }
    case 12: {
      const word = random.pick(INTERESTING_WORDS);
      return joined(
        bytes.subarray(0, at),
        Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word),
        bytes.subarray(at + (random.bool() ? 4 : 0)),
      );
    }
    default:
      return changed(bytes, at, (byte) => byte + random.below(9) - 4);
  }
}

function changed(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice();
  if (at < copy.length) copy[at] = change(copy[at] ?? 0);
  return copy;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Puts another number where one is written out in digits. */
function otherNumber(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const numbers = [...text.matchAll(/\d+/g)];
  const chosen = random.pick(numbers);
  if (chosen === undefined) return bytes;
  const value = random.bool() ? random.pick(INTERESTING_NUMBERS) : `${random.below(300)}`;
  const end = chosen.index + chosen[0].length;
  return new Uint8Array(
    Buffer.from(`${text.slice(0, chosen.index)}${value}${text.slice(end)}`, 'latin1'),
  );
}
