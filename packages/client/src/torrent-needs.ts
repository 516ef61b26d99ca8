import type { Endpoint } from '@shoal/net';
import type { TransferStats } from '@shoal/tracker';
import type { TorrentState } from './events.ts';
import type { AddOptions } from './options.ts';
import type { KnownPeers } from './peer/known-peers.ts';
import type { TorrentHost } from './torrent-host.ts';
import type { TorrentStages } from './torrent-means.ts';

/**
 * Connected peers from which on a download leaves its trackers alone until they want to be asked again. A seed never asks
 * before: those who want something come to it.
 */
const ENOUGH_PEERS = 10;

/**
 * Part of its connections that a downloading torrent keeps for the peers it dials: whoever takes all others from outside,
 * and then does nothing, cannot keep it from those that its trackers name.
 */
const KEPT_FOR_DIALLING = 0.25;

/** Bytes that a tracker is told are left while nobody knows, or hashes are all that is left: 0 would be a seed. */
const UNKNOWN_LEFT = 16_384;

export interface NeedsParts extends TorrentStages {
  readonly host: TorrentHost;
  readonly options: AddOptions;
  readonly peers: KnownPeers;
}

/** What a torrent needs of others at present, whether its files are known or not: connections, peers to dial, bytes. */
export class TorrentNeeds {
  readonly #parts: NeedsParts;

  constructor(parts: NeedsParts) {
    this.#parts = parts;
  }

  /** Connections it may still have; 0 while it wants none. */
  get freeConnections(): number {
    const content = this.#parts.content();
    const stage = this.#parts.stage();
    const { isActive } = content?.life ?? stage ?? { isActive: false };
    if (!isActive) return 0;
    const peers = content === undefined ? stage?.swarm.peers : content.life.swarm?.peers;
    return Math.max(0, this.#maxPeers - (peers?.size ?? 0));
  }

  /** It is short of peers, and knows of none to dial. */
  get needsPeers(): boolean {
    if (!this.#isFetching) return false;
    const { content, stage, peers } = this.#parts;
    const connected = content()?.life.swarm?.peers.size ?? stage()?.swarm.peers.size ?? 0;
    return connected < ENOUGH_PEERS && this.freeConnections > 0 && peers.idle === 0;
  }

  /** Does it want a connection from there now? */
  accepts(from: Endpoint): boolean {
    const { host, peers } = this.#parts;
    const kept = this.#isFetching ? Math.floor(this.#maxPeers * KEPT_FOR_DIALLING) : 0;
    return this.freeConnections > kept && peers.list.accepts(from, host.clock.now());
  }

  /** What trackers are told. */
  stats(): TransferStats {
    const totals = this.#parts.content()?.life.keeper.totals;
    return {
      uploaded: totals?.uploadedBytes ?? 0,
      downloaded: totals?.downloadedBytes ?? 0,
      left: this.#bytesLeft,
    };
  }

  get #maxPeers(): number {
    const { host, options } = this.#parts;
    return options.maxPeers ?? host.maxPeersPerTorrent;
  }

  /** It works on getting what it has not. */
  get #isFetching(): boolean {
    const life = this.#parts.content()?.life;
    const state: TorrentState | undefined = life?.state ?? this.#parts.stage()?.state;
    if (state === 'downloading' || state === 'metadata') return true;
    // It looks for piece hashes for their own sake.
    return state === 'seeding' && life?.seeksHashes === true;
  }

  /** Bytes of wanted files that are not verified; padding is nobody's. */
  get #bytesLeft(): number {
    const content = this.#parts.content();
    if (content === undefined || content.life.seeksHashes) return UNKNOWN_LEFT;
    const { totalBytes, completedBytes } = content.selection.progress;
    return totalBytes - completedBytes;
  }
}
