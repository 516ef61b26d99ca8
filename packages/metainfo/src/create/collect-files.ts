import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { DEFAULT_LIMITS } from '../limits.ts';
import { CreateError, fileError } from './errors.ts';

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
}

/** What stands at the path a torrent is made of. */
export interface SourceTree {
  /** Last component of the path. */
  readonly name: string;
  readonly multiFile: boolean;
  readonly files: readonly SourceFile[];
}

export interface CollectOptions {
  readonly files?: readonly string[] | undefined;
  readonly symlinks?: 'inside' | 'skip' | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Folders inside folders. Far beyond what a file system's longest path allows to be used. */
const MAX_DEPTH = 100;
/** Files looked at at once: what keeps the file system's threads busy. */
const CONCURRENT_LOOKS = 64;

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
      throw new CreateError('ERR_METAINFO_CREATE_OPTION', 'A file order needs a folder', { path });
    }
    const file = { path: root, components: [], length: stats.size, mtimeMs: stats.mtimeMs };
    return { name, multiFile: false, files: [file] };
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

/** Walks one folder without recursion. */
class TreeWalk {
  readonly #root: string;
  readonly #options: CollectOptions;

  constructor(root: string, options: CollectOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Every file below the root, hidden and empty ones too, by the raw bytes of its path. */
  async walk(): Promise<SourceFile[]> {
    const found: { key: Buffer; file: SourceFile }[] = [];
    const folders: string[][] = [[]];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const absolute = join(this.#root, ...folder);
      const entries = await entriesOf(absolute);
      for (let at = 0; at < entries.length; at += CONCURRENT_LOOKS) {
        this.#options.signal?.throwIfAborted();
        // Names first: nothing may throw between the looks' start and their being waited for.
        const files: { components: string[]; link: boolean }[] = [];
        for (const entry of entries.slice(at, at + CONCURRENT_LOOKS)) {
          const components = [...folder, nameOf(entry, absolute)];
          if (entry.isDirectory()) folders.push(this.#notTooDeep(components));
          else files.push({ components, link: entry.isSymbolicLink() });
        }
        const looks = files.map(({ components, link }) => this.#file(components, link));
        for (const file of await Promise.all(looks)) {
          if (file !== undefined) found.push({ key: Buffer.from(file.components.join('/')), file });
        }
      }
      if (found.length > DEFAULT_LIMITS.maxFiles) {
        throw new CreateError(
          'ERR_METAINFO_CREATE_LIMIT',
          `More than ${DEFAULT_LIMITS.maxFiles} files`,
          { path: this.#root },
        );
      }
    }
    found.sort((a, b) => Buffer.compare(a.key, b.key));
    return found.map(({ file }) => file);
  }

  /** The named files, in the order in which they are named. */
  async take(paths: readonly string[]): Promise<SourceFile[]> {
    const seen = new Set<string>();
    const files: SourceFile[] = [];
    for (const path of paths) {
      this.#options.signal?.throwIfAborted();
      const components = path.split('/');
      if (seen.has(path) || components.some((part) => !isPlainComponent(part))) {
        throw new CreateError(
          'ERR_METAINFO_CREATE_OPTION',
          `The file order names ${path}, which is listed twice or is no plain path below the folder`,
          { path },
        );
      }
      seen.add(path);
      const absolute = join(this.#root, ...components);
      await this.#mustBeInside(absolute);
      const stats = await lstat(absolute).catch((error: unknown) => {
        throw fileError(error, absolute);
      });
      const file = await this.#file(components, stats.isSymbolicLink());
      if (file !== undefined) files.push(file);
    }
    return files;
  }

  #notTooDeep(components: string[]): string[] {
    if (components.length <= MAX_DEPTH) return components;
    throw new CreateError(
      'ERR_METAINFO_CREATE_LIMIT',
      `More than ${MAX_DEPTH} folders inside each other`,
      { path: join(this.#root, ...components) },
    );
  }

  async #file(components: readonly string[], link: boolean): Promise<SourceFile | undefined> {
    const path = join(this.#root, ...components);
    if (link) {
      if (this.#options.symlinks === 'skip') return undefined;
      await this.#mustBeInside(path);
    }
    const stats = await statOf(path);
    if (link && !stats.isFile()) throw badLink(path);
    if (!stats.isFile()) throw notAFile(path);
    return { path, components, length: stats.size, mtimeMs: stats.mtimeMs };
  }

  async #mustBeInside(path: string): Promise<void> {
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
  }
}

async function entriesOf(folder: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
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
