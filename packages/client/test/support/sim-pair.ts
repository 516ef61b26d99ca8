import { type Node, SimSwarm } from './sim-swarm.ts';

/** Where others dial a node. */
export const at = ({ host }: { host: { address: string } }): { address: string; port: number } => ({
  address: host.address,
  port: 6881,
});

/** Three files over 64 pieces of 32 KiB: pieces 0–20 (a part of 20), 20–41, 41–63. */
export const THREE_FILES = [
  { path: 'album/one.flac', length: 20 * 32_768 + 1_000 },
  { path: 'album/two.flac', length: 21 * 32_768 },
  { path: 'album/three.flac', length: 23 * 32_768 - 1_000 },
];

/** A seed, and one that is to download from it. */
export async function pair(
  seed: number,
  options: { leecher?: Parameters<SimSwarm['node']>[0]; files?: typeof THREE_FILES } = {},
): Promise<{ swarm: SimSwarm; seed: Node; leecher: Node }> {
  const swarm = new SimSwarm({
    seed,
    ...(options.files === undefined ? {} : { files: options.files }),
  });
  const seeding = await swarm.seed({ trackerless: true });
  const leecher = await swarm.node({
    trackerless: true,
    ...options.leecher,
    add: { peers: [at(seeding)], ...options.leecher?.add },
  });
  return { swarm, seed: seeding, leecher };
}

/** Pieces that are there. */
export const haveOf = ({ torrent }: Node): number => torrent.progress().pieces.have;
