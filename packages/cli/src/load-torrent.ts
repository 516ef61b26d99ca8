import { open } from 'node:fs/promises';
import { parseMetainfo } from '@shoal/metainfo';
import type { Metainfo } from '@shoal/metainfo';
import { CliError, codeOf, exitCodeOf, messageOf } from './errors.ts';
import { ExitCode } from './exit-codes.ts';
import { fetchTorrent, MAX_TORRENT_LENGTH } from './fetch-torrent.ts';

/** Whether an argument is a magnet link. */
export function isMagnet(source: string): boolean {
  return /^magnet:/i.test(source);
}

/** Whether an argument is the address of a .torrent file. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source) && URL.canParse(source);
}

/** Reads a torrent from a .torrent file or its address; what is wrong is said with the source's name. */
export async function loadTorrent(source: string, signal?: AbortSignal): Promise<Metainfo> {
  if (isMagnet(source)) {
    throw new CliError(
      'ERR_CLI_SOURCE',
      ExitCode.badTorrent,
      'downloading from a magnet link needs the metadata from peers, which this version cannot fetch yet: use the .torrent file (shoal info shows what the link holds)',
    );
  }
  const bytes = isUrl(source)
    ? await fetchTorrent(source, signal === undefined ? {} : { signal })
    : await readTorrentFile(source);
  try {
    return parseMetainfo(bytes);
  } catch (error) {
    if (exitCodeOf(error) === ExitCode.defect) throw error;
    throw new CliError(
      'ERR_CLI_SOURCE',
      ExitCode.badTorrent,
      `${source} is no usable torrent: ${messageOf(error)}`,
      error,
    );
  }
}

async function readTorrentFile(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      // One byte beyond the limit tells a file that is too large, also where the size is not known beforehand.
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of file.createReadStream({
        autoClose: false,
        end: MAX_TORRENT_LENGTH,
        highWaterMark: 1024 * 1024,
      }) as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
        length += chunk.length;
      }
      if (length <= MAX_TORRENT_LENGTH) return Buffer.concat(chunks, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new CliError(
      'ERR_CLI_FILE',
      ExitCode.disk,
      `cannot read ${path}: ${reasonOf(error)}`,
      error,
    );
  }
  throw new CliError(
    'ERR_CLI_SOURCE',
    ExitCode.badTorrent,
    `${path} is larger than ${MAX_TORRENT_LENGTH / 1024 / 1024} MiB: no torrent is`,
  );
}

/** A system error in words. */
export function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'not permitted';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'a part of the path is no folder';
    case 'ENOSPC':
      return 'no space left';
    case 'EEXIST':
      return 'it exists already';
    default:
      return messageOf(error);
  }
}
