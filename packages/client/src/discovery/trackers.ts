import type { Endpoint } from '@shoal/net';
import { Announcer, type TrackerStatus, type TransferStats } from '@shoal/tracker';
import type { TrackerReport } from '../events.ts';
import type { TorrentHost } from '../torrent-host.ts';

export interface TrackersOptions {
  readonly host: TorrentHost;
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly tiers: readonly (readonly string[])[];
  stats(): TransferStats;
  found(peers: readonly Endpoint[]): void;
  report(report: TrackerReport): void;
}

/** The trackers of one torrent: its own tiers, and those added later, each on a schedule of its own. */
export class Trackers {
  readonly #options: TrackersOptions;
  readonly #announcers: Announcer[] = [];
  #running = false;

  constructor(options: TrackersOptions) {
    this.#options = options;
    if (options.tiers.length > 0) this.#announcers.push(this.#announcer(options.tiers));
  }

  /** Tells them that we take part. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    for (const announcer of this.#announcers) announcer.start();
  }

  /** The last wanted piece came in. */
  completed(): void {
    for (const announcer of this.#announcers) announcer.completed();
  }

  /** More peers are wanted now; intervals are kept. */
  update(): void {
    for (const announcer of this.#announcers) announcer.update();
  }

  /** Tells them that we leave; waits for that at most `timeout` ms. */
  async stop(timeout: number): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    await Promise.all(this.#announcers.map((announcer) => announcer.stop({ timeout })));
  }

  /** Adds a tracker that is announced to besides the others. */
  add(url: string): void {
    const announcer = this.#announcer([[url]]);
    this.#announcers.push(announcer);
    if (this.#running) announcer.start();
  }

  #announcer(trackers: readonly (readonly string[])[]): Announcer {
    const { host, infoHash, stats, found } = this.#options;
    return new Announcer({
      client: host.trackerClient,
      clock: host.clock,
      random: host.random,
      infoHash,
      peerId: host.peerId,
      port: () => host.port,
      trackers,
      stats,
      onPeers: (peers) => found(peers),
      onStatus: (status) => this.#status(status),
    });
  }

  #status({ url, state, peers, error, warning }: TrackerStatus): void {
    if (state === 'idle' || state === 'announcing') return;
    this.#options.report({
      url,
      state: state === 'working' ? 'working' : 'failed',
      peers,
      message: error?.message ?? warning,
    });
  }
}
