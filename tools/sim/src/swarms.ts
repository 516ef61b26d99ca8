import { BLOCK_LENGTH } from '@shoal/peer-wire';
import type {
  Node,
  NodeOptions,
  SimSwarm,
} from '../../../packages/client/test/support/sim-swarm.ts';

export const KIB = 1_024;
export const MIB = 1_048_576;
/** Virtual ms. */
export const SECOND = 1_000;
export const MINUTE = 60_000;

/** Where every client of a swarm listens. */
export const PORT = 6_881;

export const endpointOf = ({ host }: { host: { address: string } }) => ({
  address: host.address,
  port: PORT,
});

/** So many clients that have nothing yet; `optionsOf` says what each is like. */
export async function leechers(
  swarm: SimSwarm,
  count: number,
  optionsOf: (index: number) => NodeOptions = () => ({}),
): Promise<Node[]> {
  const nodes: Node[] = [];
  for (let index = 0; index < count; index += 1) nodes.push(await swarm.node(optionsOf(index)));
  return nodes;
}

/** How often a client has uploaded the whole torrent. */
export function copiesBy({ torrent }: Node): number {
  return torrent.progress().uploadedBytes / torrent.info.totalLength;
}

export const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

export const mean = (values: readonly number[]): number => sum(values) / values.length;

/** Blocks that came for nothing, on average over these. */
export function blocksWastedBy(nodes: readonly Node[]): number {
  return mean(nodes.map(({ torrent }) => torrent.progress().wastedBytes)) / BLOCK_LENGTH;
}

/** Notes when each client completes: virtual ms. */
export function endings(swarm: SimSwarm, nodes: readonly Node[]): Map<Node, number> {
  const ends = new Map<Node, number>();
  for (const node of nodes) node.torrent.on('complete', () => ends.set(node, swarm.world.now));
  return ends;
}

/** Has everything that it says it has. */
export function isWhole({ torrent, storage }: Node): boolean {
  const { pieceCount } = torrent.info;
  for (let piece = 0; piece < pieceCount; piece += 1) if (!storage.has(piece)) return false;
  return torrent.progress().pieces.have === pieceCount;
}
