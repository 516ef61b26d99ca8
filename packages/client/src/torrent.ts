import { EventEmitter } from 'node:events';
import type { Announcer } from '@shoal/tracker';
import { FileLayout, infoHashHex, type Metainfo, type TorrentInfo } from '@shoal/metainfo';
import type { Connection, ConnectionHandler, Endpoint } from '@shoal/net';
import { Bitfield, type Handshake } from '@shoal/peer-wire';
import { findPieces } from './check.ts';
import { type RateLimits, TransferLimits } from './choke/transfer-limits.ts';
import { announcerFor } from './discovery/trackers.ts';
import type { TorrentStorage } from './disk/storage.ts';
import { ClientError } from './errors.ts';
import type { TorrentEvents, TorrentProgress, TorrentState } from './events.ts';
import type { TorrentFileHandle } from './file-handle.ts';
import { FileSelection } from './file-selection.ts';
import { clientDefaults, type AddOptions } from './options.ts';
import { type NamedPeer, PeerList } from './peer/peer-list.ts';
import { progressOf } from './progress.ts';
import { ResumeKeeper } from './resume-keeper.ts';
import { Swarm, type SwarmEvents } from './swarm.ts';
import { TorrentFiles } from './torrent-files.ts';
import type { TorrentHost } from './torrent-host.ts';
import { waitForState, type WaitOptions } from './wait.ts';
import { watchProgress, type WatchOptions } from './watch.ts';

/**
 * One torrent of a client: `checking → downloading → seeding`, with `paused` and `error` on the way. Its failure is its
 * own: it enters state `error`, keeps what was verified, and {@link resume} tries again.
 */
export class Torrent extends EventEmitter<TorrentEvents> implements AsyncDisposable {
  readonly metainfo: Metainfo;
  /** The folder that holds the torrent's top file or folder. */
  readonly directory: string;
  /** The SHA-1 info-hash (of a v2-only torrent the SHA-256 one), lower-case hex. */
  readonly infoHashHex: string;
  /** The 20 bytes that handshakes and trackers use. */
  readonly handshakeHash: Uint8Array;
  /**
   * Candidates, back-off and bans.
   * @internal
   */
  readonly peerList: PeerList;

  readonly #host: TorrentHost;
  readonly #options: AddOptions;
  readonly #layout: FileLayout;
  readonly #resume: ResumeKeeper;
  readonly #announcer: Announcer;
  readonly #files: TorrentFiles;
  readonly #limits: TransferLimits;
  readonly #selection: FileSelection;
  #state: TorrentState = 'checking';
  #error: Error | undefined;
  #storage: TorrentStorage | undefined;
  #swarm: Swarm | undefined;
  #checked: number | undefined;
  /** Ends a check under way. */
  #checking = new AbortController();
  #wantsPause: boolean;
  /** {@link close} was called. */
  #closing = false;
  /** Changes of state happen one after the other. */
  #turn: Promise<void> = Promise.resolve();

