import type { FileLayout, TorrentInfo } from '@shoal/metainfo';
import type { TransferLimits } from './choke/transfer-limits.ts';
import type { Discovery } from './discovery/discovery.ts';
import type { PeerReport, TorrentState } from './events.ts';
import type { FileSelection } from './file-selection.ts';
import type { PieceHashes } from './hashes/piece-hashes.ts';
import type { AddOptions } from './options.ts';
import type { BannedPeer } from './peer/ban-list.ts';
import type { KnownPeers } from './peer/known-peers.ts';
import type { Borrower } from './reuse/local-data.ts';
import type { ResumeKeeper } from './resume-keeper.ts';
import type { TorrentFiles } from './torrent-files.ts';
import type { TorrentHost } from './torrent-host.ts';
import type { WebSeeds, WebSeedStatus } from './web-seed/web-seeds.ts';

/** What a torrent's life goes through and makes use of. */
export interface TorrentParts {
  readonly host: TorrentHost;
  readonly info: TorrentInfo;
  readonly layout: () => FileLayout;
  /** What the pieces must hash to. */
  readonly hashes: PieceHashes;
  readonly options: AddOptions;
  readonly selection: FileSelection;
  readonly files: TorrentFiles;
  readonly limits: TransferLimits;
  readonly peers: KnownPeers;
  readonly resume: ResumeKeeper;
  readonly discovery: Discovery;
  readonly webSeeds: WebSeeds | undefined;
  /** The torrent as one that takes data from others and gives it; undefined: it does not. */
  readonly borrower: Borrower | undefined;
}

/** What a torrent hears of its life. */
export interface LifeEvents {
  state(state: TorrentState): void;
  piece(piece: number): void;
  complete(): void;
  /** All piece hashes are known. */
  hashes(): void;
  failed(error: Error): void;
  warning(error: Error): void;
  peer(report: PeerReport): void;
  banned(ban: BannedPeer): void;
  /** Something may be due from now on: it has a swarm, or something to save. */
  busy(): void;
  /** There may be somebody to dial. */
  dial(): void;
  /** A web seed waits or is refused. */
  webSeed(status: WebSeedStatus): void;
}
