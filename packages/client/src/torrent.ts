import { EventEmitter } from 'node:events';
import type { MagnetLink, Metainfo } from '@shoal/metainfo';
import type { Connection, ConnectionHandler, Endpoint } from '@shoal/net';
import type { Handshake } from '@shoal/peer-wire';
import type { RateLimits } from './choke/transfer-limits.ts';
import type { Discovery } from './discovery/discovery.ts';
import { ClientError } from './errors.ts';
import type { TorrentEvents, TorrentProgress, TorrentState } from './events.ts';
import type { InfoHashes } from './info-hashes.ts';
import type { Torrent } from './known-torrent.ts';
import { MagnetStart } from './metadata/magnet-start.ts';
import { metadataProgress } from './metadata/metadata-progress.ts';
import type { MetadataStage } from './metadata/metadata-stage.ts';
import { clientDefaults, type AddOptions } from './options.ts';
import type { BannedPeer } from './peer/ban-list.ts';
import type { KnownPeer } from './peer/known-peer.ts';
import type { PeerList } from './peer/peer-list.ts';
import { isV2Name, type SwarmNames } from './peer/swarm-names.ts';
import { banByUser, unbanByUser } from './peer/user-bans.ts';
import { progressOf } from './progress.ts';
import type { Lender } from './reuse/lender.ts';
import type { Swarm } from './swarm.ts';
import { TorrentContent } from './torrent-content.ts';
import type { TorrentHost } from './torrent-host.ts';
import { torrentMeans, type TorrentMeans } from './torrent-means.ts';
import { type TorrentNames, torrentNamesOf } from './torrent-names.ts';
import { waitForState, type WaitOptions } from './wait.ts';
import { watchProgress, type WatchOptions } from './watch.ts';

/**
 * One torrent of a client, whether its files are known or, added by a magnet link, not yet: `metadata → checking → downloading →
 * seeding`, with `paused` and `error` on the way. Its failure is its own: it enters state `error`, keeps what was verified, and
 * {@link resume} tries again.
 *
 * {@link metadata} waits for its files to be known and gives the {@link Torrent}, which is the same object; {@link hasMetadata}
 * tells without waiting.
 */
export class AnyTorrent extends EventEmitter<TorrentEvents> implements AsyncDisposable {
  /** The folder that holds the torrent's top file or folder. */
  readonly directory: string;
  #names: TorrentNames;
  readonly #host: TorrentHost;
  readonly #means: TorrentMeans;
  /** Undefined until the metadata is known. */
  #content: TorrentContent | undefined;
  /** Undefined where it was not added by a magnet link. */
  readonly #magnet: MagnetStart | undefined;

