import type { Reach } from '@shoal/net';
import { Announcer, type TrackerStatus, type TransferStats } from '@shoal/tracker';
import type { TrackerReport } from '../events.ts';
import type { NamedPeer } from '../peer/peer-list.ts';
import { isNamed, type SwarmNames } from '../peer/swarm-names.ts';
import type { TorrentHost } from '../torrent-host.ts';

export interface TrackersOptions {
  readonly host: TorrentHost;
  readonly names: SwarmNames;
  /** Where a tracker may be. */
  readonly reach: (url: string) => Reach;
  readonly stats: () => TransferStats;
  /** A private torrent is announced to one tracker at a time: some take two for somebody who cheats. */
  readonly isPrivate: () => boolean;
  readonly found: (peers: readonly NamedPeer[]) => void;
  readonly report: (report: TrackerReport) => void;
  /** A tracker said which address it sees us at (BEP 24). */
  readonly seenAt: (address: string) => void;
}

/** Announcers of a torrent without trackers. */
const NONE: readonly Announcer[] = [];

/**
 * The trackers of a torrent, of which there may be none: then nothing is kept for them. To a tracker the two swarms of a hybrid
 * are two torrents: it is asked for both, v1 first, and each has its own schedule, events and way through the tiers.
 */
export class Trackers {
  readonly #options: () => TrackersOptions;
  /** One for each swarm. */
  #announcers = NONE;
  #running = false;

  constructor(options: () => TrackersOptions, tiers: readonly (readonly string[])[]) {
    this.#options = options;
    if (tiers.length > 0) this.#announcers = announcersFor(options(), tiers);
  }

  /** There is no tracker to ask. */
  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Trackers, whatever they are asked for. */
  get count(): number {
    return this.#announcers[0]?.trackers.length ?? 0;
  }

  /** The torrent's names are known better, and are others: trackers are asked for the swarms that were not known before. */
  renamed(before: SwarmNames): void {
    const [announcer] = this.#announcers;
    if (announcer === undefined) return;
    const options = this.#options();
    const { v1, v2 } = options.names;
    // By their bytes: a magnet link may have named the v2 swarm where a v1 hash should stand.
    const isNew = (name: Uint8Array): boolean => !isNamed(before, name);
    const tiers = tiersOf(announcer);
    const found: Announcer[] = [];
    if (v1 !== undefined && isNew(v1)) {
      found.push(announcerFor(options, tiers, v1, 'v1'));
    }
    if (v2 !== undefined && isNew(v2)) {
      found.push(announcerFor(options, tiers, v2, 'v2'));
    }
    this.#announcers = [...this.#announcers, ...found];
    if (this.#running) for (const each of found) each.start();
  }

  /** See `Announcer.start`. */
  start(): void {
    this.#running = true;
    for (const announcer of this.#announcers) announcer.start();
  }

  /** See `Announcer.completed`. */
  completed(): void {
    for (const announcer of this.#announcers) announcer.completed();
  }

  /** See `Announcer.update`. */
  update(): void {
    for (const announcer of this.#announcers) announcer.update();
  }

  /** See `Announcer.addTracker`. */
  add(url: string): void {
    if (this.#announcers === NONE) {
      this.#announcers = announcersFor(this.#options(), []);
      if (this.#running) this.start();
    }
    for (const announcer of this.#announcers) announcer.addTracker(url);
  }

  /**
   * See `Announcer.stop`.
   * @param timeout ms
   */
  async stop(timeout: number): Promise<void> {
    this.#running = false;
    await Promise.all(this.#announcers.map((announcer) => announcer.stop({ timeout })));
  }
}

/** The trackers of an announcer by tier. */
function tiersOf({ trackers }: Announcer): string[][] {
  const tiers = new Map<number, string[]>();
  for (const { url, tier } of trackers) tiers.set(tier, [...(tiers.get(tier) ?? []), url]);
  return [...tiers.values()];
}

function announcersFor(
  options: TrackersOptions,
  tiers: readonly (readonly string[])[],
): readonly Announcer[] {
  const { v1, v2 } = options.names;
  const announcers: Announcer[] = [];
  if (v1 !== undefined) announcers.push(announcerFor(options, tiers, v1, 'v1'));
  if (v2 !== undefined) announcers.push(announcerFor(options, tiers, v2, 'v2'));
  return announcers;
}

/** The announcer of one swarm, with what it needs of the client. */
function announcerFor(
  { host, names, reach, stats, isPrivate, found, report, seenAt }: TrackersOptions,
  tiers: readonly (readonly string[])[],
  infoHash: Uint8Array,
  swarm: 'v1' | 'v2',
): Announcer {
  const isHybrid = names.v1 !== undefined && names.v2 !== undefined;
  return new Announcer({
    client: host.trackerClient,
    scheduler: host.announceScheduler,
    clock: host.clock,
    random: host.random,
    infoHash,
    peerId: host.peerId,
    port: () => host.port,
    trackers: tiers,
    reach,
    stats,
    inOrder: isPrivate,
    onPeers: (peers) =>
      found(swarm === 'v1' ? peers : peers.map((peer) => ({ ...peer, knowsV2: true }))),
    onExternalIp: (address) => seenAt(address),
    onStatus: (status) => {
      const said = reportOf(status, isHybrid ? swarm : undefined);
      if (said !== undefined) report(said);
    },
  });
}

function reportOf(
  { url, state, peers, error, warning }: TrackerStatus,
  swarm: TrackerReport['swarm'],
): TrackerReport | undefined {
  if (state === 'idle' || state === 'announcing') return undefined;
  return {
    url,
    swarm,
    state: state === 'working' ? 'working' : 'failed',
    peers,
    message: error?.message ?? warning,
  };
}
