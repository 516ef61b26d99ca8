// @ts-check
import { formatMagnet } from '@shoal/metainfo';

/** @import { AddOptions } from '@shoal/client' */
/** @import { Content, Spec } from '../lib/content.mjs' */
/** @import { Stage } from './record.mjs' */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} shows what it is about
 * @property {readonly Spec[]} specs
 * @property {(stage: Stage) => Promise<void>} run what the user does
 * @property {(content: Content) => string} [magnet] the link a torrent may also be added by after the crash
 */

/** Bytes: the shortest piece a v2 torrent may have. */
const PIECE = 16_384;

/** Files of many lengths: a few pieces, a part of one, exactly one, none. */
const MIXED = /** @type {const} */ ([
  ['a.bin', 20 * PIECE + 123],
  ['deep/er/b.bin', 9 * PIECE - 5],
  ['deep/c.bin', 700],
  ['d.bin', PIECE],
  ['empty', 0],
  ['z/e.bin', 15 * PIECE + 8000],
]);

/** Bytes per second: slow enough for several savings (every 30 s) to fall into a download of {@link MIXED}. */
const RATE = 7_000;

/** @type {(name: string, format: Spec['format']) => Spec} */
const mixed = (name, format) => ({ name, format, pieceLength: PIECE, files: MIXED });

/**
 * Downloads everything, and looks on for a while.
 *
 * @param {Stage} stage
 * @param {Partial<AddOptions>} [options]
 */
async function plainly(stage, options) {
  const [content] = stage.contents;
  if (content === undefined) return;
  const client = await stage.start();
  const torrent = await stage.add(client, content, options);
  await stage.complete(torrent);
  await stage.pass(40_000);
  await stage.stop(client);
}

