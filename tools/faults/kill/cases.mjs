// @ts-check
import { formatMagnet } from '@shoal/metainfo';

/** @import { Content, Spec } from '../lib/content.mjs' */

/**
 * @typedef {object} KillCase
 * @property {string} name
 * @property {'command' | 'library'} by which process is killed
 * @property {readonly Spec[]} specs
 * @property {readonly number[]} [select] files wanted at first
 * @property {boolean} [byMagnet]
 * @property {Record<string, unknown>} [library] more for kill/downloader.mjs
 */

const K = 1024;
const PIECE = 64 * K;

/** Some 6 MB in files of many lengths, with pieces that lie across them. */
const FILES = /** @type {const} */ ([
  ['a.bin', 40 * PIECE + 777],
  ['in/b.bin', 12 * PIECE - 5],
  ['in/c.bin', 9_000],
  ['in/deep/d.bin', 20 * PIECE],
  ['e.bin', 18 * PIECE + 4_000],
]);

/** @type {(name: string, format: Spec['format']) => Spec} */
const spec = (name, format) => ({ name, format, pieceLength: PIECE, files: FILES });

/** @type {readonly KillCase[]} */
export const cases = [
  { name: 'command-v1', by: 'command', specs: [spec('v1', 'v1')] },
  { name: 'command-hybrid', by: 'command', specs: [spec('hybrid', 'hybrid')] },
  { name: 'command-v2', by: 'command', specs: [spec('v2', 'v2')] },
  { name: 'command-magnet', by: 'command', specs: [spec('magnet', 'hybrid')], byMagnet: true },
  { name: 'command-selected', by: 'command', specs: [spec('some', 'v1')], select: [1, 4] },
  {
    name: 'library-parts',
    by: 'library',
    specs: [spec('parts', 'v1')],
    select: [1, 4],
    library: { selectAllAt: 0.3, pieceBufferBudget: 1_048_576 },
  },
  {
    name: 'library-preallocated',
    by: 'library',
    specs: [spec('whole', 'v2')],
    library: { preallocate: true },
  },
  {
    name: 'library-equal-files',
    by: 'library',
    specs: [
      {
        name: 'lender',
        seed: 'twin',
        format: 'hybrid',
        pieceLength: PIECE,
        files: [['same.bin', 50 * PIECE + 5]],
      },
      {
        name: 'borrower',
        seed: 'twin',
        format: 'v2',
        pieceLength: PIECE,
        files: [
          ['own.bin', 20 * PIECE],
          ['same.bin', 50 * PIECE + 5],
        ],
      },
    ],
  },
];

/** @param {Content} content */
export function magnetOf({ metainfo: { info } }) {
  const { infoHash, infoHashV2 } = info;
  return formatMagnet({
    ...(infoHash === undefined ? {} : { infoHash }),
    ...(infoHashV2 === undefined ? {} : { infoHashV2 }),
  });
}
