import type { Endpoint, Reach } from '@shoal/net';
import type { TransferStats } from '@shoal/tracker';
import type { TrackerReport } from '../events.ts';
import type { NamedPeer, PeerList, PeerSource } from '../peer/peer-list.ts';
import type { RememberedPeer } from '../peer/remembered-peers.ts';
import type { SwarmNames } from '../peer/swarm-names.ts';
import type { DiscoverySide } from './discovery-side.ts';
import type { TorrentHost } from '../torrent-host.ts';
import type { NamedNode } from './named-nodes.ts';
import type { Sought } from './peer-service.ts';
import type { Privacy } from './privacy.ts';
import { Trackers } from './trackers.ts';

/** From whom a private torrent (BEP 27) may have its peers. */
const PRIVATE_SOURCES: readonly PeerSource[] = ['user', 'tracker', 'incoming'];
/** From whom it may have them over a restart. */
const PRIVATE_MEMORIES: readonly PeerSource[] = ['user', 'tracker'];

/**
 * Milliseconds for which a magnet link that names trackers is looked for there alone. Its torrent may turn out to be private, and
 * then nobody else should have heard of it; but the trackers of many links are long dead, or know nobody.
 */
export const TRACKERS_ALONE_TIME = 30_000;

export interface DiscoveryOptions {
  readonly host: TorrentHost;
  readonly names: () => SwarmNames;
  readonly peerList: () => PeerList;
  readonly stats: () => TransferStats;
  readonly needsPeers: () => boolean;
  readonly report: (report: TrackerReport) => void;
  readonly warning: (error: Error) => void;
  /** There may be somebody to dial. */
  readonly dial: () => void;
  /** Peers may be exchanged from now on, or may not any more. */
  readonly changed: () => void;
}

/** Announce URLs in tiers. */
export interface TrackerTiers {
  /** By the torrent or magnet link. */
  readonly named: readonly (readonly string[])[];
  /** By the user. */
  readonly own: readonly (readonly string[])[];
}

/**
 * Where the peers of one torrent come from: its trackers, the services of the client, and other peers. The one place that knows which
 * of them a private torrent, or one that may be private, has to do without.
 */
export class Discovery implements Sought, DiscoverySide {
  readonly #options: DiscoveryOptions;
  readonly #trackers: Trackers;
  /** Of the DHT, as the .torrent names them. */
  readonly #nodes: readonly NamedNode[];
  /** Trackers that the user has named. */
  #ownTrackers: Set<string> | undefined;
  #privacy: Privacy;
  /** Trackers that have failed and not worked since, while that matters. */
  #failed: Set<string> | undefined;
  #running = false;
  /** The services are at work. */
  #isFollowed = false;
  /** Monotonic ms from which on a torrent that may be private is looked for everywhere; `Infinity` while it is not. */
  #openAt = Infinity;
  /** Of an earlier run, until peers may come from anywhere. */
  #waiting: readonly RememberedPeer[] = [];

