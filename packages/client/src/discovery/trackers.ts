import { Announcer, type TrackerStatus, type TransferStats } from '@shoal/tracker';
import type { TrackerReport } from '../events.ts';
import type { NamedPeer } from '../peer/peer-list.ts';
import type { TorrentHost } from '../torrent-host.ts';

export interface TrackersOptions {
  readonly host: TorrentHost;
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly tiers: readonly (readonly string[])[];
  readonly stats: () => TransferStats;
  readonly found: (peers: readonly NamedPeer[]) => void;
  readonly report: (report: TrackerReport) => void;
  /** A tracker said which address it sees us at (BEP 24). */
  readonly seenAt: (address: string) => void;
}

/** The announcer of a torrent, with what it needs of the client. */
export function announcerFor(options: TrackersOptions): Announcer {
  const { host, infoHash, tiers, stats, found, report, seenAt } = options;
  return new Announcer({
    client: host.trackerClient,
    clock: host.clock,
    random: host.random,
    infoHash,
    peerId: host.peerId,
    port: () => host.port,
    trackers: tiers,
    stats,
    onPeers: (peers) => found(peers),
    onExternalIp: (address) => seenAt(address),
    onStatus: (status) => {
      const said = reportOf(status);
      if (said !== undefined) report(said);
    },
  });
}

function reportOf({ url, state, peers, error, warning }: TrackerStatus): TrackerReport | undefined {
  if (state === 'idle' || state === 'announcing') return undefined;
  return {
    url,
    state: state === 'working' ? 'working' : 'failed',
    peers,
    message: error?.message ?? warning,
  };
}
