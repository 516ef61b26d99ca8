import { dirname } from 'node:path';
import type { FileSyncer } from './file-syncer.ts';
import { PARTS_FILE } from './read-plan.ts';
import { runInSlices, type Steps } from '../slices.ts';

/** Files of a step: the path of one takes up to a microsecond. */
const STEP_FILES = 1_024;

/**
 * Which files of a torrent have names that survive a power failure. To sync a file does not promise that of its name: the folder it
 * stands in has to be synced as well, once, after the file was made.
 */
export class DurableNames {
  readonly #root: string;
  readonly #fileCount: number;
  /** 1 for each file whose name is durable; undefined: none is. */
  #durable: Uint8Array | undefined;
  #isPartsDurable = false;
  /** Folders in which folders were made. */
  readonly #pending = new Set<string>();

  /** @param root the download folder, absolute */
  constructor(root: string, fileCount: number) {
    this.#root = root;
    this.#fileCount = fileCount;
  }

  foldersMade(parents: readonly string[]): void {
    for (const parent of parents) this.#pending.add(parent);
  }

  /** Nothing is known of any file any more. */
  forget(): void {
    this.#durable = undefined;
    this.#isPartsDurable = false;
  }

  partsGone(): void {
    this.#isPartsDurable = false;
  }

  /** Makes the names of files durable that are there, {@link PARTS_FILE} among them. Rejects with a `DiskError`. */
  async sync(
    files: readonly number[],
    pathOf: (file: number) => string,
    syncer: FileSyncer,
  ): Promise<void> {
    const durable = (this.#durable ??= new Uint8Array(this.#fileCount));
    const pending = [...this.#pending];
    const isDurable = (file: number): boolean =>
      file === PARTS_FILE ? this.#isPartsDurable : durable[file] === 1;
    const named = files.filter((file) => !isDurable(file));
    const folders = await runInSlices(this.#foldersOf(named, pathOf));
    for (const folder of pending) folders.add(folder);
    if (folders.size === 0) return;
    await syncer.syncFolders(folders);
    for (const folder of pending) this.#pending.delete(folder);
    for (const file of named) {
      if (file === PARTS_FILE) this.#isPartsDurable = true;
      else durable[file] = 1;
    }
  }

  *#foldersOf(files: readonly number[], pathOf: (file: number) => string): Steps<Set<string>> {
    const folders = new Set<string>();
    for (const [index, file] of files.entries()) {
      this.#addFolders(folders, pathOf(file));
      if (index % STEP_FILES === STEP_FILES - 1) yield;
    }
    return folders;
  }

  /** The folders from that of a file up to the download folder. */
  #addFolders(folders: Set<string>, path: string): void {
    let folder = dirname(path);
    while (!folders.has(folder)) {
      folders.add(folder);
      if (folder.length <= this.#root.length) return;
      folder = dirname(folder);
    }
  }
}