/** @type {readonly Scenario[]} */
export const scenarios = [
  {
    name: 'v1-files',
    shows: 'pieces that lie across files, in folders, sparse',
    specs: [mixed('v1', 'v1')],
    run: (stage) => plainly(stage),
  },
  {
    name: 'v1-preallocated',
    shows: 'files of full length from the start: sizes say nothing',
    specs: [mixed('v1', 'v1')],
    run: (stage) => plainly(stage, { preallocate: true }),
  },
  {
    name: 'v1-one-file',
    shows: 'a file in the download folder itself',
    specs: [{ name: 'one.bin', format: 'v1', pieceLength: PIECE, files: [['', 40 * PIECE + 99]] }],
    run: (stage) => plainly(stage, { sequential: true }),
  },
  {
    name: 'hybrid-files',
    shows: 'both hashes, padding between files',
    specs: [mixed('hybrid', 'hybrid')],
    run: (stage) => plainly(stage),
  },
  {
    name: 'v2-files',
    shows: 'SHA-256 alone, a piece belongs to one file',
    specs: [mixed('v2', 'v2')],
    run: (stage) => plainly(stage, { preallocate: true }),
  },
  {
    name: 'many-small-files',
    shows: 'several files in each piece',
    specs: [
      {
        name: 'small',
        format: 'v1',
        pieceLength: PIECE,
        files: Array.from({ length: 60 }, (_, index) => [
          `f${index % 7}/${index}.bin`,
          5000 + 317 * (index % 11),
        ]),
      },
    ],
    run: (stage) => plainly(stage),
  },
  {
    name: 'several-sessions',
    shows: 'a client that is ended and started again, in the middle',
    specs: [mixed('v1', 'v1')],
    run: async (stage) => {
      const [content] = stage.contents;
      if (content === undefined) return;
      for (const pieces of [9, 21, 33]) {
        const client = await stage.start();
        const torrent = await stage.add(client, content);
        await stage.until(() => torrent.progress().pieces.have >= pieces, 'some pieces');
        await stage.stop(client);
      }
      await plainly(stage);
    },
  },
  {
    name: 'deselected-files',
    shows: 'the parts file: files are wanted, not wanted, and wanted again',
    specs: [mixed('v1', 'v1')],
    run: async (stage) => {
      const [content] = stage.contents;
      if (content === undefined) return;
      const client = await stage.start();
      const torrent = await stage.add(client, content, { select: [0, 2] });
      await stage.until(() => torrent.progress().pieces.have >= 12, 'some pieces');
      torrent.select([1, 5]);
      await stage.until(() => torrent.progress().pieces.have >= 24, 'more pieces');
      torrent.select([0, 3]);
      await stage.complete(torrent);
      await stage.pass(35_000);
      torrent.select([0, 1, 2, 3, 4, 5]);
      await stage.complete(torrent);
      await stage.pass(35_000);
      await stage.stop(client);
    },
  },
  {
    name: 'reselected-at-start',
    shows: 'the parts file of an earlier session, whose files are wanted in the next',
    specs: [mixed('v1', 'v1')],
    run: async (stage) => {
      const [content] = stage.contents;
      if (content === undefined) return;
      /** @type {(readonly number[])[]} */
      const selections = [[5], [1], [0, 1], [0, 1, 2, 3, 4, 5]];
      for (const select of selections) {
        const client = await stage.start();
        const torrent = await stage.add(client, content, { select });
        await stage.complete(torrent);
        await stage.stop(client);
      }
    },
  },
  {
    name: 'equal-files',
    shows: 'data copied from another torrent and from a twin in the same one',
    specs: [
      {
        name: 'lender',
        seed: 'twins',
        format: 'hybrid',
        pieceLength: PIECE,
        files: [
          ['same.bin', 18 * PIECE + 77],
          ['own.bin', 4 * PIECE],
        ],
      },
      {
        name: 'borrower',
        seed: 'twins',
        format: 'v2',
        pieceLength: PIECE,
        files: [
          ['copy/same.bin', 6 * PIECE],
          ['same.bin', 18 * PIECE + 77],
        ],
      },
    ],
    run: async (stage) => {
      const [lender, borrower] = stage.contents;
      if (lender === undefined || borrower === undefined) return;
      const client = await stage.start();
      const one = await stage.add(client, lender);
      await stage.until(() => one.progress().pieces.have >= 10, 'something to lend');
      const other = await stage.add(client, borrower);
      await stage.complete(one);
      await stage.complete(other);
      await stage.pass(35_000);
      await stage.stop(client);
    },
  },
  {
    name: 'late-hashes',
    shows:
      'a magnet link of a v2 torrent: metadata and piece hashes come from peers, in two sessions',
    specs: [mixed('v2', 'v2')],
    run: async (stage) => {
      const [content] = stage.contents;
      if (content === undefined) return;
      for (const pieces of [14, 48]) {
        const client = await stage.start();
        const torrent = await stage.addMagnet(client, content, magnetOf(content));
        await stage.until(
          () => torrent.hasMetadata() && torrent.progress().pieces.have >= pieces,
          'some pieces',
        );
        await stage.stop(client);
      }
    },
    magnet: magnetOf,
  },
  {
    name: 'rotten-piece',
    shows: 'bits that turn on disk, found by a check, downloaded again into the same place',
    specs: [mixed('v1', 'v1')],
    run: async (stage) => {
      const [content] = stage.contents;
      if (content === undefined) return;
      const client = await stage.start();
      const torrent = await stage.add(client, content);
      await stage.complete(torrent);
      await stage.pass(35_000);
      for (const [path, offset] of /** @type {const} */ ([
        ['v1/a.bin', 5 * PIECE + 17],
        ['v1/z/e.bin', 9 * PIECE],
      ])) {
        stage.rot(content, path, offset);
      }
      await stage.settle(torrent.verify());
      stage.known();
      await stage.complete(torrent);
      await stage.pass(35_000);
      await stage.stop(client);
    },
  },
  {
    name: 'checked-anew',
    shows: 'everything hashed again half-way, by the user',
    specs: [mixed('hybrid', 'hybrid')],
    run: async (stage) => {
      const [content] = stage.contents;
      if (content === undefined) return;
      const client = await stage.start();
      const torrent = await stage.add(client, content);
      await stage.until(() => torrent.progress().pieces.have >= 20, 'some pieces');
      await stage.settle(torrent.verify());
      await stage.pass(20_000);
      await stage.settle(torrent.pause());
      await stage.pass(5_000);
      await stage.settle(torrent.resume());
      await stage.complete(torrent);
      await stage.stop(client);
    },
  },
];

/** Bytes per second of each seeder. */
export const SEEDER_RATE = RATE;

/** @param {Content} content */
function magnetOf({ metainfo: { info } }) {
  const { infoHash, infoHashV2 } = info;
  return formatMagnet({
    ...(infoHash === undefined ? {} : { infoHash }),
    ...(infoHashV2 === undefined ? {} : { infoHashV2 }),
  });
}
