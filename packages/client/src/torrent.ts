import { EventEmitter } from 'node:events';
import { FileLayout, infoHashHex, type Metainfo, type TorrentInfo } from '@shoal/metainfo';
import type { Connection, ConnectionHandler, Endpoint } from '@shoal/net';
import type { Handshake } from '@shoal/peer-wire';
import { type RateLimits, TransferLimits } from './choke/transfer-limits.ts';
import { Trackers, type TrackersOptions } from './discovery/trackers.ts';
import type { TorrentEvents, TorrentProgress, TorrentState } from './events.ts';
import type { TorrentFileHandle } from './file-handle.ts';
import { FileSelection } from './file-selection.ts';
import { PieceHashes } from './hashes/piece-hashes.ts';
import { type InfoHashes, infoHashesOf } from './info-hashes.ts';
import { clientDefaults, type AddOptions } from './options.ts';
import { KnownPeers } from './peer/known-peers.ts';
import type { NamedPeer, PeerList } from './peer/peer-list.ts';
import { type SwarmNames, swarmNamesOf } from './peer/swarm-names.ts';
import { progressOf } from './progress.ts';
import { ResumeKeeper } from './resume-keeper.ts';
import type { Swarm } from './swarm.ts';
import { TorrentFiles } from './torrent-files.ts';
import type { TorrentHost } from './torrent-host.ts';
import { TorrentLife } from './torrent-life.ts';
import { callOut, TorrentVoice } from './torrent-voice.ts';
import { waitForState, type WaitOptions } from './wait.ts';
import { watchProgress, type WatchOptions } from './watch.ts';

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

/**
 * One torrent of a client: `checking → downloading → seeding`, with `paused` and `error` on the way. Its failure is its
 * own: it enters state `error`, keeps what was verified, and {@link resume} tries again.
 */
export class Torrent extends EventEmitter<TorrentEvents> implements AsyncDisposable {
  readonly metainfo: Metainfo;
  /** The folder that holds the torrent's top file or folder. */
  readonly directory: string;
  /** One of them, or of a hybrid torrent both. */
  readonly infoHashes: InfoHashes;
  /** The SHA-1 info-hash, 40 lower-case digits; of a v2-only torrent the SHA-256 one, 64. */
  readonly infoHashHex: string;
  /**
   * What handshakes and trackers call it.
   * @internal
   */
  readonly swarmNames: SwarmNames;
  readonly #host: TorrentHost;
  readonly #options: AddOptions;
  readonly #resume: ResumeKeeper;
  readonly #trackers: Trackers;
  readonly #peers: KnownPeers;
  readonly #files: TorrentFiles;
  readonly #limits: TransferLimits;
  readonly #selection: FileSelection;
  readonly #life: TorrentLife;
  #layout: FileLayout | undefined;

