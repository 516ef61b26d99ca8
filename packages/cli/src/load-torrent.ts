import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { parseMetainfo, parseMetainfoAsync } from '@shoal/metainfo';
import type { Metainfo } from '@shoal/metainfo';
import { CliError, exitCodeOf, messageOf, reasonOf, UsageError } from './errors.ts';
import { ExitCode } from './exit-codes.ts';
import { defined } from './defined.ts';
import { fetchTorrent, MAX_TORRENT_LENGTH } from './fetch-torrent.ts';
import { readBytes } from './read-bytes.ts';

/** Bytes below which a file is read in one go: those of nearly all torrents. */
const SMALL_LENGTH = 256 * 1024;

/** Where files are read that are looked at and copied at once; made for the first one. */
let scratch: Buffer | undefined;

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
      'this command needs the .torrent file: shoal metadata makes one of a magnet link',
    );
  }
  const bytes = isUrl(source)
    ? await fetchTorrent(source, defined({ signal, timeout }))
    : await readTorrentFile(source, signal);
  try {
    return await parseMetainfoAsync(bytes, defined({ signal }));
  } catch (error) {
    signal?.throwIfAborted();
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
 *
 * @param isFile it is known to be a plain file, and no pipe
 */
export function loadTorrentNow(path: string, isFile = false): Metainfo | undefined {
  try {
    if (!isFile && !statSync(path).isFile()) return undefined;
    const bytes = readSmall(path);
    return bytes === undefined ? undefined : parseMetainfo(bytes);
  } catch {
    return undefined;
  }
}

/** All of a file in one read, without asking for its size; undefined where it does not fit. */
function readSmall(path: string): Buffer | undefined {
  scratch ??= Buffer.allocUnsafe(SMALL_LENGTH);
  const fd = openSync(path, 'r');
  try {
    const length = readSync(fd, scratch);
    // Small ones lie side by side: thousands of buffers with memory of their own cost more than what is in them.
    return length < SMALL_LENGTH ? Buffer.from(scratch.subarray(0, length)) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** The bytes of a .torrent file or a pipe. */
export async function readTorrentFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  if (path === '') throw new UsageError('the name of the torrent is empty');
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readBytes(path, MAX_TORRENT_LENGTH, signal);
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
  if (bytes !== undefined) return bytes;
  throw new CliError(
    'ERR_CLI_SOURCE',
    ExitCode.badTorrent,
    `${path} is larger than ${MAX_TORRENT_LENGTH / 1024 / 1024} MiB: no torrent is`,
  );
}
