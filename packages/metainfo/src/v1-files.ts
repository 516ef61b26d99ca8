import type { BencodeNode } from '@shoal/bencode';
import type { AttributeLetters } from './attributes.ts';
import { plainAttributes, readLetters } from './attributes.ts';
import { CarefulFiles } from './careful-files.ts';
import { MetainfoError } from './errors.ts';
import { itemsOf, safeIntegerOf, textOf } from './fields.ts';
import type { FileList } from './file-table.ts';
import { FileTable } from './file-table.ts';
import type { MetainfoLimits } from './limits.ts';
import { readPlainFiles } from './plain-files.ts';
import type { NameRules } from './safe-path.ts';
import { malformedTarget } from './symlinks.ts';
import type { Steps } from './steps.ts';
import type { TorrentFile } from './types.ts';

/** Files of a step. */
const FILES_PER_STEP = 1_024;

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
    piecesRoot: undefined,
    attributes: plainAttributes(letters),
  };
  return {
    table: FileTable.of([file]),
    totalLength: length,
    length: letters.padding ? 0 : length,
  };
}

/** The `files` list of a torrent (BEP 3, BEP 47). */
export function* readFileList(
  list: BencodeNode,
  name: string,
  limits: MetainfoLimits,
  rules: NameRules,
): Steps<FileList> {
  if (list.type !== 'list') throw invalidFiles('"files" is not a list');
  if (list.size === 0) throw invalidFiles('the file list is empty');
  if (list.size > limits.maxFiles) {
    throw new MetainfoError(
      'ERR_METAINFO_TOO_MANY_FILES',
      `the torrent has ${list.size} files, more than the limit of ${limits.maxFiles}`,
    );
  }
  const plain = yield* readPlainFiles(list.source(), list.size, name, limits, rules);
  return plain ?? (yield* readWithCare(list, name, limits, rules));
}

/** One pass over any list within the limits, then what clashes is renamed and links are resolved. */
export function* readWithCare(
  list: BencodeNode,
  name: string,
  limits: MetainfoLimits,
  rules: NameRules,
): Steps<FileList> {
  const reader = new FileListReader(name, limits, rules);
  let files = 0;
  for (const entry of list.items()) {
    reader.add(entry);
    if (++files % FILES_PER_STEP === 0) yield;
  }
  return yield* reader.finish();
}

/** Reads the entries of a `files` list. */
class FileListReader {
  readonly #limits: MetainfoLimits;
  readonly #files: CarefulFiles;
  #index = 0;

  constructor(name: string, limits: MetainfoLimits, rules: NameRules) {
    this.#limits = limits;
    this.#files = new CarefulFiles(name, limits, rules);
  }

  add(entry: BencodeNode): void {
    const index = this.#index++;
    if (entry.type !== 'dictionary') throw invalidFiles(`file ${index} is not a dictionary`);
    const letters = readLetters(entry.get('attr'));
    const isLink = letters.symlink && !letters.padding;
    // A link has no content, whatever length it claims (BEP 47).
    const length = isLink ? 0 : readLength(entry.get('length'), index);
    const path = this.#rawPath(entry, index, letters, length);
    const target = isLink ? readTarget(entry.get('symlink path'), index) : undefined;
    this.#files.add({ path, length, letters, target });
  }

  finish(): Steps<FileList> {
    return this.#files.finish();
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
}

/** `symlink path`; undefined where it is not a list. */
function readTarget(node: BencodeNode | undefined, index: number): string[] | undefined {
  if (node?.type !== 'list') return undefined;
  const target: string[] = [];
  for (const component of itemsOf(node)) {
    const text = textOf(component);
    if (text === undefined) throw malformedTarget(index);
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
