import { MAX_COMPONENT_LENGTH } from './limits.ts';
import type { NameRules } from './safe-path.ts';
import { foldName, limitComponent, splitExtension } from './safe-path.ts';
import type { Steps } from './steps.ts';

/** Files of a step. */
const FILES_PER_STEP = 1_024;

/** Bytes kept free for the number that tells clashing names apart: a dot and up to seven digits. */
const SUFFIX_LENGTH = 8;

/** What stands at a name of a folder: the index of a file, or a folder. */
type Entry = number | Folder;

interface Folder {
  /** Its name as the first file in it spells it. */
  readonly name: string;
  /** Its path below the download folder, spelled in that way, with a slash at its end. */
  readonly path: string;
  readonly entries: Map<string, Entry>;
  /** The next number to try for each name that clashed; without it, many equal names would cost quadratic time. */
  counters: Map<string, number> | undefined;
}

interface Clash {
  readonly index: number;
  readonly folder: Folder;
  /** Path of the folder with the slash at its end, or empty. */
  readonly prefix: string;
  readonly name: string;
}

/**
 * The names of a torrent's files as a tree, by which names that would be one file on disk are found: equal ones, ones that
 * differ by letter case (or by Unicode form, where the file system ignores it), and a file where a folder is needed.
 *
 * Folders keep their names. Of equal files the first keeps its name; the others get a number before the extension, in the
 * order of the list and past every name that is in use. Linear in the length of all paths.
 */
export class FileNames {
  readonly #rules: NameRules;
  readonly #root: Folder;
  readonly #clashes: Clash[] = [];
  readonly #displaced: number[] = [];
  /** Renamed files by index. */
  readonly #renamed = new Map<number, string>();

  /** `name` is the torrent's: the folder that all files are in. */
  constructor(name: string, rules: NameRules) {
    this.#root = newFolder(name, '');
    this.#rules = rules;
  }

  /** Put a file at its path; gives that path below the download folder. Files of one folder share its part of the string. */
  add(index: number, components: readonly string[]): string {
    const last = components.length - 1;
    let folder = this.#root;
    let sameSpelling = true;
    for (let depth = 0; depth < last; depth++) {
      const name = components[depth] ?? '';
      const key = foldName(name, this.#rules);
      const entry = folder.entries.get(key);
      if (typeof entry === 'object') {
        folder = entry;
        if (folder.name !== name) sameSpelling = false;
        continue;
      }
      if (entry !== undefined) {
        const prefix = components
          .slice(0, depth)
          .map((part) => `${part}/`)
          .join('');
        this.#clashes.push({ index: entry, folder, prefix, name });
        this.#displaced.push(entry);
      }
      const created = newFolder(name, folder.path);
      folder.entries.set(key, created);
      folder = created;
    }
    const name = components[last] ?? '';
    const key = foldName(name, this.#rules);
    const path = sameSpelling ? folder.path + name : `${this.#root.path}${components.join('/')}`;
    const entry = folder.entries.get(key);
    if (entry === undefined) {
      folder.entries.set(key, index);
      return path;
    }
    const prefix = components
      .slice(0, last)
      .map((part) => `${part}/`)
      .join('');
    this.#clashes.push({ index, folder, prefix, name });
    if (typeof entry === 'object') this.#displaced.push(index);
    return path;
  }

  /** Files that stand where a folder is needed, in the order they were found. */
  get displaced(): readonly number[] {
    return this.#displaced;
  }

  /** Find new names for the files that clash: index and path of each. */
  *resolve(): Steps<ReadonlyMap<number, string>> {
    this.#clashes.sort((left, right) => left.index - right.index);
    let steps = 0;
    for (const { index, folder, prefix, name } of this.#clashes.splice(0)) {
      this.#renamed.set(index, prefix + this.#freeName(folder, name, index));
      if (++steps % FILES_PER_STEP === 0) yield;
    }
    return this.#renamed;
  }

  /**
   * What stands at a path: a file by its index, a folder, or nothing (undefined). A file that lost its name to another one
   * is not found.
   */
  find(components: readonly string[]): number | 'folder' | undefined {
    let entry: Entry | undefined = this.#root;
    for (const component of components) {
      if (typeof entry !== 'object') return undefined;
      entry = entry.entries.get(foldName(component, this.#rules));
    }
    return typeof entry === 'object' ? 'folder' : entry;
  }

  #freeName(folder: Folder, name: string, index: number): string {
    const [stem, extension] = splitExtension(name);
    const room = MAX_COMPONENT_LENGTH - SUFFIX_LENGTH - Buffer.byteLength(extension);
    const start = limitComponent(stem, room);
    const key = foldName(start + extension, this.#rules);
    folder.counters ??= new Map();
    let number = folder.counters.get(key) ?? 1;
    for (;;) {
      const candidate = `${start}.${number++}${extension}`;
      const folded = foldName(candidate, this.#rules);
      if (folder.entries.has(folded)) continue;
      folder.entries.set(folded, index);
      folder.counters.set(key, number);
      return candidate;
    }
  }
}

function newFolder(name: string, parent: string): Folder {
  return { name, path: `${parent}${name}/`, entries: new Map(), counters: undefined };
}
