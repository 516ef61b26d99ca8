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
  /** By file index; undefined: all normal. */
  #priorities: Priority[] | undefined;
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
      const selected = new Set(select);
      this.#priorities = this.#each((index) => (selected.has(index) ? NORMAL_PRIORITY : 0));
    }
    this.#progress = new FileProgress(info, layout, have, this.#isWanted);
  }

  get progress(): FileProgress {
    return this.#progress;
  }

  /** By file index. */
  get priorities(): readonly Priority[] {
    return this.#priorities ?? this.#each(() => NORMAL_PRIORITY);
  }

  /** Every file is wanted, and as much as any other. */
  get isPlain(): boolean {
    return this.#priorities === undefined;
  }

  /** Every piece is wanted as much as any other, as a new picker takes it: there is nothing to {@link apply}. */
  get isUniform(): boolean {
    if (!this.isPlain) return false;
    for (let index = 0; index < this.#files.size; index += 1) {
      if (this.#files.isPadding(index)) return false;
    }
    return true;
  }

  priorityOf(fileIndex: number): Priority {
    if (this.#priorities !== undefined) return this.#priorities[fileIndex] ?? 0;
    return fileIndex in this.#files.lengths ? NORMAL_PRIORITY : 0;
  }

  /** Throws `ERR_CLIENT_OPTION` for a priority that is not a whole number from 0 to 7. */
  setPriority(fileIndex: number, priority: Priority): void {
    if (!Number.isInteger(priority) || priority < 0 || priority > HIGHEST_PRIORITY) {
      const message = `A file priority is a whole number from 0 to ${HIGHEST_PRIORITY}, not ${priority}`;
      throw new ClientError('ERR_CLIENT_OPTION', message);
    }
    const priorities = this.#own();
    if (fileIndex in priorities) priorities[fileIndex] = priority;
    this.#progress.setWanted(this.#isWanted);
  }

  /** Only these files are wanted; those that were keep their priority. */
  select(indices: Iterable<number>): void {
    const selected = new Set(indices);
    const priorities = this.#own();
    priorities.forEach((priority, index) => {
      if (!selected.has(index)) priorities[index] = 0;
      else if (priority === 0) priorities[index] = NORMAL_PRIORITY;
    });
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
    const priorities = piecePriorities(this.#info, this.#layout(), this.priorities);
    priorities.forEach((priority, piece) => sink.setPriority(piece, priority));
  }

  #each(priority: (fileIndex: number) => Priority): Priority[] {
    const priorities = new Array<Priority>(this.#files.size);
    for (let index = 0; index < priorities.length; index += 1) priorities[index] = priority(index);
    return priorities;
  }

  #own(): Priority[] {
    this.#priorities ??= [...this.priorities];
    return this.#priorities;
  }
}
