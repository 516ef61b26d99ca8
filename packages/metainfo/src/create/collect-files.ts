import type { Dir, Dirent, Stats } from 'node:fs';
import { lstat, opendir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { DEFAULT_LIMITS } from '../limits.ts';
import { CreateError, fileError } from './errors.ts';
import type { SymlinkPolicy } from './options.ts';
import { Pauses } from './pauses.ts';
import { keyOf, sortByKey } from './sort.ts';

/** A file that goes into the torrent. */
export interface SourceFile {
  /** Absolute path to read from. */
  readonly path: string;
  /** Path components below the torrent's top folder; empty for a single-file torrent. */
  readonly components: readonly string[];
  /** Bytes, when the file was found. */
  readonly length: number;
  /** Modification time in milliseconds, when the file was found. */
  readonly mtimeMs: number;
  /** Whether its owner may execute it. */
  readonly executable: boolean;
  /** Components below the torrent's top folder of what it leads to, where it is a symbolic link that is kept as one. */
  readonly link: readonly string[] | undefined;
}

/** What stands at the path a torrent is made of. */
export interface SourceTree {
  /** Last component of the path. */
  readonly name: string;
  readonly multiFile: boolean;
  readonly files: readonly SourceFile[];
}

/**
 * How files are ordered: `path` by the raw bytes of the whole path, as v1 torrents always were here; `tree` by those of one
 * component after the other, which is the order of a file tree (BEP 52).
 */
export type FileOrder = 'path' | 'tree';

export interface CollectOptions {
  /** Default: `path`. */
  readonly order?: FileOrder | undefined;
  readonly files?: readonly string[] | undefined;
  readonly exclude?: ((path: string, isFolder: boolean) => boolean) | undefined;
  readonly symlinks?: SymlinkPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Folders inside folders. Far beyond what a file system's longest path allows to be used. */
const MAX_DEPTH = 100;
/** Files looked at at once: what keeps the file system's threads busy. */
const CONCURRENT_LOOKS = 64;
/** Names that are read of a folder at once. */
const NAMES_AT_ONCE = 512;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Finds the files at `path` in the order in which they will stand in the torrent. */
export async function collectFiles(
  path: string,
  options: CollectOptions = {},
): Promise<SourceTree> {
  const root = resolve(path);
  const stats = await statOf(root);
  const name = basename(root);
  if (stats.isFile()) {
    if (options.files !== undefined) {
      throw new CreateError('ERR_METAINFO_CREATE_OPTION', 'A list of files needs a folder', {
        path,
      });
    }
    return { name, multiFile: false, files: [sourceFile(root, [], stats)] };
  }
  if (!stats.isDirectory()) throw notAFile(root);
  const tree = new TreeWalk(await realpath(root), options);
  const files = options.files === undefined ? await tree.walk() : await tree.take(options.files);
  if (files.length === 0) {
    throw new CreateError('ERR_METAINFO_CREATE_EMPTY', `There is no file in ${root}`, {
      path: root,
    });
  }
  return { name, multiFile: true, files };
}

/** An entry of a folder that is no folder. */
interface Found {
  readonly components: string[];
  readonly link: boolean;
}

/** Walks one folder without recursion. */
class TreeWalk {
  readonly #root: string;
  readonly #options: CollectOptions;
  readonly #pauses: Pauses;

  constructor(root: string, options: CollectOptions) {
    this.#root = root;
    this.#options = options;
    this.#pauses = new Pauses(options.signal);
  }

  /** Every file below the root that is not excluded, hidden and empty ones too, in order. */
  async walk(): Promise<SourceFile[]> {
    const files: SourceFile[] = [];
    const folders: string[][] = [[]];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const absolute = join(this.#root, ...folder);
      let found: Found[] = [];
      for await (const entry of entriesOf(absolute)) {
        const components = [...folder, nameOf(entry, absolute)];
        const isFolder = entry.isDirectory();
        if (this.#options.exclude?.(components.join('/'), isFolder) === true) continue;
        if (isFolder) folders.push(this.#notTooDeep(components));
        else found.push({ components, link: entry.isSymbolicLink() });
        if (found.length < CONCURRENT_LOOKS) continue;
        await this.#look(found, files);
        found = [];
      }
      await this.#look(found, files);
    }
    return this.#inOrder(files, this.#options.order ?? 'path');
  }

  /** The named files, in the order in which they are named where that is one of a v1 torrent. */
  async take(paths: readonly string[]): Promise<SourceFile[]> {
    const seen = new Set<string>();
    const wanted: string[][] = [];
    for (const path of paths) {
      const components = path.split('/');
      if (seen.has(path) || components.some((part) => !isPlainComponent(part))) {
        throw new CreateError(
          'ERR_METAINFO_CREATE_OPTION',
          `The list of files names ${path}, which is listed twice or is no plain path below the folder`,
          { path },
        );
      }
      seen.add(path);
      if (!this.#isExcluded(components)) wanted.push(this.#notTooDeep(components));
      if (this.#pauses.due) await this.#pauses.take();
    }
    const files: SourceFile[] = [];
    for (let at = 0; at < wanted.length; at += CONCURRENT_LOOKS) {
      const looks = wanted.slice(at, at + CONCURRENT_LOOKS).map((parts) => this.#named(parts));
      await this.#look(await allOf(looks), files);
    }
    return this.#options.order === 'tree' ? this.#inOrder(files, 'tree') : files;
  }

  async #named(components: string[]): Promise<Found> {
    const absolute = join(this.#root, ...components);
    const stats = await lstat(absolute).catch((error: unknown) => {
      throw fileError(error, absolute);
    });
    const link = stats.isSymbolicLink();
    // Also where a folder on the way is a link. What a kept link leads to is looked at later.
    if (!link || this.#options.symlinks === 'keep') await this.#inside(join(absolute, '..'));
    else if (this.#options.symlinks !== 'skip') await this.#inside(absolute);
    return { components, link };
  }

  #isExcluded(components: readonly string[]): boolean {
    const { exclude } = this.#options;
    if (exclude === undefined) return false;
    const path = components.join('/');
    if (exclude(path, false)) return true;
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      if (exclude(path.slice(0, end), true)) return true;
    }
    return false;
  }

  /** Adds what stands at some entries. */
  async #look(found: readonly Found[], files: SourceFile[]): Promise<void> {
    this.#options.signal?.throwIfAborted();
    for (const file of await allOf(found.map((entry) => this.#file(entry)))) {
      if (file !== undefined) files.push(file);
    }
    if (this.#pauses.due) await this.#pauses.take();
    if (files.length <= DEFAULT_LIMITS.maxFiles) return;
    throw new CreateError(
      'ERR_METAINFO_CREATE_LIMIT',
      `More than ${DEFAULT_LIMITS.maxFiles} files`,
      { path: this.#root },
    );
  }

  async #inOrder(files: readonly SourceFile[], order: FileOrder): Promise<SourceFile[]> {
    const between = order === 'tree' ? '\0' : '/';
    const items: { key: string; file: SourceFile }[] = [];
    for (const file of files) {
      items.push({ key: keyOf(file.components.join(between)), file });
      if (this.#pauses.due) await this.#pauses.take();
    }
    return (await sortByKey(items, this.#pauses)).map(({ file }) => file);
  }

  #notTooDeep(components: string[]): string[] {
    if (components.length <= MAX_DEPTH) return components;
    throw new CreateError(
      'ERR_METAINFO_CREATE_LIMIT',
      `More than ${MAX_DEPTH} folders inside each other`,
      { path: join(this.#root, ...components) },
    );
  }

  async #file({ components, link }: Found): Promise<SourceFile | undefined> {
    const { symlinks } = this.#options;
    const path = join(this.#root, ...components);
    if (link) {
      if (symlinks === 'skip') return undefined;
      const target = await this.#inside(path);
      if (symlinks === 'keep') return this.#kept(path, components, target);
    }
    const stats = await statOf(path);
    if (link && !stats.isFile()) throw badLink(path);
    // A walk goes into folders: this one was named.
    if (stats.isDirectory()) {
      throw new CreateError(
        'ERR_METAINFO_CREATE_OPTION',
        `The list of files names ${path}, which is a folder: name the files in it`,
        { path },
      );
    }
    if (!stats.isFile()) throw notAFile(path);
    return sourceFile(path, components, stats);
  }

  async #kept(path: string, components: readonly string[], target: string): Promise<SourceFile> {
    const { mtimeMs } = await lstat(path).catch((error: unknown) => {
      throw fileError(error, path);
    });
    const link = target === '' ? [] : target.split(sep);
    if (link.length === 0) throw badLink(path);
    return { path, components, length: 0, mtimeMs, executable: false, link };
  }

  /** Where a path leads, below the root. Throws where that is outside. */
  async #inside(path: string): Promise<string> {
    let target: string;
    try {
      target = await realpath(path);
    } catch (error) {
      throw fileError(error, path);
    }
    const below = relative(this.#root, target);
    if (below === '..' || below.startsWith(`..${sep}`) || resolve(below) === below) {
      throw badLink(path);
    }
    return below;
  }
}

function sourceFile(path: string, components: readonly string[], stats: Stats): SourceFile {
  const executable = (stats.mode & 0o100) !== 0 && process.platform !== 'win32';
  const { size, mtimeMs } = stats;
  return { path, components, length: size, mtimeMs, executable, link: undefined };
}

/** What all give; fails after the last one has ended, so that none is still at work then. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** A folder's entries, some at a time: a hundred thousand at once would hold up the event loop. */
async function* entriesOf(folder: string): AsyncGenerator<Dirent<Buffer>, void, undefined> {
  try {
    // The types know encodings of texts only; `buffer` gives the raw names.
    const encoding = 'buffer' as BufferEncoding;
    const open: Dir = await opendir(folder, { encoding, bufferSize: NAMES_AT_ONCE });
    for await (const entry of open) yield entry as unknown as Dirent<Buffer>;
  } catch (error) {
    throw fileError(error, folder);
  }
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** An entry's name as text: a torrent's paths are UTF-8 (BEP 3), so a name that is not cannot be written. */
function nameOf(entry: Dirent<Buffer>, folder: string): string {
  try {
    return utf8.decode(entry.name);
  } catch (error) {
    const path = join(folder, entry.name.toString('latin1'));
    throw new CreateError(
      'ERR_METAINFO_CREATE_NAME',
      `The name of ${path} (shown as Latin-1) is not UTF-8: rename the file`,
      { path, cause: error },
    );
  }
}

function isPlainComponent(part: string): boolean {
  return (
    part !== '' && part !== '.' && part !== '..' && !part.includes('\0') && !part.includes(sep)
  );
}

function badLink(path: string): CreateError {
  return new CreateError(
    'ERR_METAINFO_CREATE_SYMLINK',
    `${path} is a symbolic link that does not lead to a file inside the folder`,
    { path },
  );
}

function notAFile(path: string): CreateError {
  return new CreateError(
    'ERR_METAINFO_CREATE_FILE_TYPE',
    `${path} is neither a file nor a folder`,
    {
      path,
    },
  );
}