  /**
   * Made by {@link Client.add}.
   * @internal
   */
  constructor(host: TorrentHost, metainfo: Metainfo, options: AddOptions) {
    super();
    const { info } = metainfo;
    this.metainfo = metainfo;
    this.directory = options.directory;
    this.infoHashHex = infoHashHex(info);
    this.handshakeHash = swarmHash(info);
    this.#host = host;
    this.#options = options;
    this.#wantsPause = options.paused ?? false;
    this.#layout = new FileLayout(info);
    this.#selection = new FileSelection(
      info,
      this.#layout,
      new Bitfield(info.pieceCount),
      options.select,
    );
    this.#files = new TorrentFiles({
      info,
      selection: this.#selection,
      swarm: () => this.#swarm,
      storage: () => this.#storage,
      prioritiesChanged: () => this.#prioritiesChanged(),
    });
    this.peerList = new PeerList({ random: host.random, ownPort: host.port });
    this.#limits = new TransferLimits(
      { download: options.maxDownloadRate, upload: options.maxUploadRate },
      { download: host.downloadLimiter, upload: host.uploadLimiter },
      host.clock,
    );
    this.#resume = new ResumeKeeper(host.resumeDirectory, host.clock, info, options.directory);
    this.#announcer = announcerFor({
      host,
      infoHash: this.handshakeHash,
      tiers: [...metainfo.trackers, ...(options.trackers ?? [])],
      stats: () => ({
        uploaded: this.#swarm?.uploadedBytes ?? 0,
        downloaded: this.#swarm?.downloadedBytes ?? 0,
        left: this.#swarm?.picker.wantedBytesLeft ?? info.length,
      }),
      found: (peers) => this.#found(peers, 'tracker'),
      report: (report) => this.emit('tracker', report),
      seenAt: (address) => this.peerList.setExternalAddress(address),
    });
    this.#found(options.peers ?? [], 'user');
    void this.#inTurn(() => this.#open());
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
    return this.#state;
  }

  /** Why the torrent is in state `error`. */
  get error(): Error | undefined {
    return this.#error;
  }

  /**
   * The peers and pieces at work; undefined until the first check is over.
   * @internal
   */
  get swarm(): Swarm | undefined {
    return this.#swarm;
  }

  /**
   * Connections it may still have; 0 while it wants none.
   * @internal
   */
  get freeConnections(): number {
    if (!this.#isActive) return 0;
    const most = this.#options.maxPeers ?? this.#host.maxPeersPerTorrent;
    return Math.max(0, most - (this.#swarm?.peers.size ?? 0));
  }

  /** A moment's figures. Cheap. */
  progress(): TorrentProgress {
    return progressOf({
      state: this.#state,
      now: this.#host.clock.now(),
      files: this.#selection.progress,
      swarm: this.#swarm,
      pieceCount: this.info.pieceCount,
      checked: this.#checked,
      before: this.#resume.totals,
    });
  }

  /** Snapshots at intervals and on changes of state, until the torrent is closed. */
  watch(options?: WatchOptions): AsyncGenerator<TorrentProgress, void, undefined> {
    return watchProgress(this, this.#host.clock, options);
  }

  /** Resolves when all wanted pieces are verified; rejects when the torrent fails or is closed. */
  completed(options: WaitOptions = {}): Promise<void> {
    return waitForState(this, (state) => state === 'seeding' || this.#isComplete, options);
  }

  /** Resolves when the data that was there has been checked; rejects when the torrent fails or is closed. */
  checked(options: WaitOptions = {}): Promise<void> {
    return waitForState(this, (state) => state !== 'checking', options);
  }

  /** Disconnects from everybody and stays so until {@link resume}. */
  async pause(): Promise<void> {
    this.#wantsPause = true;
    await this.#inTurn(async () => {
      if (!this.#isActive) return;
      await this.#rest('paused');
    });
  }

  /** Goes on after {@link pause}, or tries again after an error: what was verified is looked at once more then. */
  async resume(): Promise<void> {
    this.#wantsPause = false;
    await this.#inTurn(async () => {
      if (this.#state === 'error') await this.#open();
      else if (this.#state === 'paused') await this.#wake();
    });
  }

  /**
   * Hashes everything again. What turns out to be bad or missing is downloaded again. Rejects with the signal's reason, or
   * with what made the check fail; the torrent is in state `error` then.
   * @returns the wanted pieces that are not there
   */
  async verify(options: WaitOptions = {}): Promise<{ missing: number[] }> {
    const { signal } = options;
    await this.#inTurn(async () => {
      signal?.throwIfAborted();
      if (this.#swarm === undefined) return;
      if (this.#isActive) await this.#rest('checking');
      try {
        await this.#check('force', signal);
      } catch (error) {
        await this.#fail(error as Error);
        throw error;
      }
      signal?.throwIfAborted();
    });
    const missing: number[] = [];
    for (let piece = 0; piece < this.info.pieceCount; piece += 1) {
      const wanted = this.#swarm?.picker.priorityOf(piece) !== 0;
      if (wanted && this.#swarm?.picker.have.get(piece) !== true) missing.push(piece);
    }
    return { missing };
  }

  /** Dials a peer. */
  addPeer(endpoint: Endpoint): void {
    this.#found([endpoint], 'user');
  }

  /** Adds a tracker in a tier of its own. */
  addTracker(url: string): void {
    this.#announcer.addTracker(url);
  }

  /** The files wanted, by index; all others are not. */
  select(indices: Iterable<number>): void {
    this.#selection.select(indices);
    this.#prioritiesChanged();
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
    this.#closing = true;
    this.#checking.abort();
    await this.#inTurn(async () => {
      if (this.#state === 'closed') return;
      const stopped = this.#announcer.stop({ timeout });
      this.#swarm?.stop();
      this.#limits.close();
      await this.#swarm?.settled();
      // What was uploaded is worth remembering, unless nothing here was ever verified.
      if (this.#options.check !== 'trust' && this.progress().uploadedBytes > 0) {
        this.#resume.changed();
      }
      await this.#save();
      await this.#storage?.close();
      await this.#resume.close();
      await stopped;
      this.#setState('closed');
      this.#files.close();
      this.#host.forget(this);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Once a second, by the client.
   * @internal
   */
  tick(now: number): void {
    if (!this.#isActive) return;
    this.#swarm?.tick(now);
    if (this.freeConnections > 0 && this.peerList.size === 0) this.#announcer.update();
    if (this.#resume.isDue(now)) void this.#save();
  }

  /**
   * Does it want a connection from there now?
   * @internal
   */
  accepts(from: Endpoint): boolean {
    return this.freeConnections > 0 && this.peerList.accepts(from, this.#host.clock.now());
  }

  /**
   * A connection for this torrent has completed its handshake.
   * @internal
   */
  join(connection: Connection, handshake: Handshake): ConnectionHandler | undefined {
    return this.freeConnections > 0 ? this.#swarm?.join(connection, handshake) : undefined;
  }

  get #isActive(): boolean {
    return this.#state === 'downloading' || this.#state === 'seeding';
  }

  get #isComplete(): boolean {
    return this.#state !== 'checking' && this.#swarm?.picker.wantedLeft === 0;
  }

  async #open(): Promise<void> {
    try {
      this.#error = undefined;
      this.#setState('checking');
      this.#storage ??= this.#host.openStorage(this.info, this.#options);
      await this.#storage.setWanted(this.#selection.wanted());
      await this.#check(this.#options.check ?? 'resume', undefined);
    } catch (error) {
      await this.#fail(error as Error);
    }
  }

  async #check(mode: 'resume' | 'force' | 'trust', signal: AbortSignal | undefined): Promise<void> {
    const storage = this.#storage;
    if (storage === undefined) return;
    if (this.#closing) return;
    this.#checking = new AbortController();
    const signals = [this.#checking.signal, ...(signal === undefined ? [] : [signal])];
    const suspect = mode === 'force' ? undefined : this.#swarm?.picker.have;
    try {
      this.#setState('checking');
      this.#checked = 0;
      const have = await findPieces({
        mode,
        suspect,
        info: this.info,
        layout: this.#layout,
        storage,
        resume: this.#resume,
        signal: AbortSignal.any(signals),
        onPiece: () => {
          this.#checked = (this.#checked ?? 0) + 1;
        },
      });
      // Whoever only serves what is there may do so beside another process.
      const unlocked = have.isFull ? undefined : await this.#resume.lock();
      if (unlocked !== undefined) this.emit('warning', unlocked);
      // Who only looks leaves no trace.
      if (mode !== 'trust' && !this.#wantsPause) await storage.prepare?.();
      this.#begin(have);
      if (mode !== 'trust') this.#resume.changed();
    } catch (error) {
      if (this.#checking.signal.aborted) return;
      if (signal?.aborted === true && this.#swarm !== undefined) this.#settle();
      else throw error;
    } finally {
      this.#checked = undefined;
    }
  }

  /** What is there is known: a swarm is made of it. */
  #begin(have: Bitfield): void {
    const host = this.#host;
    const storage = this.#storage;
    if (storage === undefined) return;
    const before = this.#swarm;
    this.#selection.measure(have);
    this.#swarm = new Swarm({
      info: this.info,
      storage,
      reader: host.uploadReader(storage),
      host,
      peerList: this.peerList,
      limits: this.#limits,
      have,
      events: this.#swarmEvents(),
      ...(before === undefined ? {} : { before }),
    });
    this.#swarm.picker.sequential = this.#options.sequential ?? false;
    this.#selection.apply(this.#swarm.picker);
    this.#files.measured(this.#swarm);
    this.#settle();
  }

  async #wake(): Promise<void> {
    try {
      await this.#storage?.prepare?.();
      this.#activate();
    } catch (error) {
      await this.#fail(error as Error);
    }
  }

  #settle(): void {
    if (this.#wantsPause) this.#setState('paused');
    else this.#activate();
  }

  #activate(): void {
    this.#swarm?.start();
    this.#setState(this.#swarm?.picker.wantedLeft === 0 ? 'seeding' : 'downloading');
    this.#announcer.start();
    this.#host.dial();
  }

  async #rest(state: TorrentState): Promise<void> {
    this.#setState(state);
    this.#swarm?.stop();
    void this.#announcer.stop({ timeout: clientDefaults.closeTimeout });
    await this.#swarm?.settled();
    await this.#save();
  }

  async #fail(error: Error): Promise<void> {
    if (this.#state === 'error' || this.#state === 'closed') return;
    this.#error = error;
    await this.#rest('error');
    this.#files.fail(error);
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  async #save(): Promise<void> {
    if (this.#swarm === undefined || this.#storage === undefined) return;
    try {
      const { picker, uploadedBytes, downloadedBytes } = this.#swarm;
      await this.#resume.save(this.#storage, () => ({
        have: picker.have,
        priorities: this.#selection.priorities,
        uploaded: uploadedBytes,
        downloaded: downloadedBytes,
      }));
    } catch (error) {
      this.emit('warning', error as Error);
    }
  }

  #swarmEvents(): SwarmEvents {
    return {
      pieceVerified: (piece) => {
        this.#selection.progress.add(piece);
        this.#resume.changed();
        this.#files.arrived(piece);
        this.emit('piece', piece);
      },
      finished: () => {
        if (this.#state === 'downloading') {
          this.#setState('seeding');
          this.#announcer.completed();
        }
        void this.#save();
        this.emit('complete');
      },
      diskFailed: (error) => void this.#inTurn(() => this.#fail(error)),
      peerChanged: (report) => this.emit('peer', report),
    };
  }

  #found(peers: readonly NamedPeer[], source: 'tracker' | 'user'): void {
    const now = this.#host.clock.now();
    for (const peer of peers) this.peerList.add(peer, source, now);
    if (peers.length > 0 && this.#isActive) this.#host.dial();
  }

  #prioritiesChanged(): void {
    const wanted = this.#selection.wanted();
    void this.#inTurn(async () => {
      try {
        await this.#storage?.setWanted(wanted);
      } catch (error) {
        await this.#fail(error as Error);
      }
      if (this.#swarm === undefined) return;
      this.#selection.apply(this.#swarm.picker);
      this.#swarm.wantedChanged();
      this.#resume.changed();
      if (this.#isActive) {
        this.#setState(this.#swarm.picker.wantedLeft === 0 ? 'seeding' : 'downloading');
      }
    });
  }

  #setState(state: TorrentState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.peerList.seeding = state === 'seeding';
    this.emit('state', state);
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** What names the swarm on the wire: the SHA-1 info-hash, or the first 20 bytes of the v2 one (BEP 52). */
function swarmHash(info: TorrentInfo): Uint8Array {
  const hash = info.infoHash ?? info.infoHashV2?.subarray(0, 20);
  if (hash === undefined)
    throw new ClientError('ERR_CLIENT_INVALID_TORRENT', 'It has no info-hash');
  return hash;
}
