import type { Bitfield } from '@shoal/peer-wire';
import { findPieces, type FoundPieces } from './check.ts';
import type { TorrentStorage } from './disk/storage.ts';
import { DiskError, type DiskErrorCode } from './errors.ts';
import { missingFile } from './missing-file.ts';
import type { CheckMode } from './options.ts';
import { localMeans } from './reuse/local-copies.ts';
import { runInSlices } from './slices.ts';
import { SwarmKeeper, type SwarmParts } from './swarm-keeper.ts';
import type { SwarmEvents } from './swarm-options.ts';
import type { TorrentParts } from './torrent-parts.ts';

/** Failures to make data durable after which a torrent stops. */
const HOPELESS: ReadonlySet<DiskErrorCode> = new Set([
  'ERR_DISK_MISSING',
  'ERR_DISK_FULL',
  'ERR_DISK_IO',
]);

/** Pieces that are gone over in about ten milliseconds. */
const MANY_PIECES = 32_768;

/** What goes wrong with a torrent's data beside its check. */
export interface DataEvents {
  warning(error: Error): void;
  /** Saving resume data failed, of which a warning was given. `isHopeless`: what comes would be lost. */
  saveFailed(error: Error, isHopeless: boolean): void;
}

/** What of a torrent is there: its storage, the check of it, and the resume data that remembers what was found and had since. */
export class TorrentData {
  /** The pieces and totals, whether there is a swarm or not. */
  readonly keeper: SwarmKeeper;
  readonly #parts: TorrentParts;
  readonly #events: DataEvents;
  #storage: TorrentStorage | undefined;
  #checked: number | undefined;
  /** Ends a check under way. */
  #checking: AbortController | undefined;
  #saveDue = false;
  /** See {@link isInDoubt}; until then nothing is claimed. */
  #inDoubt = false;

  constructor(parts: TorrentParts, events: DataEvents) {
    this.#parts = parts;
    this.#events = events;
    this.keeper = new SwarmKeeper(parts.info);
  }

  /** Undefined until it is first opened. */
  get storage(): TorrentStorage | undefined {
    return this.#storage;
  }

  /** Pieces looked at by the check under way; undefined when none is. */
  get checked(): number | undefined {
    return this.#checked;
  }

  /** The check under way is not to go on. */
  get isCheckAborted(): boolean {
    return this.#checking?.signal.aborted === true;
  }

  /** Some of what counts as there may never have reached the disk: it is to be looked at. */
  get isInDoubt(): boolean {
    return this.#inDoubt;
  }

  async open(): Promise<void> {
    const { selection, hashes } = this.#parts;
    await runInSlices(hashes.prepare());
    await this.#opened().setWanted(selection.wanted());
  }

  /**
   * Looks at the files when it is this torrent's turn, unless they are to be trusted and nothing speaks against it. {@link endCheck} is to
   * follow, when its outcome has been dealt with.
   */
  async check(
    mode: CheckMode,
    signal: AbortSignal | undefined,
  ): Promise<FoundPieces | { have: 'all'; unverified: undefined; isLoss: false }> {
    const isSuspect = mode !== 'force' && this.keeper.isMeasured;
    const suspect = isSuspect ? this.keeper.have : undefined;
    const trusted = mode === 'trust' && suspect === undefined;
    const found = trusted ? undefined : await this.#find(mode, suspect, signal);
    // Whoever only serves what is there may do so beside another process.
    const isWhole = found === undefined || found.have.isFull;
    const unlocked = isWhole ? undefined : await this.#parts.resume.lock();
    if (unlocked !== undefined) this.#events.warning(unlocked);
    return found ?? { have: 'all', unverified: undefined, isLoss: false };
  }

  /** The check is over, and with it what it was told by {@link abortCheck}. */
  endCheck(): void {
    this.#checked = undefined;
    this.#checking = undefined;
  }

  abortCheck(): void {
    this.#checking?.abort();
  }

  /** What is there is known. */
  async measured(have: Bitfield | 'all', unverified: Bitfield | undefined): Promise<void> {
    const { host, info, selection, files, borrower, discovery, resume } = this.#parts;
    // Once: later on the torrent knows better.
    if (!this.keeper.isMeasured) discovery.remembered(resume.peers);
    this.keeper.measured(have, unverified);
    this.#inDoubt = false;
    selection.measure(have);
    files.measured();
    if (borrower !== undefined) host.localData?.register(borrower);
    // Going over as many pieces takes long enough for a turn of its own.
    if (info.pieceCount > MANY_PIECES) await host.openTurns.next();
  }

