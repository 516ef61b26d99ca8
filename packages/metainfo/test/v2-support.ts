import fc from 'fast-check';
import type { MetainfoErrorCode, ParseOptions } from '../src/index.ts';
import { MetainfoError, parseMetainfo } from '../src/index.ts';
import type { BuiltFile } from './v2-builder.ts';
import { inTreeOrder } from './v2-builder.ts';

export const PIECE = 16_384;

/** The code of the error that a torrent is refused with. */
export function codeOf(bytes: Uint8Array, options?: ParseOptions): MetainfoErrorCode | undefined {
  try {
    parseMetainfo(bytes, options);
  } catch (error) {
    if (error instanceof MetainfoError) return error.code;
    throw error;
  }
  return undefined;
}

/** A file whose bytes are its path, again and again. */
export const file = (path: string, length: number, attr?: string): BuiltFile => ({
  path: path.split('/'),
  data: Buffer.alloc(length, path),
  ...(attr === undefined ? {} : { attr }),
});

/** Names by which a tree is a file at one place and a folder at another are left out. */
export const randomFiles = fc
  .uniqueArray(
    fc.record({
      path: fc.array(fc.constantFrom('a', 'b', 'c-d', 'é', 'Z', 'x y'), {
        minLength: 1,
        maxLength: 4,
      }),
      length: fc.oneof(fc.constantFrom(0, 1, PIECE, PIECE + 1, 2 * PIECE), fc.nat(5 * PIECE)),
      byte: fc.nat(255),
    }),
    { minLength: 1, maxLength: 8, selector: ({ path }) => path.join('/') },
  )
  .map((files) => {
    const taken = new Set<string>();
    const kept = files.filter(({ path }) => {
      const whole = path.join('/');
      const isFree =
        !taken.has(`${whole}/`) && path.every((_, end) => !taken.has(path.slice(0, end).join('/')));
      if (!isFree) return false;
      taken.add(whole);
      for (let end = 1; end < path.length; end++) taken.add(`${path.slice(0, end).join('/')}/`);
      return true;
    });
    return inTreeOrder(
      kept.map(({ path, length, byte }) => ({ path, data: Buffer.alloc(length, byte) })),
    );
  });

export const randomOptions = fc.record({
  pieceLength: fc.constantFrom(PIECE, 2 * PIECE, 8 * PIECE),
  hybrid: fc.constantFrom(undefined, 'tail padding', 'no tail padding'),
});
