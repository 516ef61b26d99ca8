import { constants, createReadStream, open, readFileSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { parseMetainfo } from '@shoal/metainfo';
import type { Metainfo } from '@shoal/metainfo';
import { CliError, codeOf, exitCodeOf, messageOf, UsageError } from './errors.ts';
import { ExitCode } from './exit-codes.ts';
import { defined } from './defined.ts';
import { fetchTorrent, MAX_TORRENT_LENGTH } from './fetch-torrent.ts';

const openDescriptor = promisify<string, number, number>(open);

/** Bytes up to which a file is read in one go: those of nearly all torrents. */
const SMALL_LENGTH = 1024 * 1024;

/** Whether an argument is a magnet link. */
export function isMagnet(source: string): boolean {
  return /^magnet:/i.test(source);
}

/** Whether an argument is the address of a .torrent file. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source) && URL.canParse(source);
}

/**
 * Reads a torrent from a .torrent file, a pipe, or its address, which must answer within `timeout` milliseconds; what is
 * wrong is said with the source's name.
 */
export async function loadTorrent(
  source: string,
  signal?: AbortSignal,
  timeout?: number,
): Promise<Metainfo> {
  if (isMagnet(source)) {
    throw new CliError(
      'ERR_CLI_SOURCE',
      ExitCode.badTorrent,
      'downloading from a magnet link needs the metadata from peers, which this version cannot fetch yet: use the .torrent file (shoal info shows what the link holds)',
    );
  }
  const bytes = isUrl(source)
    ? await fetchTorrent(source, defined({ signal, timeout }))
    : await readTorrentFile(source, signal);
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

/**
 * Reads a small .torrent file here and now, which takes a tenth of the processor time of asking the thread pool for each step;
 * undefined for whatever else there is, or goes wrong: {@link loadTorrent} then has it or says why not.
 */
export function loadTorrentNow(path: string): Metainfo | undefined {
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size === 0 || stats.size > SMALL_LENGTH) return undefined;
    return parseMetainfo(readFileSync(path));
  } catch {
    return undefined;
  }
}

async function readTorrentFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  if (path === '') throw new UsageError('the name of the torrent is empty');
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of await bytesOf(path, signal)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_TORRENT_LENGTH) break;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
      throw new UsageError(`${path} is no http or https address`);
    }
    throw new CliError(
      'ERR_CLI_FILE',
      ExitCode.disk,
      `cannot read ${path}: ${reasonOf(error)}`,
      error,
    );
  }
  if (length <= MAX_TORRENT_LENGTH) return Buffer.concat(chunks, length);
  throw new CliError(
    'ERR_CLI_SOURCE',
    ExitCode.badTorrent,
    `${path} is larger than ${MAX_TORRENT_LENGTH / 1024 / 1024} MiB: no torrent is`,
  );
}

/** What a file or a pipe holds. */
async function bytesOf(
  path: string,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  const stats = await stat(path);
  if (stats.isFIFO()) {
    // Not blocking: else it would wait, beyond the reach of any signal, for somebody to write into the pipe.
    const fd = await openDescriptor(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const pipe: AsyncIterable<Uint8Array> = new Socket({
      fd,
      readable: true,
      writable: false,
      ...defined({ signal }),
    });
    return pipe;
  }
  if (!stats.isFile() && !stats.isDirectory()) throw new Error('it is neither a file nor a pipe');
  const file: AsyncIterable<Uint8Array> = createReadStream(path, {
    // One byte beyond the limit tells a file that is too large.
    end: MAX_TORRENT_LENGTH,
    highWaterMark: 1024 * 1024,
    ...defined({ signal }),
  });
  return file;
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