  /** Makes folders and whatever else must be there before the first piece. */
  async prepare(): Promise<void> {
    await this.#storage?.prepare?.();
  }

  /** Throws where nothing is left of what was there. */
  async assertNotGone(): Promise<void> {
    if (this.#storage === undefined || !this.keeper.isMeasured) return;
    const states = await this.#storage.fileStates();
    const gone = this.#parts.resume.gone(this.keeper.have.bytes, states);
    if (gone !== undefined) throw gone;
  }

  /** Throws where a wanted file has gone, or cannot be looked at. */
  async assertThere(storage: TorrentStorage): Promise<void> {
    const { info, selection } = this.#parts;
    const gone = missingFile(info, selection.wanted(), await storage.fileStates());
    if (gone !== undefined) throw gone;
  }

  /** Saves resume data where something changed. Failing to is a warning. */
  async save(): Promise<void> {
    if (!this.keeper.isMeasured || this.#storage === undefined || this.#inDoubt) return;
    try {
      await this.#parts.resume.save(this.#storage, () => ({
        have: this.keeper.have,
        priorities: this.#parts.selection.priorities,
        uploaded: this.keeper.totals.uploadedBytes,
        downloaded: this.keeper.totals.downloadedBytes,
        peers: this.#parts.peers.remembered(),
      }));
    } catch (error) {
      this.#events.warning(error as Error);
      // Going on would lose what comes: the files are gone, or there is no room for them.
      const isOfData = this.#parts.resume.isOfData(error);
      const isHopeless = isOfData && error instanceof DiskError && HOPELESS.has(error.code);
      // The system tells once that data could not be written, and forgets it: asked again, it would say that all is well.
      if (isHopeless && error.code === 'ERR_DISK_IO') this.#inDoubt = true;
      this.#events.saveFailed(error as Error, isHopeless);
    }
  }

  /** A thousand torrents do not save at once. */
  saveInTurn(): void {
    if (this.#saveDue) return;
    this.#saveDue = true;
    void this.#parts.host.saves.run(() => {
      this.#saveDue = false;
      return this.save();
    });
  }

  /** Saves, and closes what was opened. */
  async close(): Promise<void> {
    const { resume } = this.#parts;
    // What was uploaded is worth remembering.
    if (this.keeper.totals.uploadedBytes > 0) resume.changed();
    await this.save();
    await this.#given(this.#storage?.close());
    await this.#given(resume.close());
  }

  /** With what a swarm is made; what it tells is noted in progress and resume data before it is passed on to `events`. */
  swarmParts(seeksHashes: () => boolean, events: SwarmEvents): SwarmParts {
    const { host, peers, limits, hashes, discovery, webSeeds } = this.#parts;
    const { selection, resume, files } = this.#parts;
    const storage = this.#opened();
    return {
      hashes,
      storage,
      reader: host.uploadReader(storage),
      host,
      peerList: peers.list,
      discovery,
      limits,
      local: localMeans(this.#parts),
      seeksHashes,
      webSeeds,
      events: {
        ...events,
        pieceVerified: (piece) => {
          selection.progress.add(piece);
          resume.changed();
          files.arrived(piece);
          events.pieceVerified(piece);
        },
        pieceLost: (piece) => {
          selection.progress.remove(piece);
          resume.changed();
          events.pieceLost(piece);
        },
      },
    };
  }

  #opened(): TorrentStorage {
    const { host, info, options, hashes } = this.#parts;
    this.#storage ??= host.openStorage(info, options, hashes);
    return this.#storage;
  }

  async #find(
    mode: CheckMode,
    suspect: Bitfield | undefined,
    signal: AbortSignal | undefined,
  ): Promise<FoundPieces> {
    const { host, info, resume, hashes } = this.#parts;
    const storage = this.#opened();
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

  /** What cannot be closed keeps nothing else from being closed. */
  async #given(ending: Promise<void> | undefined): Promise<void> {
    try {
      await ending;
    } catch (error) {
      this.#events.warning(error as Error);
    }
  }
}