  /**
   * Made by {@link Client.add}.
   * @internal
   */
  constructor(host: TorrentHost, metainfo: Metainfo, options: AddOptions) {
    super();
    const { info } = metainfo;
    this.metainfo = metainfo;
    this.directory = options.directory;
    this.infoHashes = infoHashesOf(info);
    this.infoHashHex = infoHashHex(info);
    this.swarmNames = swarmNamesOf(info);
    this.#host = host;
    this.#options = options;
    const layout = (): FileLayout => (this.#layout ??= new FileLayout(info));
    this.#selection = new FileSelection(info, layout, 'nothing', options.select);
    this.#files = new TorrentFiles({
      info,
      selection: this.#selection,
      life: () => this.#life,
    });
    this.#peers = new KnownPeers(host.peerListOptions);
    this.#limits = new TransferLimits(
      { download: options.maxDownloadRate, upload: options.maxUploadRate },
      { download: host.downloadLimiter, upload: host.uploadLimiter },
      host.clock,
      host.gateTurns,
    );
    const hashes = new PieceHashes(info, metainfo.pieceLayers, layout);
    // What is only trusted is never claimed to be verified.
    const resumeFolder = options.check === 'trust' ? undefined : host.resumeDirectory;
    const { clock } = host;
    this.#resume = new ResumeKeeper(resumeFolder, clock, info, options.directory, hashes);
    this.#trackers = new Trackers(
      () => this.#trackersOptions(),
      [...metainfo.trackers, ...(options.trackers ?? [])],
    );
    this.#life = new TorrentLife(
      {
        host,
        info,
        layout,
        hashes,
        options,
        selection: this.#selection,
        files: this.#files,
        limits: this.#limits,
        peers: this.#peers,
        resume: this.#resume,
        trackers: this.#trackers,
      },
      new TorrentVoice(this, host),
    );
    this.#found(options.peers ?? [], 'user');
    void this.#life.open();
  }

  get name(): string {
    return this.metainfo.info.name;
  }

  get info(): TorrentInfo {
    return this.metainfo.info;
  }

  /** In the order of the torrent's file list. */
  get files(): readonly TorrentFileHandle[] {
    return this.#files.handles;
  }

  get state(): TorrentState {
    return this.#life.state;
  }

  /** Why the torrent is in state `error`. */
  get error(): Error | undefined {
    return this.#life.error;
  }

  /**
   * Candidates, back-off and bans.
   * @internal
   */
  get peerList(): PeerList {
    return this.#peers.list;
  }

  /**
   * There may be somebody to dial.
   * @internal
   */
  get knowsPeers(): boolean {
    return this.#peers.idle > 0;
  }

  /**
   * There may be somebody to dial later.
   * @internal
   */
  get remembersPeers(): boolean {
    return this.#peers.total > 0;
  }

  /**
   * The peers and pieces at work; undefined until the first check is over, and while a complete torrent has no peers.
   * @internal
   */
  get swarm(): Swarm | undefined {
    return this.#life.swarm;
  }

  /**
   * Connections it may still have; 0 while it wants none.
   * @internal
   */
  get freeConnections(): number {
    if (!this.#life.isActive) return 0;
    return Math.max(0, this.#maxPeers - (this.swarm?.peers.size ?? 0));
  }

  get #maxPeers(): number {
    return this.#options.maxPeers ?? this.#host.maxPeersPerTorrent;
  }

  /** A moment's figures. Cheap. */
  progress(): TorrentProgress {
    return progressOf({
      state: this.state,
      now: this.#host.clock.now(),
      files: this.#selection.progress,
      swarm: this.swarm,
      totals: this.#life.keeper.totals,
      pieceCount: this.info.pieceCount,
      haveCount: this.#life.keeper.haveCount,
      checked: this.#life.checked,
      before: this.#resume.totals,
    });
  }

  /** Snapshots at intervals and on changes of state, until the torrent is closed. */
  watch(options?: WatchOptions): AsyncGenerator<TorrentProgress, void, undefined> {
    return watchProgress(this, this.#host.clock, options);
  }

  /** Resolves when all wanted pieces are verified; rejects when the torrent fails or is closed. */
  completed(options: WaitOptions = {}): Promise<void> {
    return waitForState(this, (state) => state === 'seeding' || this.#life.isComplete, options);
  }

  /** Resolves when the data that was there has been checked; rejects when the torrent fails or is closed. */
  checked(options: WaitOptions = {}): Promise<void> {
    return waitForState(this, (state) => state !== 'checking', options);
  }

  /** Disconnects from everybody and stays so until {@link resume}. */
  pause(): Promise<void> {
    return this.#life.pause();
  }

  /** Goes on after {@link pause}, or tries again after an error: what was verified is looked at once more then. */
  resume(): Promise<void> {
    return this.#life.resume();
  }

  /**
   * Hashes everything again. What turns out to be bad or missing is downloaded again. Rejects with the signal's reason, or
   * with what made the check fail; the torrent is in state `error` then.
   * @returns the wanted pieces that are not there
   */
  async verify(options: WaitOptions = {}): Promise<{ missing: number[] }> {
    await this.#life.verify(options.signal);
    const missing: number[] = [];
    const picker = this.swarm?.picker;
    // A torrent that misses nothing may have no swarm.
    if (picker === undefined) return { missing };
    for (let piece = 0; piece < this.info.pieceCount; piece += 1) {
      if (picker.priorityOf(piece) !== 0 && !picker.have.get(piece)) missing.push(piece);
    }
    return { missing };
  }

  /** Dials a peer. */
  addPeer(endpoint: Endpoint): void {
    this.#found([endpoint], 'user');
  }

  /** Adds a tracker in a tier of its own. */
  addTracker(url: string): void {
    this.#trackers.add(url);
  }

  /** The files wanted, by index; all others are not. */
  select(indices: Iterable<number>): void {
    this.#selection.select(indices);
    this.#life.selectionChanged();
  }

  /** Bytes per second; 0 lifts the torrent's own limit. */
  setRateLimits(limits: RateLimits): void {
    this.#limits.set(limits);
  }

  /** Takes the torrent out of the client. The files stay; its resume data goes unless it is kept. */
  async remove(options: { keepResumeData?: boolean } = {}): Promise<void> {
    await this.close();
    if (options.keepResumeData !== true) await this.#resume.discard();
  }

  /**
   * Saves resume data, tells the trackers and closes the files. Part of `Client.close()`; idempotent.
   * @param timeout ms to wait for the trackers
   */
  async close(timeout: number = clientDefaults.closeTimeout): Promise<void> {
    await this.#life.close(timeout);
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
    this.#life.tick(now);
    if (this.#needsPeers()) this.#trackers.update();
    return this.#life.isBusy;
  }

  /**
   * Does it want a connection from there now?
   * @internal
   */
  accepts(from: Endpoint): boolean {
    const kept = this.state === 'downloading' ? Math.floor(this.#maxPeers * KEPT_FOR_DIALLING) : 0;
    return this.freeConnections > kept && this.peerList.accepts(from, this.#host.clock.now());
  }

  /**
   * A connection for this torrent has completed its handshake, with the v2 hash or the v1 one.
   * @internal
   */
  join(connection: Connection, handshake: Handshake, isV2: boolean): ConnectionHandler | undefined {
    if (this.freeConnections === 0) return undefined;
    return this.#life.awake()?.join(connection, handshake, isV2);
  }

  /** It is short of peers, and knows of none to dial. */
  #needsPeers(): boolean {
    if (this.state !== 'downloading') return false;
    const peers = this.swarm?.peers.size ?? 0;
    return peers < ENOUGH_PEERS && this.freeConnections > 0 && !this.knowsPeers;
  }

  /** Bytes of wanted files that are not verified; padding is nobody's. */
  get #bytesLeft(): number {
    const { totalBytes, completedBytes } = this.#selection.progress;
    return totalBytes - completedBytes;
  }

  #trackersOptions(): TrackersOptions {
    return {
      host: this.#host,
      names: this.swarmNames,
      stats: () => ({
        uploaded: this.#life.keeper.totals.uploadedBytes,
        downloaded: this.#life.keeper.totals.downloadedBytes,
        left: this.#bytesLeft,
      }),
      found: (peers) => this.#found(peers, 'tracker'),
      report: (report) => callOut(() => this.emit('tracker', report)),
      seenAt: (address) => this.peerList.setExternalAddress(address),
    };
  }

  #found(peers: readonly NamedPeer[], source: 'tracker' | 'user'): void {
    const now = this.#host.clock.now();
    for (const peer of peers) this.peerList.add(peer, source, now);
    if (peers.length > 0) this.#host.dial(this);
  }
}
