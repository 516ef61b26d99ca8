import type { Bitfield } from '@shoal/peer-wire';
import { findPieces, type FoundPieces } from './check.ts';
import type { TorrentStorage } from './disk/storage.ts';
import { DiskError, type DiskErrorCode, torrentClosedError } from './errors.ts';
import type { TorrentState } from './events.ts';
import { missingFile } from './missing-file.ts';
import { clientDefaults, type CheckMode } from './options.ts';
import { localMeans } from './reuse/local-copies.ts';
import { runInSlices } from './slices.ts';
import type { SwarmEvents } from './swarm-options.ts';
import type { Swarm } from './swarm.ts';
import { SwarmKeeper, type SwarmParts } from './swarm-keeper.ts';
import type { LifeEvents, TorrentParts } from './torrent-parts.ts';

/** Failures to make data durable after which a torrent stops. */
const HOPELESS: ReadonlySet<DiskErrorCode> = new Set(['ERR_DISK_MISSING', 'ERR_DISK_FULL']);

/** Pieces that are gone over in about ten milliseconds. */
const MANY_PIECES = 32_768;

/**
 * The state machine of one torrent: `checking → downloading → seeding`, with `paused` and `error` on the way and `closed` at
 * the end. Changes happen one after the other, however many are asked for at once. Each check ends in a new {@link Swarm}.
 *
 * A complete torrent without peers is asleep: it has no swarm, only the pieces it has and its totals. The first peer wakes it.
 */
