import type { FileLayout, TorrentInfo } from '@shoal/metainfo';
import type { Bitfield } from '@shoal/peer-wire';
import type { Announcer } from '@shoal/tracker';
import { findPieces } from './check.ts';
import type { TransferLimits } from './choke/transfer-limits.ts';
import type { TorrentStorage } from './disk/storage.ts';
import { DiskError, type DiskErrorCode, torrentClosedError } from './errors.ts';
import type { PeerReport, TorrentState } from './events.ts';
import type { FileSelection } from './file-selection.ts';
import { missingFile } from './missing-file.ts';
import { clientDefaults, type AddOptions, type CheckMode } from './options.ts';
import type { PeerList } from './peer/peer-list.ts';
import type { ResumeKeeper } from './resume-keeper.ts';
import { Swarm, type SwarmEvents } from './swarm.ts';
import type { TorrentFiles } from './torrent-files.ts';
import type { TorrentHost } from './torrent-host.ts';

/** Failures to make data durable after which a torrent stops. */
const HOPELESS: ReadonlySet<DiskErrorCode> = new Set(['ERR_DISK_MISSING', 'ERR_DISK_FULL']);

/** What a torrent's life goes through and makes use of. */
export interface TorrentParts {
  readonly host: TorrentHost;
  readonly info: TorrentInfo;
  readonly layout: FileLayout;
  readonly options: AddOptions;
  readonly selection: FileSelection;
  readonly files: TorrentFiles;
  readonly limits: TransferLimits;
  readonly peerList: PeerList;
  readonly resume: ResumeKeeper;
  readonly announcer: Announcer;
}

/** What a torrent hears of its life. */
export interface LifeEvents {
  state(state: TorrentState): void;
  piece(piece: number): void;
  complete(): void;
  failed(error: Error): void;
  warning(error: Error): void;
  peer(report: PeerReport): void;
}

/**
 * The state machine of one torrent: `checking → downloading → seeding`, with `paused` and `error` on the way and `closed` at
 * the end. Changes happen one after the other, however many are asked for at once. Each check ends in a new {@link Swarm}.
 */
export class TorrentLife {
  readonly #parts: TorrentParts;
  readonly #events: LifeEvents;
  #state: TorrentState = 'checking';
  #error: Error | undefined;
  #storage: TorrentStorage | undefined;
  #swarm: Swarm | undefined;
  #checked: number | undefined;
  /** Ends a check under way. */
  #checking = new AbortController();
  #wantsPause: boolean;
  #closing = false;
  /** The selection has changed, and its turn has not come yet. */
  #selectionDue = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: TorrentParts, events: LifeEvents) {
    this.#parts = parts;
    this.#events = events;
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

  /** Undefined until the first check is over. */
  get swarm(): Swarm | undefined {
    return this.#swarm;
  }

  /** Pieces looked at by the check under way; undefined when none is. */
  get checked(): number | undefined {
    return this.#checked;
  }

  /** Peers are welcome. */
  get isActive(): boolean {
    return this.#state === 'downloading' || this.#state === 'seeding';
  }

  /** All that is wanted is there, also while paused. */
  get isComplete(): boolean {
    // While it still says `downloading`, the files have yet to be looked at.
    const known = this.#state === 'seeding' || this.#state === 'paused';
    return known && this.#swarm?.picker.wantedLeft === 0;
  }

