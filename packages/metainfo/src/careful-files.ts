import type { AttributeLetters } from './attributes.ts';
import { plainAttributes } from './attributes.ts';
import { MetainfoError } from './errors.ts';
import { FileNames } from './file-names.ts';
import type { FileList, MutableFile } from './file-table.ts';
import { FileTable } from './file-table.ts';
import type { MetainfoLimits } from './limits.ts';
import type { NameRules } from './safe-path.ts';
import { safeComponent } from './safe-path.ts';
import type { SymlinkRequest } from './symlinks.ts';
import { resolveSymlinks } from './symlinks.ts';
import type { Steps } from './steps.ts';

/** Files of a step. */
const FILES_PER_STEP = 1_024;

/** A file as a torrent gives it. */
export interface GivenFile {
  /** Components below the torrent's name; at least one. */
  readonly path: readonly string[];
  /** Bytes. */
  readonly length: number;
  readonly letters: AttributeLetters;
  /** Components of a symlink's target; undefined where there is none. */
  readonly target: readonly string[] | undefined;
}

/**
 * Files with any names: what is unsafe is made safe, what clashes is renamed and links are resolved. An object for each file;
 * lists that need none of this are read by `plain-files.ts`.
 */
export class CarefulFiles {
  readonly #name: string;
  readonly #limits: MetainfoLimits;
  readonly #rules: NameRules;
  readonly #names: FileNames;
  readonly #files: MutableFile[] = [];
  readonly #symlinks: SymlinkRequest[] = [];
  #offset = 0;
  #length = 0;

  constructor(name: string, limits: MetainfoLimits, rules: NameRules) {
    this.#name = name;
    this.#limits = limits;
    this.#rules = rules;
    this.#names = new FileNames(name, rules);
  }

  /** Put a file behind the others. Throws ERR_METAINFO_INVALID_PATH or ERR_METAINFO_INVALID_LENGTH. */
  add({ path: raw, length, letters, target }: GivenFile): void {
    const index = this.#files.length;
    const components = this.#safePath(raw, index);
    // Padding never stands on disk: it takes no name from others.
    const path = letters.padding
      ? `${this.#name}/${components.join('/')}`
      : this.#names.add(index, components);
    if (path.length * 3 > this.#limits.maxPathLength) this.#checkPathLength(path, index);
    this.#files.push({
      index,
      path,
      originalPath: components === raw ? undefined : raw,
      length,
      offset: this.#offset,
      piecesRoot: undefined,
      attributes: plainAttributes(letters),
    });
    if (!letters.padding) {
      this.#length += length;
      if (letters.symlink) this.#symlinks.push({ index, letters, target });
    }
    this.#offset += length;
    if (this.#offset > Number.MAX_SAFE_INTEGER) {
      throw new MetainfoError(
        'ERR_METAINFO_INVALID_LENGTH',
        'the files are longer than 2^53 bytes',
      );
    }
  }

  /** Settle which names the files get. Throws ERR_METAINFO_INVALID_PATH or ERR_METAINFO_UNSAFE_SYMLINK. */
  *finish(): Steps<FileList> {
    const files = this.#files;
    let steps = 0;
    for (const [index, renamed] of yield* this.#names.resolve()) {
      if (++steps % FILES_PER_STEP === 0) yield;
      const file = files[index];
      if (file === undefined) continue;
      file.originalPath ??= file.path.slice(this.#name.length + 1).split('/');
      file.path = `${this.#name}/${renamed}`;
      this.#checkPathLength(file.path, index);
    }
    resolveSymlinks(this.#symlinks, files, this.#names, this.#name, this.#rules);
    return { table: FileTable.of(files), totalLength: this.#offset, length: this.#length };
  }

  /** The same array where every component is safe as it is. */
  #safePath(raw: readonly string[], index: number): readonly string[] {
    let changed: string[] | undefined;
    for (let depth = 0; depth < raw.length; depth++) {
      const component = raw[depth] ?? '';
      const safe = safeComponent(component, this.#rules);
      if (safe !== component) changed ??= raw.slice(0, depth);
      if (changed !== undefined && safe !== undefined) changed.push(safe);
    }
    if (changed === undefined) return raw;
    return changed.length === 0 ? [`_${index}`] : changed;
  }

  #checkPathLength(path: string, index: number): void {
    if (Buffer.byteLength(path) <= this.#limits.maxPathLength) return;
    throw new MetainfoError(
      'ERR_METAINFO_INVALID_PATH',
      `the path of file ${index} is longer than the limit of ${this.#limits.maxPathLength} bytes`,
    );
  }
}