export class TorrentLife {
  readonly #parts: TorrentParts;
  readonly #events: LifeEvents;
  #state: TorrentState = 'checking';
  #error: Error | undefined;
  #storage: TorrentStorage | undefined;
  readonly #keeper: SwarmKeeper;
  #checked: number | undefined;
  /** Ends a check under way. */
  #checking: AbortController | undefined;
  #wantsPause: boolean;
  #closing = false;
  /** The selection has changed, and its turn has not come yet. */
  #selectionDue = false;
  /** Callers that wait for piece hashes. */
  #hashSeekers = 0;
  #saveDue = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: TorrentParts, events: LifeEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#keeper = new SwarmKeeper(parts.info);
    this.#wantsPause = parts.options.paused ?? false;
  }

  get state(): TorrentState {
    return this.#state;
  }

  /** Why the state is `error`. */
  get error(): Error | undefined {
    return this.#error;
  }

  get storage(): TorrentStorage | undefined {
    return this.#storage;
  }

  /** Undefined until the first check is over, and while the torrent is asleep. */
  get swarm(): Swarm | undefined {
    return this.#keeper.swarm;
  }

  /** The pieces and totals, whether there is a swarm or not. */
  get keeper(): SwarmKeeper {
    return this.#keeper;
  }

  /** Pieces looked at by the check under way; undefined when none is. */
  get checked(): number | undefined {
    return this.#checked;
  }

  /** Peers are welcome. */
  get isActive(): boolean {
    if (this.#closing) return false;
    return this.#state === 'downloading' || this.#state === 'seeding';
  }

  /** Piece hashes that only peers have are wanted for their own sake. */
  get seeksHashes(): boolean {
    const { options, hashes } = this.#parts;
    return (options.metadataOnly === true || this.#hashSeekers > 0) && !hashes.isComplete;
  }

  /** Has peers looked for as long as somebody waits for piece hashes. */
  async seekHashes(wait: () => Promise<void>): Promise<void> {
    this.#hashSeekers += 1;
    this.#notePurpose();
    this.swarm?.purposeChanged();
    if (this.isActive) {
      this.#events.busy();
      this.#events.dial();
    }
    try {
      await wait();
    } finally {
      this.#hashSeekers -= 1;
      this.#notePurpose();
      this.swarm?.purposeChanged();
    }
  }

  /** All that is wanted is there, also while paused. */
  get isComplete(): boolean {
    // While it still says `downloading`, the files have yet to be looked at.
    const known = this.#state === 'seeding' || this.#state === 'paused';
    return known && this.#keeper.isMeasured && this.#isDone;
  }

  /** Checks what is there, then begins. */
  open(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.host.openTurns.next();
      if (!this.#closing) await this.#open();
    });
  }

  async pause(): Promise<void> {
    this.#wantsPause = true;
    await this.#inTurn(async () => {
      if (this.isActive) await this.#rest('paused');
    });
  }

  async resume(): Promise<void> {
    this.#wantsPause = false;
    await this.#inTurn(async () => {
      if (this.#state === 'error') await this.#open();
      else if (this.#state === 'paused') await this.#wake();
    });
  }

  /** Hashes everything. Rejects with what made that fail or impossible, or with the signal's reason. */
  async verify(signal: AbortSignal | undefined): Promise<void> {
    await this.#inTurn(async () => {
      signal?.throwIfAborted();
      if (!this.#keeper.isMeasured) throw this.#error ?? torrentClosedError();
      if (this.isActive) await this.#rest('checking');
      try {
        await this.#check('force', signal);
      } catch (error) {
        await this.#fail(error as Error);
        throw error;
      }
      signal?.throwIfAborted();
      if (this.#closing) throw torrentClosedError();
    });
  }

  /** The selection of files changed: disk, picker and state follow, once for all changes made at the same time. */
  selectionChanged(): void {
    if (this.#selectionDue) return;
    this.#selectionDue = true;
    const { selection, resume } = this.#parts;
    void this.#inTurn(async () => {
      this.#selectionDue = false;
      if (this.#closing) return;
      try {
        await this.#storage?.setWanted(selection.wanted());
      } catch (error) {
        await this.#fail(error as Error);
      }
      const swarm = this.awake();
      if (swarm === undefined) return;
      selection.apply(swarm.picker);
      swarm.wantedChanged();
      resume.changed();
      if (this.isActive) this.#setState(this.#stateAtWork());
    });
  }

  /** The swarm, which a sleeping torrent is given one of; undefined until the first check is over. */
  awake(): Swarm | undefined {
    return this.#keeper.awake(
      () => this.#swarmParts(),
      (swarm) => {
        const { selection, files, options } = this.#parts;
        swarm.picker.sequential = options.sequential ?? false;
        if (!selection.isPlain) selection.apply(swarm.picker);
        files.focus();
        if (this.isActive) swarm.start();
        this.#events.busy();
      },
    );
  }

  /** Something may be due: there is a swarm, or something to save. */
  get isBusy(): boolean {
    return this.swarm !== undefined || this.#parts.resume.hasChanged || this.seeksHashes;
  }

  /** Once a second, while it is busy. */
  tick(now: number): void {
    if (!this.isActive) return;
    this.swarm?.tick(now);
    this.#sleepWhenIdle(now);
    if (this.#parts.resume.isDue(now)) this.#saveInTurn();
  }

  /** Saves resume data where something changed. Failing to is a warning. */
  async save(): Promise<void> {
    if (!this.#keeper.isMeasured || this.#storage === undefined) return;
    try {
      await this.#parts.resume.save(this.#storage, () => ({
        have: this.#keeper.have,
        priorities: this.#parts.selection.priorities,
        uploaded: this.#keeper.totals.uploadedBytes,
        downloaded: this.#keeper.totals.downloadedBytes,
      }));
    } catch (error) {
      this.#events.warning(error as Error);
      // To be tried again, also by a torrent that sleeps.
      if (this.isActive) this.#events.busy();
      // Going on would lose what comes: the files are gone, or there is no room for them.
      const lost = error instanceof DiskError && HOPELESS.has(error.code);
      if (lost && this.isActive) void this.#inTurn(() => this.#fail(error));
    }
  }

  /** @param timeout ms to wait for the trackers */
  async close(timeout: number): Promise<void> {
    this.#closing = true;
    this.#checking?.abort();
    await this.#inTurn(async () => {
      if (this.#state === 'closed') return;
      const { host, discovery, limits, resume, files, borrower } = this.#parts;
      if (borrower !== undefined) host.localData?.forget(borrower);
      const stopped = discovery.stop(timeout);
      this.swarm?.stop();
      limits.close();
      await this.swarm?.settled();
      // What was uploaded is worth remembering.
      if (this.#keeper.totals.uploadedBytes > 0) resume.changed();
      await this.save();
      await this.#given(this.#storage?.close());
      await this.#given(resume.close());
      await stopped;
      this.#setState('closed');
      files.close();
    });
  }

  async #open(): Promise<void> {
    const { host, info, options, selection, hashes } = this.#parts;
    try {
      this.#setState('checking');
      await runInSlices(hashes.prepare());
      this.#storage ??= host.openStorage(info, options, hashes);
      await this.#storage.setWanted(selection.wanted());
      await this.#check(options.check ?? 'resume', undefined);
    } catch (error) {
      await this.#fail(error as Error);
    }
  }

  async #check(mode: CheckMode, signal: AbortSignal | undefined): Promise<void> {
    const storage = this.#storage;
    if (storage === undefined || this.#closing) return;
    const { resume } = this.#parts;
    const suspect = mode === 'force' || !this.#keeper.isMeasured ? undefined : this.#keeper.have;
    try {
      this.#setState('checking');
      const trusted = mode === 'trust' && suspect === undefined;
      const found = trusted ? undefined : await this.#find(mode, suspect, storage, signal);
      const have = found?.have ?? 'all';
      // Whoever only serves what is there may do so beside another process.
      const unlocked = have === 'all' || have.isFull ? undefined : await resume.lock();
      if (unlocked !== undefined) this.#events.warning(unlocked);
      // Who only looks leaves no trace.
      if (mode !== 'trust' && !this.#wantsPause) await storage.prepare?.();
      await this.#begin(have, found?.unverified);
    } catch (error) {
      if (this.#checking?.signal.aborted === true) return;
      if (signal?.aborted === true && this.#keeper.isMeasured) this.#settle();
      else throw error;
    } finally {
      this.#checked = undefined;
      this.#checking = undefined;
    }
  }

  /** Looks at the files when it is this torrent's turn. */
  async #find(
    mode: CheckMode,
    suspect: Bitfield | undefined,
    storage: TorrentStorage,
    signal: AbortSignal | undefined,
  ): Promise<FoundPieces> {
    const { host, info, resume, hashes } = this.#parts;
    this.#checking = new AbortController();
    this.#checked = 0;
    const onPiece = (): void => {
      this.#checked = (this.#checked ?? 0) + 1;
    };
    const { signal: closed } = this.#checking;
    const ended = signal === undefined ? closed : AbortSignal.any([closed, signal]);
    const check = { mode, suspect, info, hashes, storage, resume, signal: ended, onPiece };
    return await host.checks.run(() => findPieces(check), ended);
  }

  /** What is there is known: a swarm is made of it where there is something to fetch. */
  async #begin(have: Bitfield | 'all', unverified: Bitfield | undefined): Promise<void> {
    const { host, info, selection, files, borrower } = this.#parts;
    this.#keeper.measured(have, unverified);
    selection.measure(have);
    files.measured();
    if (borrower !== undefined) host.localData?.register(borrower);
    // Going over as many pieces takes long enough for a turn of its own.
    if (info.pieceCount > MANY_PIECES) await host.openTurns.next();
    if (!selection.progress.isComplete) this.awake();
    this.#settle();
  }

  #settle(): void {
    if (this.#wantsPause) this.#setState('paused');
    else this.#activate();
  }

  async #wake(): Promise<void> {
    try {
      await this.#storage?.prepare?.();
      this.#activate();
    } catch (error) {
      await this.#fail(error as Error);
    }
  }

  #activate(): void {
    const { discovery, peers } = this.#parts;
    this.swarm?.start();
    this.#setState(this.#stateAtWork());
    // What the check has found is to be saved in time.
    if (this.isBusy) this.#events.busy();
    discovery.start();
    if (peers.retryNow()) this.#events.dial();
  }

  #stateAtWork(): TorrentState {
    return this.#isDone ? 'seeding' : 'downloading';
  }

  /** What the torrent was added for is there. */
  get #isDone(): boolean {
    if (!this.#keeper.wantsNothing) return false;
    return this.#parts.options.metadataOnly !== true || this.#parts.hashes.isComplete;
  }

  /** Seeds are of no use to a seed, unless they have hashes that it lacks. */
  #notePurpose(): void {
    this.#parts.peers.seeding = this.#state === 'seeding' && !this.seeksHashes;
  }

  /** Piece hashes came from peers. */
  #hashesCame(): void {
    const { resume, hashes, options } = this.#parts;
    resume.changed();
    if (!hashes.isComplete) return;
    this.#events.hashes();
    if (options.metadataOnly !== true) return;
    void this.#inTurn(async () => {
      if (this.#state !== 'downloading' || !this.#isDone) return;
      this.#setState('seeding');
      await this.save();
      this.#events.complete();
    });
  }

  /** Gives up a swarm that nobody needs, and with it what belongs to files and peers. */
  #sleepWhenIdle(now: number): void {
    if (this.#state !== 'seeding' || !this.#keeper.sleepWhenIdle(now)) return;
    this.#parts.peers.rest();
    this.#parts.limits.rest();
    this.#storage?.rest?.();
  }

  /** A thousand torrents do not save at once. */
  #saveInTurn(): void {
    if (this.#saveDue) return;
    this.#saveDue = true;
    void this.#parts.host.saves.run(() => {
      this.#saveDue = false;
      return this.save();
    });
  }

  async #rest(state: TorrentState): Promise<void> {
    this.#setState(state);
    this.swarm?.stop();
    void this.#parts.discovery.stop(clientDefaults.closeTimeout);
    await this.swarm?.settled();
    await this.save();
  }

  async #fail(error: Error): Promise<void> {
    if (this.#state === 'error' || this.#state === 'closed') return;
    this.#error = error;
    await this.#rest('error');
    this.#parts.files.fail(error);
    this.#events.failed(error);
  }

  /** What cannot be closed keeps nothing else from being closed. */
  async #given(ending: Promise<void> | undefined): Promise<void> {
    try {
      await ending;
    } catch (error) {
      this.#events.warning(error as Error);
    }
  }

  /** The last wanted piece was written. */
  async #complete(): Promise<void> {
    if (this.swarm?.picker.wantedLeft !== 0 || this.#storage === undefined) return;
    if (this.#state === 'closed' || this.#state === 'error') return;
    const { host, discovery, info, selection, borrower } = this.#parts;
    try {
      const gone = missingFile(info, selection.wanted(), await this.#storage.fileStates());
      if (gone !== undefined) throw gone;
    } catch (error) {
      await this.#fail(error as Error);
      return;
    }
    if (this.#state === 'downloading') {
      this.#setState('seeding');
      discovery.completed();
    }
    if (borrower !== undefined) host.localData?.lent(borrower);
    void this.save();
    this.#events.complete();
  }

  #swarmParts(): SwarmParts {
    const { host, info, peers, limits, options, hashes, discovery, webSeeds } = this.#parts;
    const storage = (this.#storage ??= host.openStorage(info, options, hashes));
    return {
      hashes,
      storage,
      reader: host.uploadReader(storage),
      host,
      peerList: peers.list,
      discovery,
      limits,
      local: localMeans(this.#parts),
      seeksHashes: () => this.seeksHashes,
      webSeeds,
      events: this.#swarmEvents(),
    };
  }

  #swarmEvents(): SwarmEvents {
    const { selection, resume, files } = this.#parts;
    return {
      pieceVerified: (piece) => {
        selection.progress.add(piece);
        resume.changed();
        files.arrived(piece);
        this.#events.piece(piece);
      },
      pieceLost: (piece) => {
        selection.progress.remove(piece);
        resume.changed();
        void this.#inTurn(async () => {
          await Promise.resolve();
          if (this.isActive) this.#setState(this.#stateAtWork());
        });
      },
      hashesLearned: () => this.#hashesCame(),
      finished: () => void this.#inTurn(() => this.#complete()),
      diskFailed: (error) => void this.#inTurn(() => this.#fail(error)),
      peerChanged: (report) => this.#events.peer(report),
      // At once where nothing was transferred, as what dies young costs least; but whoever left may have made room for another.
      deserted: () => queueMicrotask(() => this.#sleepWhenIdle(this.#parts.host.clock.now())),
    };
  }

  #setState(state: TorrentState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    if (state === 'checking') this.#error = undefined;
    this.#notePurpose();
    this.#events.state(state);
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
