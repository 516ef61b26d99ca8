import type { TorrentStorage } from './disk/storage.ts';
import { torrentClosedError } from './errors.ts';
import type { TorrentState } from './events.ts';
import { clientDefaults, type CheckMode } from './options.ts';
import type { SwarmEvents } from './swarm-options.ts';
import type { Swarm } from './swarm.ts';
import type { SwarmKeeper } from './swarm-keeper.ts';
import { TorrentData } from './torrent-data.ts';
import type { LifeEvents, TorrentParts } from './torrent-parts.ts';

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
  readonly #data: TorrentData;
  readonly #keeper: SwarmKeeper;
  #wantsPause: boolean;
  #closing = false;
  /** The selection has changed, and its turn has not come yet. */
  #selectionDue = false;
  /** Callers that wait for piece hashes. */
  #hashSeekers = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: TorrentParts, events: LifeEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#data = new TorrentData(parts, {
      warning: (error) => events.warning(error),
      saveFailed: (error, isHopeless) => {
        if (!this.isActive) return;
        // To be tried again, also by a torrent that sleeps.
        events.busy();
        if (isHopeless) void this.#inTurn(() => this.#fail(error));
      },
    });
    this.#keeper = this.#data.keeper;
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
    return this.#data.storage;
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
    return this.#data.checked;
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
      else if (this.#state !== 'paused') return;
      else if (this.#data.isInDoubt) await this.#open();
      else await this.#wake();
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
        await this.storage?.setWanted(selection.wanted());
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
      () => this.#data.swarmParts(() => this.seeksHashes, this.#swarmEvents()),
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
    if (this.#parts.resume.isDue(now)) this.#data.saveInTurn();
  }

  /** Saves resume data where something changed. Failing to is a warning. */
  save(): Promise<void> {
    return this.#data.save();
  }

  /** @param timeout ms to wait for the trackers */
  async close(timeout: number): Promise<void> {
    this.#closing = true;
    this.#data.abortCheck();
    await this.#inTurn(async () => {
      if (this.#state === 'closed') return;
      const { host, discovery, limits, files, borrower } = this.#parts;
      if (borrower !== undefined) host.localData?.forget(borrower);
      const stopped = discovery.stop(timeout);
      this.swarm?.stop();
      limits.close();
      await this.swarm?.settled();
      await this.#data.close();
      await stopped;
      this.#setState('closed');
      files.close();
    });
  }

  async #open(): Promise<void> {
    try {
      this.#setState('checking');
      await this.#data.open();
      await this.#check(this.#parts.options.check ?? 'resume', undefined);
    } catch (error) {
      await this.#fail(error as Error);
    }
  }

  async #check(mode: CheckMode, signal: AbortSignal | undefined): Promise<void> {
    if (this.storage === undefined || this.#closing) return;
    try {
      this.#setState('checking');
      const { have, unverified, isLoss } = await this.#data.check(mode, signal);
      // Who only looks leaves no trace.
      if (mode !== 'trust' && !this.#wantsPause) await this.#data.prepare();
      await this.#data.measured(have, unverified);
      // Before anything is written to where it was: until then, resume data claims what is not there.
      if (isLoss) await this.save();
      // A swarm is made where there is something to fetch.
      if (!this.#parts.selection.progress.isComplete) this.awake();
      this.#settle();
    } catch (error) {
      if (this.#data.isCheckAborted) return;
      if (signal?.aborted === true && this.#keeper.isMeasured) this.#settle();
      else throw error;
    } finally {
      this.#data.endCheck();
    }
  }

  #settle(): void {
    if (this.#wantsPause) this.#setState('paused');
    else this.#activate();
  }

  async #wake(): Promise<void> {
    try {
      await this.#data.assertNotGone();
      await this.#data.prepare();
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
    this.storage?.rest?.();
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

  /** The last wanted piece was written. */
  async #complete(): Promise<void> {
    const { storage } = this;
    if (this.swarm?.picker.wantedLeft !== 0 || storage === undefined) return;
    if (this.#state === 'closed' || this.#state === 'error') return;
    const { host, discovery, borrower } = this.#parts;
    try {
      await this.#data.assertThere(storage);
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

  #swarmEvents(): SwarmEvents {
    return {
      pieceVerified: (piece) => this.#events.piece(piece),
      pieceLost: () => {
        void this.#inTurn(async () => {
          await Promise.resolve();
          if (this.isActive) this.#setState(this.#stateAtWork());
        });
      },
      hashesLearned: () => this.#hashesCame(),
      finished: () => void this.#inTurn(() => this.#complete()),
      diskFailed: (error) => {
        // Of what was under way when it stopped: who resumes it meanwhile has seen why, and is not stopped by the rest.
        if (this.#state !== 'error') void this.#inTurn(() => this.#fail(error));
      },
      peerChanged: (report) => this.#events.peer(report),
      banned: (ban) => this.#events.banned(ban),
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
