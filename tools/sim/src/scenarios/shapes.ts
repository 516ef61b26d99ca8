import type { FileSpec } from '../../../../packages/client/test/disk/fixture.ts';
import { type Scenario, scenario, type Theme } from '../scenario.ts';
import { isWhole, KIB, leechers, MIB, MINUTE } from '../swarms.ts';

interface Shape {
  readonly name: string;
  readonly what: string;
  readonly files: readonly FileSpec[];
  readonly pieceLength: number;
  /** Virtual s. */
  readonly within: number;
  readonly peers?: number;
  readonly rate?: number;
}

/** Three peers and a seed of some shape of torrent. */
const shape = ({
  name,
  what,
  files,
  pieceLength,
  within,
  peers = 3,
  rate = 2_000_000,
}: Shape): Scenario =>
  scenario(`shape-${name}`, `${what}: ${peers} peers complete and have every byte`, async (sim) => {
    const swarm = sim.swarm({ files, pieceLength });
    const line = { bandwidthUp: rate, bandwidthDown: rate };
    await swarm.seed({ line });
    const nodes = await leechers(swarm, peers, () => ({ line }));
    await swarm.finished(nodes, within * 1_000 + MINUTE);
    sim.check('end', swarm.world.now / 1_000, { atMost: within }, ' s');
    sim.holds('all are whole', nodes.every(isWhole));
    for (const { torrent } of nodes) {
      const { completedBytes, totalBytes } = torrent.progress();
      sim.holds(
        'every byte is there',
        completedBytes === totalBytes && totalBytes === torrent.info.length,
      );
      for (const file of torrent.files) sim.holds(`${file.path} is complete`, file.progress === 1);
    }
  });

export const shapes: Theme = {
  title: 'Torrents of all shapes',
  scenarios: [
    shape({
      name: 'one-byte',
      what: 'One file of one byte',
      files: [{ path: 'a', length: 1 }],
      pieceLength: 16 * KIB,
      within: 10,
    }),
    shape({
      name: 'one-block',
      what: 'One block exactly',
      files: [{ path: 'a', length: 16 * KIB }],
      pieceLength: 16 * KIB,
      within: 10,
    }),
    shape({
      name: 'one-piece',
      what: 'One piece of many blocks',
      files: [{ path: 'a', length: MIB }],
      pieceLength: MIB,
      within: 15,
    }),
    shape({
      name: 'one-piece-short',
      what: 'One piece, and a byte short of it',
      files: [{ path: 'a', length: 256 * KIB - 1 }],
      pieceLength: 256 * KIB,
      within: 15,
    }),
    shape({
      name: 'last-piece-of-a-byte',
      what: 'The last piece has one byte',
      files: [{ path: 'a', length: 512 * KIB + 1 }],
      pieceLength: 64 * KIB,
      within: 15,
    }),
    shape({
      name: 'last-block-of-a-byte',
      what: 'The last block of the last piece has one byte',
      files: [{ path: 'a', length: 528 * KIB + 1 }],
      pieceLength: 64 * KIB,
      within: 15,
    }),
    shape({
      name: 'empty-files',
      what: 'Empty files at the beginning, in the middle and at the end',
      files: [0, 0, 70_000, 0, 1, 0, 0, 64 * KIB, 0].map((length, index) => ({
        path: `set/${index}`,
        length,
      })),
      pieceLength: 32 * KIB,
      within: 10,
    }),
    shape({
      name: 'many-small-files',
      what: 'A thousand files of 1 to 999 bytes, dozens in a piece',
      files: Array.from({ length: 1_000 }, (_, index) => ({
        path: `set/${index}`,
        length: 1 + ((index * 7) % 999),
      })),
      pieceLength: 32 * KIB,
      within: 10,
    }),
    shape({
      name: 'padding',
      what: 'Files aligned by padding (BEP 47), which is not downloaded',
      files: [
        { path: 'set/a', length: 100_000 },
        { path: 'set/.pad/1', length: 31_072, padding: true },
        { path: 'set/b', length: 1 },
        { path: 'set/.pad/2', length: 65_535, padding: true },
        { path: 'set/c', length: 200_000 },
      ],
      pieceLength: 64 * KIB,
      within: 10,
    }),
    shape({
      name: 'odd-piece-length',
      what: 'A piece length that is no power of two',
      files: [{ path: 'a', length: 1_000_000 }],
      pieceLength: 48 * KIB,
      within: 15,
    }),
    shape({
      name: 'thousands-of-pieces',
      what: 'Three thousand pieces of one block',
      files: [{ path: 'a', length: 3_000 * 16 * KIB - 5 }],
      pieceLength: 16 * KIB,
      within: 40,
      peers: 1,
      rate: 10_000_000,
    }),
    shape({
      name: 'large-pieces',
      what: 'Pieces of 16 MiB',
      files: [{ path: 'a', length: 40 * MIB + 3 }],
      pieceLength: 16 * MIB,
      within: 30,
      peers: 1,
      rate: 10_000_000,
    }),
  ],
};