  constructor(
    options: DiscoveryOptions,
    { named, own }: TrackerTiers,
    privacy: Privacy,
    nodes: readonly NamedNode[],
  ) {
    this.#options = options;
    this.#nodes = nodes;
    this.#privacy = privacy;
    if (own.length > 0) this.#ownTrackers = new Set(own.flat());
    this.#trackers = new Trackers(
      () => ({
        host: options.host,
        names: options.names(),
        reach: (url) => this.#reachOf(url),
        stats: options.stats,
        isPrivate: () => this.#privacy === 'private',
        found: (peers) => this.found(peers, 'tracker'),
        report: (report) => this.#heard(report),
        seenAt: (address) => options.peerList().setExternalAddress(address),
      }),
      [...named, ...own],
    );
  }

  /** Peers may come from anywhere. */
  get isOpen(): boolean {
    if (this.#privacy !== 'unknown') return this.#privacy === 'public';
    return this.#options.host.clock.now() >= this.#openAt;
  }

  /** There are trackers to ask. */
  get hasTrackers(): boolean {
    return !this.#trackers.isEmpty;
  }

  /** Handshakes say that we take part in the DHT. */
  get usesDht(): boolean {
    return this.#options.host.dht !== undefined && this.isOpen;
  }

  // DiscoverySide

  get dhtPort(): number {
    return this.usesDht ? this.#options.host.datagramPort : 0;
  }

  foundNode(endpoint: Endpoint): void {
    if (this.isOpen) this.#options.host.dht?.addNode(endpoint);
  }

  get exchangesPeers(): boolean {
    return this.#options.host.exchangesPeers && this.isOpen;
  }

  named(peers: readonly NamedPeer[], by: Endpoint): void {
    this.found(peers, 'pex', by);
  }

  // Sought

  get names(): SwarmNames {
    return this.#options.names();
  }

  get needsPeers(): boolean {
    return this.#options.needsPeers();
  }

  get isSeed(): boolean {
    return Number(this.#options.stats().left) === 0;
  }

  found(peers: readonly NamedPeer[], source: PeerSource, by?: Endpoint): void {
    if (peers.length === 0) return;
    const { host, peerList, dial } = this.#options;
    const now = host.clock.now();
    const list = peerList();
    for (const peer of peers) list.add(peer, source, now, by);
    dial();
  }

  warning(error: Error): void {
    this.#options.warning(error);
  }

  /**
   * Peers worked in an earlier run. While the torrent is private, or may be, only those are taken that a tracker or the user had
   * named; the others wait.
   */
  remembered(peers: readonly RememberedPeer[]): void {
    if (this.isOpen) {
      this.#restore(peers);
      return;
    }
    const isNamed = ({ source }: RememberedPeer): boolean => PRIVATE_MEMORIES.includes(source);
    this.#restore(peers.filter(isNamed));
    if (this.#privacy === 'unknown') this.#waiting = peers.filter((peer) => !isNamed(peer));
  }

  /** Looks for peers, and lets others find us. */
  start(): void {
    this.#running = true;
    if (this.#privacy === 'unknown' && this.#openAt === Infinity) {
      const wait = this.#trackers.isEmpty ? 0 : TRACKERS_ALONE_TIME;
      this.#openAt = this.#options.host.clock.now() + wait;
    }
    this.#trackers.start();
    this.#follow();
  }

  /** Nothing is left to be downloaded. */
  completed(): void {
    this.#trackers.completed();
  }

  /** Once a second, while something may be due. */
  tick(): void {
    if (!this.#running) return;
    if (!this.#isFollowed && this.#privacy === 'unknown') this.#follow();
    if (!this.needsPeers) return;
    this.#trackers.update();
    if (this.#isFollowed) for (const each of this.#options.host.peerServices) each.hurry(this);
  }

  /** Adds a tracker that the user names in a tier of its own. */
  addTracker(url: string): void {
    (this.#ownTrackers ??= new Set()).add(url);
    this.#trackers.add(url);
  }

  /** The metadata of a magnet link is known: the torrent's names may be more than before, and it is private or not. */
  learned(before: SwarmNames, isPrivate: boolean): void {
    const wasOpen = this.isOpen;
    this.#privacy = isPrivate ? 'private' : 'public';
    this.#failed = undefined;
    if (isPrivate) {
      this.#leave();
      this.#waiting = [];
      this.#options.peerList().restrictTo(PRIVATE_SOURCES);
    }
    this.#trackers.renamed(before);
    this.#follow();
    if (this.isOpen !== wasOpen) this.#options.changed();
  }

  /**
   * Nobody is looked for any more, and trackers hear `stopped`.
   *
   * @param timeout ms to wait for them
   */
  async stop(timeout: number): Promise<void> {
    this.#running = false;
    this.#leave();
    await this.#trackers.stop(timeout);
  }

  /** What a torrent names may not lead into networks that its maker could not reach. */
  #reachOf(url: string): Reach {
    return this.#ownTrackers?.has(url) === true ? 'any' : this.#options.host.trackerReach;
  }

  #restore(peers: readonly RememberedPeer[]): void {
    if (peers.length === 0) return;
    const { host, peerList, dial } = this.#options;
    const list = peerList();
    for (const peer of peers) list.restore(peer, host.clock.now());
    dial();
  }

  #follow(): void {
    if (!this.#running || this.#isFollowed || !this.isOpen) return;
    this.#isFollowed = true;
    const { host } = this.#options;
    for (const each of host.peerServices) each.follow(this);
    host.dht?.addNamedNodes(this.#nodes);
    this.#restore(this.#waiting);
    this.#waiting = [];
    if (this.#privacy === 'unknown') this.#options.changed();
  }

  #leave(): void {
    if (!this.#isFollowed) return;
    this.#isFollowed = false;
    for (const each of this.#options.host.peerServices) each.leave(this);
  }

  /** A tracker has worked, or failed. When all have failed there is nobody to wait for. */
  #heard(report: TrackerReport): void {
    if (this.#privacy === 'unknown') {
      const failed = (this.#failed ??= new Set());
      if (report.state === 'failed') failed.add(report.url);
      else failed.delete(report.url);
      if (failed.size >= this.#trackers.count) {
        this.#openAt = -Infinity;
        this.#follow();
      }
    }
    this.#options.report(report);
  }
}
