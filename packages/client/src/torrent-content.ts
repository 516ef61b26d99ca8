import { FileLayout, type Metainfo } from '@shoal/metainfo';
import type { TransferLimits } from './choke/transfer-limits.ts';
import type { Trackers } from './discovery/trackers.ts';
import { FileSelection } from './file-selection.ts';
import { PieceHashes } from './hashes/piece-hashes.ts';
import type { AddOptions } from './options.ts';
import type { KnownPeers } from './peer/known-peers.ts';
import { ResumeKeeper } from './resume-keeper.ts';
import { TorrentFiles } from './torrent-files.ts';
import type { TorrentHost } from './torrent-host.ts';
import { TorrentLife } from './torrent-life.ts';
import type { LifeEvents } from './torrent-parts.ts';
import { WebSeeds } from './web-seed/web-seeds.ts';

/** What a torrent has whether its metadata is known or not. */
export interface TorrentMeans {
  readonly host: TorrentHost;
  readonly limits: TransferLimits;
  readonly peers: KnownPeers;
  readonly trackers: Trackers;
  readonly events: LifeEvents;
}

/** What a torrent has once its metadata is known: files, the choice of them, resume data, and a life with them. */
export class TorrentContent {
  readonly metainfo: Metainfo;
  readonly selection: FileSelection;
  readonly files: TorrentFiles;
  readonly resume: ResumeKeeper;
  readonly webSeeds: WebSeeds | undefined;
  readonly life: TorrentLife;
  #layout: FileLayout | undefined;

  constructor(means: TorrentMeans, metainfo: Metainfo, options: AddOptions) {
    const { host, limits, peers, trackers, events } = means;
    const { info } = metainfo;
    this.metainfo = metainfo;
    const layout = (): FileLayout => (this.#layout ??= new FileLayout(info));
    this.selection = new FileSelection(info, layout, 'nothing', options.select);
    this.files = new TorrentFiles({ info, selection: this.selection, life: () => this.life });
    const hashes = new PieceHashes(info, metainfo.pieceLayers, layout);
    this.resume = new ResumeKeeper(
      resumeFolderOf(host, options),
      host.clock,
      info,
      options.directory,
      hashes,
    );
    if (host.webSeeds !== undefined) {
      this.webSeeds = WebSeeds.of(
        {
          host: host.webSeeds,
          info,
          layout,
          gate: () => limits.downloadGate,
          changed: (status) => events.webSeed(status),
        },
        metainfo,
        options.webSeeds,
      );
    }
    const { selection, files, resume, webSeeds } = this;
    const own = { info, layout, hashes, selection, files, resume, webSeeds };
    this.life = new TorrentLife({ host, options, limits, peers, trackers, ...own }, events);
  }
}

/** Where a torrent's resume data goes; undefined: nowhere. What is only trusted is never claimed to be verified. */
export function resumeFolderOf(host: TorrentHost, options: AddOptions): string | undefined {
  return options.check === 'trust' ? undefined : host.resumeDirectory;
}
