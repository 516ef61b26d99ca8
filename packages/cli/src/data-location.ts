import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';
import { CliError, codeOf } from './errors.ts';
import { ExitCode } from './exit-codes.ts';
import { reasonOf } from './load-torrent.ts';

/**
 * The folder that holds a torrent's top file or folder, for a `path` that is either this folder or the content itself.
 * Where both would fit (a folder `x` with a folder `x` in it), the path is taken as the folder that holds it.
 */
export async function dataDirectory({ info }: Metainfo, path: string): Promise<string> {
  const absolute = resolve(path);
  const stats = await statIfThere(absolute);
  if (stats === undefined) {
    throw new CliError('ERR_CLI_FILE', ExitCode.disk, `there is no data at ${path}`);
  }
  const isContent = basename(absolute) === info.name && stats.isDirectory() === info.multiFile;
  if (!stats.isDirectory()) {
    if (isContent) return dirname(absolute);
    throw new CliError(
      'ERR_CLI_FILE',
      ExitCode.disk,
      info.multiFile
        ? `${path} is a file, but the torrent "${info.name}" is a folder`
        : `${path} is not named "${info.name}", as the torrent's file is: rename it, or link it under that name`,
    );
  }
  if (!isContent) return absolute;
  const inside = await statIfThere(join(absolute, info.name));
  return inside?.isDirectory() === true ? absolute : dirname(absolute);
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
