import type { PeerReport, TorrentState, TrackerReport } from './events.ts';
import type { BannedPeer } from './peer/ban-list.ts';
import type { AnyTorrent } from './torrent.ts';
import type { TorrentHost } from './torrent-host.ts';
import type { LifeEvents } from './torrent-parts.ts';
import type { WebSeedStatus } from './web-seed/web-seeds.ts';

/**
 * Tells of a torrent's life: its listeners, and the client it belongs to. One object, where closures would be eight for each of
 * thousands of torrents.
 */
export class TorrentVoice implements LifeEvents {
  readonly #torrent: AnyTorrent;
  readonly #host: TorrentHost;

  constructor(torrent: AnyTorrent, host: TorrentHost) {
    this.#torrent = torrent;
    this.#host = host;
  }

  state(state: TorrentState): void {
    this.#torrent.entered(state);
    callOut(() => this.#torrent.emit('state', state));
  }

  /** The metadata of a magnet link is known. */
  metadata(): void {
    callOut(() => this.#torrent.emit('metadata'));
  }

  piece(piece: number): void {
    callOut(() => this.#torrent.emit('piece', piece));
  }

  hashes(): void {
    callOut(() => this.#torrent.emit('hashes'));
  }

  complete(): void {
    callOut(() => this.#torrent.emit('complete'));
  }

  /** An `error` nobody listens to would end the process; `state` and `completed()` tell of it as well. */
  failed(error: Error): void {
    if (this.#torrent.listenerCount('error') > 0) callOut(() => this.#torrent.emit('error', error));
  }

  warning(error: Error): void {
    callOut(() => this.#torrent.emit('warning', error));
  }

  peer(report: PeerReport): void {
    callOut(() => this.#torrent.emit('peer', report));
  }

  banned(ban: BannedPeer): void {
    callOut(() => this.#torrent.emit('ban', ban));
  }

  tracker(report: TrackerReport): void {
    callOut(() => this.#torrent.emit('tracker', report));
  }

  webSeed(status: WebSeedStatus): void {
    callOut(() => this.#torrent.emit('webSeed', status));
  }

  busy(): void {
    this.#host.busy(this.#torrent);
  }

  dial(): void {
    this.#host.dial(this.#torrent);
  }
}

/** What a listener throws is its own affair: it surfaces as uncaught and leaves the engine as it is. */
export function callOut(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
