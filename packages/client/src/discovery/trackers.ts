import { Announcer, type TrackerStatus, type TransferStats } from '@shoal/tracker';
import type { TrackerReport } from '../events.ts';
import type { NamedPeer } from '../peer/peer-list.ts';
import type { TorrentHost } from '../torrent-host.ts';

export interface TrackersOptions {
  readonly host: TorrentHost;
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  readonly stats: () => TransferStats;
  readonly found: (peers: readonly NamedPeer[]) => void;
  readonly report: (report: TrackerReport) => void;
  /** A tracker said which address it sees us at (BEP 24). */
  readonly seenAt: (address: string) => void;
}

/** The trackers of a torrent, of which there may be none: then nothing is kept for them. */
export class Trackers {
  readonly #options: () => TrackersOptions;
  #announcer: Announcer | undefined;
  #running = false;

  constructor(options: () => TrackersOptions, tiers: readonly (readonly string[])[]) {
    this.#options = options;
    if (tiers.length > 0) this.#announcer = announcerFor(options(), tiers);
  }

  /** See `Announcer.start`. */
  start(): void {
    this.#running = true;
    this.#announcer?.start();
  }

  /** See `Announcer.completed`. */
  completed(): void {
    this.#announcer?.completed();
  }

  /** See `Announcer.update`. */
  update(): void {
    this.#announcer?.update();
  }

  /** See `Announcer.addTracker`. */
  add(url: string): void {
    if (this.#announcer === undefined) {
      this.#announcer = announcerFor(this.#options(), []);
      if (this.#running) this.#announcer.start();
    }
    this.#announcer.addTracker(url);
  }

  /**
   * See `Announcer.stop`.
   * @param timeout ms
   */
  async stop(timeout: number): Promise<void> {
    this.#running = false;
    await this.#announcer?.stop({ timeout });
  }
}

/** The announcer of a torrent, with what it needs of the client. */
function announcerFor(options: TrackersOptions, tiers: readonly (readonly string[])[]): Announcer {
  const { host, infoHash, stats, found, report, seenAt } = options;
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
