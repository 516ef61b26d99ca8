import type { MagnetLink, Metainfo } from '@shoal/metainfo';
import { TransferLimits } from './choke/transfer-limits.ts';
import { Discovery } from './discovery/discovery.ts';
import { privacyOf } from './discovery/privacy.ts';
import type { MetadataStage } from './metadata/metadata-stage.ts';
import type { AddOptions } from './options.ts';
import { KnownPeers } from './peer/known-peers.ts';
import type { TorrentContent } from './torrent-content.ts';
import type { AnyTorrent } from './torrent.ts';
import type { TorrentHost } from './torrent-host.ts';
import { TorrentNeeds } from './torrent-needs.ts';
import { TorrentVoice } from './torrent-voice.ts';

/** What a torrent has whether its metadata is known or not. */
export interface TorrentMeans {
  readonly host: TorrentHost;
  readonly limits: TransferLimits;
  readonly peers: KnownPeers;
  readonly discovery: Discovery;
  readonly events: TorrentVoice;
  readonly needs: TorrentNeeds;
}

/** Where a torrent is in its life. */
export interface TorrentStages {
  /** Undefined until the metadata is known. */
  readonly content: () => TorrentContent | undefined;
  /** Undefined once the torrent is at work with its files. */
  readonly stage: () => MetadataStage | undefined;
}

/** The means of a torrent that is being made, as its source names them and the user who adds it. */
export function torrentMeans(
  torrent: AnyTorrent,
  { content, stage }: TorrentStages,
  host: TorrentHost,
  source: Metainfo | MagnetLink,
  options: AddOptions,
): TorrentMeans {
  const events = new TorrentVoice(torrent, host);
  const peers = new KnownPeers(host.peerListOptions);
  const limits = new TransferLimits(
    { download: options.maxDownloadRate, upload: options.maxUploadRate },
    { download: host.downloadLimiter, upload: host.uploadLimiter },
    host.clock,
    host.gateTurns,
  );
  const needs = new TorrentNeeds({ host, options, peers, content, stage });
  const metainfo = 'info' in source ? source : undefined;
  const named = 'info' in source ? source.trackers : source.trackers.map((url) => [url]);
  const discovery = new Discovery(
    {
      host,
      names: () => torrent.swarmNames,
      peerList: () => peers.list,
      stats: () => needs.stats(),
      needsPeers: () => needs.needsPeers,
      report: (report) => events.tracker(report),
      warning: (error) => events.warning(error),
      dial: () => events.dial(),
      changed: () => stage()?.swarm.update(),
    },
    { named, own: options.trackers ?? [] },
    privacyOf(metainfo, options.private === true),
    metainfo?.nodes ?? [],
  );
  return { host, limits, peers, discovery, events, needs };
}
