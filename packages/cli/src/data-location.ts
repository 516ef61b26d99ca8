import { existsSync, readdirSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';
import { CliError, codeOf, reasonOf } from './errors.ts';
import { ExitCode } from './exit-codes.ts';

/**
 * Where content is: a `path` that is either the folder that holds the torrents' top files and folders, or the content itself.
 * It is looked at once, however many torrents are asked for.
 */
export class DataLocation {
  readonly #path: string;
  readonly #absolute: string;
  #stats: Promise<Stats | undefined> | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#absolute = resolve(path);
  }

  /**
   * The folder that holds a torrent's top file or folder. Where both would fit (a folder `x` with a folder `x` in it), the
   * path is taken as the folder that holds it.
   */
  async directoryOf({ info }: Metainfo): Promise<string> {
    const absolute = this.#absolute;
    const stats = await (this.#stats ??= statIfThere(absolute));
    if (stats === undefined) {
      throw new CliError('ERR_CLI_FILE', ExitCode.disk, `there is no data at ${this.#path}`);
    }
    const isContent = basename(absolute) === info.name && stats.isDirectory() === info.multiFile;
    if (!stats.isDirectory()) {
      if (isContent) return dirname(absolute);
      throw new CliError(
        'ERR_CLI_FILE',
        ExitCode.disk,
        info.multiFile
          ? `${this.#path} is a file, but the torrent "${info.name}" is a folder`
          : `${this.#path} is not named "${info.name}", as the torrent's file is: rename it, or link it under that name`,
      );
    }
    if (!isContent) return absolute;
    const inside = await statIfThere(join(absolute, info.name));
    return inside?.isDirectory() === true ? absolute : dirname(absolute);
  }
}

/** Lookups in one folder after which its names are read: from then on each is in memory, where a look at the disk is not. */
const MANY_LOOKUPS = 16;

/** Tells what is in folders, of which a few are asked for much. What is added meanwhile is found, too. */
export class FolderNames {
  #directory: string | undefined;
  #lookups = 0;
  #names: ReadonlySet<string> | undefined;

  /** Whether there is something of that name in a folder. */
  has(directory: string, name: string): boolean {
    if (directory !== this.#directory) {
      this.#directory = directory;
      this.#lookups = 0;
      this.#names = undefined;
    }
    this.#lookups += 1;
    if (this.#lookups === MANY_LOOKUPS) this.#names = namesIn(directory);
    // A name that is not in the list may be there all the same, in another case or composition.
    return this.#names?.has(name) === true || existsSync(join(directory, name));
  }
}

/** Without links, which may lead nowhere. */
function namesIn(directory: string): ReadonlySet<string> | undefined {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    const plain = entries.filter((entry) => entry.isFile() || entry.isDirectory());
    return new Set(plain.map(({ name }) => name));
  } catch {
    return undefined;
  }
}

/** The folder that holds one torrent's top file or folder, as {@link DataLocation.directoryOf}. */
export function dataDirectory(metainfo: Metainfo, path: string): Promise<string> {
  return new DataLocation(path).directoryOf(metainfo);
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const message = `cannot look at ${path}: ${reasonOf(error)}`;
    throw new CliError('ERR_CLI_FILE', ExitCode.disk, message, error);
  }
}
