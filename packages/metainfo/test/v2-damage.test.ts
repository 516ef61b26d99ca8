import type { BencodeInput } from '@shoal/bencode';
import { decode, encode } from '@shoal/bencode';
import fc from 'fast-check';
import { parseMetainfo } from '../src/index.ts';
import { buildV2 } from './v2-builder.ts';
import { PIECE, codeOf, randomFiles, randomOptions } from './v2-support.ts';

describe('v2 and hybrid torrents', () => {
  it('take damage to any value without anything but a typed error', () => {
    const value: fc.Arbitrary<BencodeInput> = fc.oneof(
      fc.constantFrom<BencodeInput>(0, -1, 1, PIECE, 2n ** 53n, '', 'p', 'l', '..', [], new Map()),
      fc.uint8Array({ minLength: 31, maxLength: 33 }),
      fc.constant<BencodeInput>({ '': { length: 1, 'pieces root': 'r'.repeat(32) } }),
    );
    const key = fc.constantFrom('', 'a', 'length', 'attr', 'pieces root', 'files', 'pieces', '..');
    fc.assert(
      fc.property(
        randomFiles,
        randomOptions,
        fc.array(fc.tuple(fc.array(fc.nat(9), { maxLength: 6 }), key, value, fc.nat(2)), {
          minLength: 1,
          maxLength: 3,
        }),
        (files, { pieceLength, hybrid }, edits) => {
          const bytes = buildV2(files, {
            pieceLength,
            ...(hybrid === undefined ? {} : { hybrid }),
          });
          const root = decode(bytes) as Map<string, BencodeInput>;
          for (const [way, name, replacement, kind] of edits) {
            // A copy: later edits reach into it, and two of the same would make a value that contains itself.
            const copy = decode(encode(replacement)) as BencodeInput;
            damage(root, way, name, copy, kind);
          }
          const damaged = encode(root);
          const code = codeOf(damaged);
          if (code !== undefined) return;
          const { info, pieceLayers } = parseMetainfo(damaged);
          for (let piece = 0; piece < info.pieceCount; piece++) pieceLayers.pieceHash(piece);
          for (const { path } of info.files) expect(path.split('/')).not.toContain('..');
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** Follow a way through dictionaries and lists, then replace, remove or add something. */
function damage(
  root: BencodeInput,
  way: readonly number[],
  name: string,
  replacement: BencodeInput,
  kind: number,
): void {
  let node = root;
  let put: ((value: BencodeInput) => void) | undefined;
  for (const step of way) {
    if (node instanceof Map && node.size > 0) {
      const map = node as Map<string, BencodeInput>;
      const key = [...map.keys()][step % map.size]!;
      put = (value) => void map.set(key, value);
      node = map.get(key)!;
    } else if (Array.isArray(node) && node.length > 0) {
      const list = node as BencodeInput[];
      const at = step % list.length;
      put = (value) => void (list[at] = value);
      node = list[at]!;
    } else break;
  }
  if (node instanceof Map && kind === 1) (node as Map<string, BencodeInput>).set(name, replacement);
  else if (node instanceof Map && kind === 2) (node as Map<string, BencodeInput>).delete(name);
  else put?.(replacement);
}
