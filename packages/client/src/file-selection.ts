import type { FileColumns, FileLayout, TorrentInfo } from '@shoal/metainfo';
import { fileColumns } from '@shoal/metainfo';
import type { Bitfield } from '@shoal/peer-wire';
import { ClientError } from './errors.ts';
import { NORMAL_PRIORITY, piecePriorities, type Priority } from './file-priorities.ts';
import { FileProgress, type WantedFiles } from './file-progress.ts';
import { HIGHEST_PRIORITY } from './piece/availability.ts';

/** Where the priorities of pieces go. */
export interface PrioritySink {
  setPriority(piece: number, priority: number): void;
}

/** How much each file of a torrent is wanted, and how much of it is there. */
export class FileSelection {
  readonly #info: TorrentInfo;
  readonly #files: FileColumns;
  readonly #layout: () => FileLayout;
  /** A {@link Priority} for each file, by index; undefined: all normal. */
  #priorities: Uint8Array | undefined;
  #progress: FileProgress;
  readonly #isWanted: WantedFiles = (fileIndex) => this.priorityOf(fileIndex) > 0;

  /** @param select indices of the wanted files; undefined: all */
  constructor(
    info: TorrentInfo,
    layout: () => FileLayout,
    have: Bitfield | 'nothing',
    select?: readonly number[],
  ) {
    this.#info = info;
    this.#files = fileColumns(info);
    this.#layout = layout;
    if (select !== undefined) {
      const priorities = new Uint8Array(this.#files.size);
      for (const index of select) if (index in priorities) priorities[index] = NORMAL_PRIORITY;
      this.#priorities = priorities;
    }
    this.#progress = new FileProgress(info, layout, have, this.#isWanted);
  }

  get progress(): FileProgress {
    return this.#progress;
  }

  /** A {@link Priority} for each file, by index. For reading. */
  get priorities(): Uint8Array {
    return this.#priorities ?? new Uint8Array(this.#files.size).fill(NORMAL_PRIORITY);
  }

  /**
   * Every file is wanted, and as much as any other. So is then every piece, but those of padding only, as a new picker takes them:
   * there is nothing to {@link apply}.
   */
  get isPlain(): boolean {
    return this.#priorities === undefined;
  }

  priorityOf(fileIndex: number): Priority {
    if (this.#priorities !== undefined) return (this.#priorities[fileIndex] ?? 0) as Priority;
    return fileIndex in this.#files.lengths ? NORMAL_PRIORITY : 0;
  }

  /** Throws `ERR_CLIENT_OPTION` for a priority that is not a whole number from 0 to 7. */
  setPriority(fileIndex: number, priority: Priority): void {
    if (!Number.isInteger(priority) || priority < 0 || priority > HIGHEST_PRIORITY) {
      const message = `A file priority is a whole number from 0 to ${HIGHEST_PRIORITY}, not ${priority}`;
      throw new ClientError('ERR_CLIENT_OPTION', message);
    }
    const priorities = this.#own();
    if (!(fileIndex in priorities)) return;
    const wasWanted = this.#isWanted(fileIndex);
    priorities[fileIndex] = priority;
    // Not of all files: somebody may set the priority of each of a hundred thousand.
    if (wasWanted !== priority > 0) this.#progress.changeWanted(fileIndex, !wasWanted);
  }

  /** Only these files are wanted; those that were keep their priority. */
  select(indices: Iterable<number>): void {
    const before = this.priorities;
    const priorities = new Uint8Array(before.length);
    for (const index of indices) {
      if (index in priorities) priorities[index] = before[index] || NORMAL_PRIORITY;
    }
    this.#priorities = priorities;
    this.#progress.setWanted(this.#isWanted);
  }

  /** By file index. */
  wanted(): boolean[] {
    const { size } = this.#files;
    const wanted = new Array<boolean>(size).fill(true);
    if (this.#priorities === undefined) return wanted;
    for (let index = 0; index < size; index += 1) wanted[index] = this.priorityOf(index) > 0;
    return wanted;
  }

  /** Which pieces are there is known anew. */
  measure(have: Bitfield | 'all'): void {
    this.#progress = new FileProgress(this.#info, this.#layout, have, this.#isWanted);
  }

  /** Hands the priority of every piece on. */
  apply(sink: PrioritySink): void {
    const priorities = piecePriorities(this.#info, this.priorities);
    for (let piece = 0; piece < priorities.length; piece += 1) {
      sink.setPriority(piece, priorities[piece] ?? 0);
    }
  }

  #own(): Uint8Array {
    this.#priorities ??= this.priorities;
    return this.#priorities;
  }
}