  /** Checks what is there, then begins. */
  open(): Promise<void> {
    return this.#inTurn(() => this.#open());
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
      if (this.#swarm === undefined) throw this.#error ?? torrentClosedError();
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
      if (this.#swarm === undefined) return;
      selection.apply(this.#swarm.picker);
      this.#swarm.wantedChanged();
      resume.changed();
      if (this.isActive) this.#setState(this.#stateAtWork());
    });
  }

  /** Saves resume data where something changed. Failing to is a warning. */
  async save(): Promise<void> {
    if (this.#swarm === undefined || this.#storage === undefined) return;
    try {
      const { picker, uploadedBytes, downloadedBytes } = this.#swarm;
      await this.#parts.resume.save(this.#storage, () => ({
        have: picker.have,
        priorities: this.#parts.selection.priorities,
        uploaded: uploadedBytes,
        downloaded: downloadedBytes,
      }));
    } catch (error) {
      this.#events.warning(error as Error);
      // Going on would lose what comes: the files are gone, or there is no room for them.
      const lost = error instanceof DiskError && HOPELESS.has(error.code);
      if (lost && this.isActive) void this.#inTurn(() => this.#fail(error));
    }
  }

  /** @param timeout ms to wait for the trackers */
  async close(timeout: number): Promise<void> {
    this.#closing = true;
    this.#checking.abort();
    await this.#inTurn(async () => {
      if (this.#state === 'closed') return;
      const { announcer, limits, resume, files } = this.#parts;
      const stopped = announcer.stop({ timeout });
      this.#swarm?.stop();
      limits.close();
      await this.#swarm?.settled();
      // What was uploaded is worth remembering.
      if ((this.#swarm?.uploadedBytes ?? 0) > 0) resume.changed();
      await this.save();
      await this.#given(this.#storage?.close());
      await this.#given(resume.close());
      await stopped;
      this.#setState('closed');
      files.close();
    });
  }

  async #open(): Promise<void> {
    const { host, info, options, selection } = this.#parts;
    try {
      this.#setState('checking');
      this.#storage ??= host.openStorage(info, options);
      await this.#storage.setWanted(selection.wanted());
      await this.#check(options.check ?? 'resume', undefined);
    } catch (error) {
      await this.#fail(error as Error);
    }
  }

  async #check(mode: CheckMode, signal: AbortSignal | undefined): Promise<void> {
    const storage = this.#storage;
    if (storage === undefined || this.#closing) return;
    const { host, info, layout, resume } = this.#parts;
    this.#checking = new AbortController();
    const signals = [this.#checking.signal, ...(signal === undefined ? [] : [signal])];
    const ended = AbortSignal.any(signals);
    const suspect = mode === 'force' ? undefined : this.#swarm?.picker.have;
    try {
      this.#setState('checking');
      this.#checked = 0;
      const onPiece = (): void => {
        this.#checked = (this.#checked ?? 0) + 1;
      };
      const check = { mode, suspect, info, layout, storage, resume, signal: ended, onPiece };
      const have = await host.checks.run(() => findPieces(check), ended);
      // Whoever only serves what is there may do so beside another process.
      const unlocked = have.isFull ? undefined : await resume.lock();
      if (unlocked !== undefined) this.#events.warning(unlocked);
      // Who only looks leaves no trace.
      if (mode !== 'trust' && !this.#wantsPause) await storage.prepare?.();
      this.#begin(have, storage);
      resume.changed();
    } catch (error) {
      if (this.#checking.signal.aborted) return;
      if (signal?.aborted === true && this.#swarm !== undefined) this.#settle();
      else throw error;
    } finally {
      this.#checked = undefined;
    }
  }

  /** What is there is known: a swarm is made of it. */
  #begin(have: Bitfield, storage: TorrentStorage): void {
    const { host, info, selection, files, peerList, limits, options } = this.#parts;
    selection.measure(have);
    const before = this.#swarm;
    const swarm = new Swarm({
      info,
      storage,
      reader: host.uploadReader(storage),
      host,
      peerList,
      limits,
      have,
      events: this.#swarmEvents(),
      ...(before === undefined ? {} : { before }),
    });
    swarm.picker.sequential = options.sequential ?? false;
    this.#swarm = swarm;
    selection.apply(swarm.picker);
    files.measured(swarm);
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
    const { announcer, host, peerList } = this.#parts;
    this.#swarm?.start();
    this.#setState(this.#stateAtWork());
    announcer.start();
    peerList.retryNow();
    host.dial();
  }

  #stateAtWork(): TorrentState {
    return this.#swarm?.picker.wantedLeft === 0 ? 'seeding' : 'downloading';
  }

  async #rest(state: TorrentState): Promise<void> {
    this.#setState(state);
    this.#swarm?.stop();
    void this.#parts.announcer.stop({ timeout: clientDefaults.closeTimeout });
    await this.#swarm?.settled();
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
    if (this.#swarm?.picker.wantedLeft !== 0 || this.#storage === undefined) return;
    if (this.#state === 'closed' || this.#state === 'error') return;
    const { announcer, info, selection } = this.#parts;
    try {
      const gone = missingFile(info, selection.wanted(), await this.#storage.fileStates());
      if (gone !== undefined) throw gone;
    } catch (error) {
      await this.#fail(error as Error);
      return;
    }
    if (this.#state === 'downloading') {
      this.#setState('seeding');
      announcer.completed();
    }
    void this.save();
    this.#events.complete();
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
      finished: () => void this.#inTurn(() => this.#complete()),
      diskFailed: (error) => void this.#inTurn(() => this.#fail(error)),
      peerChanged: (report) => this.#events.peer(report),
    };
  }

  #setState(state: TorrentState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    if (state === 'checking') this.#error = undefined;
    this.#parts.peerList.seeding = state === 'seeding';
    this.#events.state(state);
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
