import { PieceLayers } from '@shoal/metainfo';
import type { PeerReport } from '../../src/index.ts';
import { checkedStorage } from './checked-storage.ts';
import { poseAsSeed, ScriptedPeer, type PeerScript } from './scripted-peer.ts';
import { type Node, type NodeOptions, SimSwarm } from './sim-swarm.ts';
import { makeV2Torrent, type V2Torrent } from './v2-torrent.ts';

export const K = 1024;
export const SPECS = [
  { path: 'a', length: 700 * 16 * K + 5 },
  { path: 'b', length: 3 },
  { path: 'c', length: 70 * K },
];
export const torrents = {
  'v2-only': makeV2Torrent(SPECS, 16 * K),
  hybrid: makeV2Torrent(SPECS, 16 * K, { hybrid: true }),
};
/** Pieces of four blocks. */
export const small = {
  'v2-only': makeV2Torrent([{ path: 'a', length: 500 * K }], 64 * K),
  hybrid: makeV2Torrent([{ path: 'a', length: 500 * K }], 64 * K, { hybrid: true }),
};
export const KINDS = ['v2-only', 'hybrid'] as const;

export function swarmOf(torrent: V2Torrent, seed = 5): SimSwarm {
  return new SimSwarm({ seed, torrent });
}

export function seedOf(swarm: SimSwarm, options: NodeOptions = {}): Promise<Node> {
  return swarm.node({
    ...options,
    add: { storage: checkedStorage(swarm.torrent, { full: true }), ...options.add },
  });
}

/** A client that has the torrent's info dictionary only. */
export async function strippedOf(swarm: SimSwarm, options: NodeOptions = {}): Promise<Node> {
  const [client, host] = await swarm.client(options.client);
  const torrent = await client.add(
    { ...swarm.metainfo, pieceLayers: PieceLayers.unknown(swarm.torrent.info) },
    { directory: '/nowhere', storage: checkedStorage(swarm.torrent), ...options.add },
  );
  torrent.on('error', () => undefined);
  const node = { host, client, torrent, storage: undefined as never };
  swarm.nodes.push(node);
  return node;
}

export function bansOf({ torrent }: Node): PeerReport[] {
  const banned: PeerReport[] = [];
  torrent.on('peer', (report: PeerReport) => {
    if (report.event === 'banned') banned.push(report);
  });
  return banned;
}

export function knownCount({ torrent }: Node): number {
  return torrent.swarm?.hashTraffic?.exchange.rangesLeft ?? -1;
}

/** Agreed on v2: what names the torrent is its v2 hash. */
export function v2NameOf(torrent: V2Torrent): Uint8Array {
  return torrent.info.infoHashV2!.subarray(0, 20);
}

/** A seed that does with hash requests what a test wants. */
export function scriptOf(torrent: V2Torrent, script: PeerScript): PeerScript {
  return {
    infoHash: v2NameOf(torrent),
    onOpen: poseAsSeed,
    onRequest: (peer, ...request) => peer.serve(...request),
    ...script,
  };
}

export async function connect(
  swarm: SimSwarm,
  to: Node,
  torrent: V2Torrent,
  script: PeerScript = {},
): Promise<ScriptedPeer> {
  const endpoint = { address: to.host.address, port: 6881 };
  return swarm.settle(
    ScriptedPeer.connect(swarm.host(), endpoint, torrent, {
      infoHash: v2NameOf(torrent),
      ...script,
    }),
  );
}