  /**
   * Made by {@link Client.add}.
   * @internal
   */
  constructor(host: TorrentHost, source: Metainfo | MagnetLink, options: AddOptions) {
    super();
    this.directory = options.directory;
    this.#names = torrentNamesOf('info' in source ? source.info : source);
    this.#host = host;
    const stages = { content: () => this.#content, stage: () => this.#stage };
    this.#means = torrentMeans(this, stages, host, source, options);
    this.#means.discovery.found(options.peers ?? [], 'user');
    if ('info' in source) this.#begin(source, options);
    else this.#magnet = this.#startFrom(source, options);
  }

  /** One of them, or of a hybrid torrent both; of a magnet link those it names, until the metadata is known. */
  get infoHashes(): InfoHashes {
    return this.#names.infoHashes;
  }

  /** The SHA-1 info-hash, 40 lower-case digits; where there is none the SHA-256 one, 64. */
  get infoHashHex(): string {
    return this.#names.infoHashHex;
  }

  /**
   * What handshakes and trackers call it.
   * @internal
   */
  get swarmNames(): SwarmNames {
    return this.#names.swarmNames;
  }

  /**
   * Its peers may know that we take part in the DHT.
   * @internal
   */
  get usesDht(): boolean {
    return this.#means.discovery.usesDht;
  }

  /**
   * Where its peers come from.
   * @internal
   */
  get discovery(): Discovery {
    return this.#means.discovery;
  }

  /** The torrent's name; until it is known the one a magnet link gives, or else the info-hash. Only the former is safe as a path. */
  get name(): string {
    return this.#content?.metainfo.info.name ?? this.#magnet?.link.name ?? this.infoHashHex;
  }

  get state(): TorrentState {
    return this.#content?.life.state ?? this.#stage?.state ?? 'closed';
  }

  /** Why the torrent is in state `error`. */
  get error(): Error | undefined {
    return this.#content?.life.error ?? this.#stage?.error;
  }

  /** The files are known; for a torrent that was not added by a magnet link they are from the beginning. */
  hasMetadata(): this is Torrent {
    return this.#content !== undefined;
  }

  /** Resolves with this torrent when its files are known; rejects when it fails or is closed before. */
  async metadata(options: WaitOptions = {}): Promise<Torrent> {
    if (!this.hasMetadata()) await waitForState(this, () => this.hasMetadata(), options);
    if (!this.hasMetadata()) throw noMetadata();
    return this;
  }

  /**
   * What there is once the files are known; throws `ERR_CLIENT_NO_METADATA` before.
   * @internal
   */
  protected get content(): TorrentContent {
    if (this.#content === undefined) throw noMetadata();
    return this.#content;
  }

  /**
   * Its data, as other torrents may have it.
   * @internal
   */
  get lender(): Lender | undefined {
    return this.#content;
  }

  /**
   * Candidates, back-off and bans.
   * @internal
   */
  get peerList(): PeerList {
    return this.#means.peers.list;
  }

  /**
   * There may be somebody to dial.
   * @internal
   */
  get knowsPeers(): boolean {
    return this.#means.peers.idle > 0;
  }

  /**
   * There may be somebody to dial later.
   * @internal
   */
  get remembersPeers(): boolean {
    return this.#means.peers.total > 0;
  }

  /**
   * The peers and pieces at work; undefined until the first check is over, and while a complete torrent has no peers.
   * @internal
   */
  get swarm(): Swarm | undefined {
    return this.#content?.life.swarm;
  }

  /**
   * Connections it may still have; 0 while it wants none.
   * @internal
   */
  get freeConnections(): number {
    return this.#means.needs.freeConnections;
  }

  /** A moment's figures. Cheap. */
  progress(): TorrentProgress {
    if (this.#content === undefined) return metadataProgress(this.state, this.#stage);
    const { metainfo, selection, life, resume, webSeeds } = this.#content;
    return progressOf({
      state: this.state,
      now: this.#host.clock.now(),
      files: selection.progress,
      swarm: this.swarm,
      totals: life.keeper.totals,
      pieceCount: metainfo.info.pieceCount,
      haveCount: life.keeper.haveCount,
      checked: life.checked,
      webSeeds: webSeeds?.activeSeeds ?? 0,
      before: resume.totals,
    });
  }

  /** Snapshots at intervals and on changes of state, until the torrent is closed. */
  watch(options?: WatchOptions): AsyncGenerator<TorrentProgress, void, undefined> {
    return watchProgress(this, this.#host.clock, options);
  }

  /** Resolves when all wanted pieces are verified; rejects when the torrent fails or is closed. */
  completed(options: WaitOptions = {}): Promise<void> {
    const isComplete = (state: TorrentState): boolean =>
      state === 'seeding' || this.#content?.life.isComplete === true;
    return waitForState(this, isComplete, options);
  }

  /** Resolves when the data that was there has been checked; rejects when the torrent fails or is closed. */
  checked(options: WaitOptions = {}): Promise<void> {
    return waitForState(this, (state) => this.hasMetadata() && state !== 'checking', options);
  }

  /** Disconnects from everybody and stays so until {@link resume}. */
  async pause(): Promise<void> {
    if (this.#content === undefined) this.#stage?.pause();
    else await this.#content.life.pause();
  }

  /** Goes on after {@link pause}, or tries again after an error: what was verified is looked at once more then. */
  async resume(): Promise<void> {
    if (this.#content === undefined) this.#stage?.resume();
    else await this.#content.life.resume();
  }

  /** Dials a peer. */
  addPeer(endpoint: Endpoint): void {
    this.#means.discovery.found([endpoint], 'user');
  }

  /**
   * The peers it knows of, at most some thousand: those it is connected to or dials, and those it waits with, and why. Bans are
   * told by {@link bannedPeers}.
   */
  knownPeers(): KnownPeer[] {
    return this.#means.peers.all(this.#host.clock);
  }

  /** The addresses it has nothing to do with for a time, and why; the oldest ban first. */
  bannedPeers(): BannedPeer[] {
    return this.#means.peers.banned(this.#host.clock);
  }

  /**
   * Has nothing to do with an address for a time: its connections are ended, and it is neither dialled nor let in.
   *
   * @param address an IP literal; throws `ERR_CLIENT_OPTION` where it is none
   * @param options `duration` in ms; default: a day
   */
  ban(address: string, options: { readonly duration?: number } = {}): void {
    const { clock } = this.#host;
    const swarm = this.swarm ?? this.#stage?.swarm;
    const tell = (ban: BannedPeer): void => this.#means.events.banned(ban);
    banByUser({ peers: this.#means.peers, swarm, clock, tell }, address, options.duration);
  }

  /**
   * Ends the ban of an address: it may come again, and is dialled as soon as somebody names it.
   *
   * @param address an IP literal; throws `ERR_CLIENT_OPTION` where it is none
   * @returns whether it was banned
   */
  unban(address: string): boolean {
    return unbanByUser(this.#means.peers, address);
  }

  /** Adds a tracker in a tier of its own. */
  addTracker(url: string): void {
    this.#means.discovery.addTracker(url);
  }

  /** The files wanted, by index; all others are not. */
  select(indices: Iterable<number>): void {
    if (this.#content === undefined) {
      this.#magnet?.select(indices);
      return;
    }
    this.#content.selection.select(indices);
    this.#content.life.selectionChanged();
  }

  /** Bytes per second; 0 lifts the torrent's own limit. */
  setRateLimits(limits: RateLimits): void {
    this.#means.limits.set(limits);
  }

  /** Takes the torrent out of the client. The files stay; its resume data goes unless it is kept. */
  async remove(options: { keepResumeData?: boolean } = {}): Promise<void> {
    await this.close();
    if (options.keepResumeData === true) return;
    await this.#content?.resume.discard();
    await this.#magnet?.discard();
  }

  /**
   * Saves resume data, tells the trackers and closes the files. Part of `Client.close()`; idempotent.
   * @param timeout ms to wait for the trackers
   */
  async close(timeout: number = clientDefaults.closeTimeout): Promise<void> {
    await Promise.all([this.#magnet?.close(timeout), this.#content?.life.close(timeout)]);
    await this.#magnet?.settled();
    this.#host.forget(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Once a second, by the client, while it is busy.
   * @returns false when nothing depends on time any more, until it says so: `TorrentHost.busy`
   * @internal
   */
  tick(now: number): boolean {
    this.#stage?.tick(now);
    this.#content?.life.tick(now);
    this.#means.discovery.tick();
    return this.#stage !== undefined || this.#content?.life.isBusy === true;
  }

  /**
   * Does it want a connection from there now?
   * @internal
   */
  accepts(from: Endpoint): boolean {
    return this.#means.needs.accepts(from);
  }

  /**
   * A connection for this torrent has completed its handshake, with the v2 hash or the v1 one.
   * @internal
   */
  join(connection: Connection, handshake: Handshake, isV2: boolean): ConnectionHandler | undefined {
    // Whom we have to do with may have changed since it was dialled or let in.
    const { address } = connection.remote;
    if (this.#host.isBlocked(address)) return undefined;
    if (this.#means.peers.isBanned(address, this.#host.clock.now())) return undefined;
    if (this.freeConnections === 0) return undefined;
    if (this.#content === undefined) return this.#stage?.join(connection, handshake, isV2);
    // As the names are known by now: to begin with a magnet link may have had the v2 one for that of v1.
    const agreedV2 = isV2 || isV2Name(this.swarmNames, handshake.infoHash);
    return this.#content.life.awake()?.join(connection, handshake, agreedV2);
  }

  /**
   * Other addresses are blocked than before.
   * @internal
   */
  blockedChanged(): void {
    const { isBlocked } = this.#host;
    this.#means.peers.blockedChanged();
    this.swarm?.dropBlocked(isBlocked);
    this.#stage?.swarm.dropBlocked(isBlocked);
  }

  /**
   * The torrent is in another state, of which its listeners are about to hear.
   * @internal
   */
  entered(state: TorrentState): void {
    if (this.#stage === undefined || this.#content === undefined) return;
    if (state === 'metadata' || state === 'checking') return;
    this.#magnet?.end(this.#content.life.isActive);
  }

  /** Until the torrent is at work with its files, where it was added by a magnet link. */
  get #stage(): MetadataStage | undefined {
    return this.#magnet?.stage;
  }

  /** Gets the metadata of a magnet link. */
  #startFrom(link: MagnetLink, options: AddOptions): MagnetStart {
    return new MagnetStart({
      ...this.#means,
      link,
      options,
      names: this.#names,
      torrent: {
        rename: (names) => {
          this.#host.renamed(this, names.swarmNames, () => void (this.#names = names));
        },
        begin: (metainfo, given) => this.#begin(metainfo, given),
        join: (...connected) => this.join(...connected),
      },
    });
  }

  /** The files are known: the torrent's life with them begins. */
  #begin(metainfo: Metainfo, options: AddOptions): void {
    this.#content = new TorrentContent(this.#means, metainfo, options);
    void this.#content.life.open();
  }
}

function noMetadata(): ClientError {
  return new ClientError('ERR_CLIENT_NO_METADATA', 'The metadata of the torrent is not known yet');
}
