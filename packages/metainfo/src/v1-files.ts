import type { BencodeNode } from '@shoal/bencode';
import type { AttributeLetters } from './attributes.ts';
import { plainAttributes, readLetters } from './attributes.ts';
import { MetainfoError } from './errors.ts';
import { itemsOf, safeIntegerOf, textOf } from './fields.ts';
import { FileNames } from './file-names.ts';
import type { FileList } from './file-table.ts';
import { FileTable } from './file-table.ts';
import type { MetainfoLimits } from './limits.ts';
import { readPlainFiles } from './plain-files.ts';
import type { NameRules } from './safe-path.ts';
import { safeComponent } from './safe-path.ts';
import type { SymlinkRequest } from './symlinks.ts';
import { resolveSymlinks } from './symlinks.ts';
import type { TorrentFile } from './types.ts';

/** Files of a torrent as they are put together. */
export type MutableFile = { -readonly [Key in keyof TorrentFile]: TorrentFile[Key] };

/** The list of a torrent that is one file (BEP 3). */
export function readSingleFile(info: BencodeNode, name: string): FileList {
  const length = readLength(info.get('length'), undefined);
  const letters = readLetters(info.get('attr'));
  const file: TorrentFile = {
    index: 0,
    path: name,
    originalPath: undefined,
    length,
    offset: 0,
    attributes: plainAttributes(letters),
  };
  return {
    table: FileTable.of([file]),
    totalLength: length,
    length: letters.padding ? 0 : length,
  };
}

/** The `files` list of a torrent (BEP 3, BEP 47). */
export function readFileList(
  list: BencodeNode,
  name: string,
  limits: MetainfoLimits,
  rules: NameRules,
): FileList {
  if (list.type !== 'list') throw invalidFiles('"files" is not a list');
  if (list.size === 0) throw invalidFiles('the file list is empty');
  if (list.size > limits.maxFiles) {
    throw new MetainfoError(
      'ERR_METAINFO_TOO_MANY_FILES',
      `the torrent has ${list.size} files, more than the limit of ${limits.maxFiles}`,
    );
  }
  const plain = readPlainFiles(list.source(), list.size, name, limits, rules);
  return plain ?? readWithCare(list, name, limits, rules);
}

/** One pass over any list within the limits, then what clashes is renamed and links are resolved. */
export function readWithCare(
  list: BencodeNode,
  name: string,
  limits: MetainfoLimits,
  rules: NameRules,
): FileList {
  const reader = new FileListReader(name, limits, rules);
  for (const entry of list.items()) reader.add(entry);
  return reader.finish();
}

class FileListReader {
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

  add(entry: BencodeNode): void {
    const index = this.#files.length;
    if (entry.type !== 'dictionary') throw invalidFiles(`file ${index} is not a dictionary`);
    const letters = readLetters(entry.get('attr'));
    const isLink = letters.symlink && !letters.padding;
    // A link has no content, whatever length it claims (BEP 47).
    const length = isLink ? 0 : readLength(entry.get('length'), index);
    const raw = this.#rawPath(entry, index, letters, length);
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
      attributes: plainAttributes(letters),
    });
    if (!letters.padding) this.#length += length;
    if (isLink) {
      this.#symlinks.push({ index, letters, target: readTarget(entry.get('symlink path'), index) });
    }
    this.#offset += length;
    if (this.#offset > Number.MAX_SAFE_INTEGER) {
      throw new MetainfoError(
        'ERR_METAINFO_INVALID_LENGTH',
        'the files are longer than 2^53 bytes',
      );
    }
  }

  finish(): FileList {
    const files = this.#files;
    for (const [index, renamed] of this.#names.resolve()) {
      const file = files[index];
      if (file === undefined) continue;
      file.originalPath ??= file.path.slice(this.#name.length + 1).split('/');
      file.path = `${this.#name}/${renamed}`;
      this.#checkPathLength(file.path, index);
    }
    resolveSymlinks(this.#symlinks, files, this.#names, this.#name, this.#rules);
    return { table: FileTable.of(files), totalLength: this.#offset, length: this.#length };
  }

  /** The path as the torrent gives it: `path.utf-8` where that is one, else `path`. */
  #rawPath(
    entry: BencodeNode,
    index: number,
    letters: AttributeLetters,
    length: number,
  ): readonly string[] {
    const preferred = entry.get('path.utf-8');
    if (preferred?.type === 'list' && preferred.size > 0) {
      const path = this.#readPath(preferred, index);
      if (path !== undefined) return path;
    }
    const node = entry.get('path');
    // BEP 47: the path of a padding file may be left out.
    if (node === undefined && letters.padding) return ['.pad', String(length)];
    if (node?.type !== 'list' || node.size === 0) {
      throw new MetainfoError('ERR_METAINFO_INVALID_PATH', `file ${index} has no path`);
    }
    const path = this.#readPath(node, index);
    if (path === undefined) {
      throw new MetainfoError(
        'ERR_METAINFO_INVALID_PATH',
        `the path of file ${index} holds something that is not a name`,
      );
    }
    return path;
  }

  #readPath(node: BencodeNode, index: number): string[] | undefined {
    if (node.size > this.#limits.maxPathDepth) {
      throw new MetainfoError(
        'ERR_METAINFO_INVALID_PATH',
        `the path of file ${index} is deeper than the limit of ${this.#limits.maxPathDepth} folders`,
      );
    }
    const texts = node.asTexts();
    if (texts !== undefined) return texts;
    const path: string[] = [];
    for (const component of node.items()) {
      const text = textOf(component);
      if (text === undefined) return undefined;
      path.push(text);
    }
    return path;
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

/** `symlink path`; undefined where it is not a list. */
function readTarget(node: BencodeNode | undefined, index: number): string[] | undefined {
  if (node?.type !== 'list') return undefined;
  const target: string[] = [];
  for (const component of itemsOf(node)) {
    const text = textOf(component);
    if (text === undefined) {
      throw new MetainfoError(
        'ERR_METAINFO_UNSAFE_SYMLINK',
        `the symlink target of file ${index} holds something that is not a name`,
      );
    }
    target.push(text);
  }
  return target;
}

/** Of the file at `index`, or of the torrent. */
function readLength(node: BencodeNode | undefined, index: number | undefined): number {
  const length = safeIntegerOf(node);
  if (length === undefined || length < 0) {
    const what = index === undefined ? 'the torrent' : `file ${index}`;
    throw new MetainfoError(
      'ERR_METAINFO_INVALID_LENGTH',
      `the length of ${what} is missing, negative or larger than 2^53 bytes`,
    );
  }
  return length;
}

function invalidFiles(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_INVALID_FILES', message);
}
