import { closeSync, constants, open as openFile, openSync, readSync, statSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { parseMetainfo, parseMetainfoAsync } from '@shoal/metainfo';
import type { Metainfo } from '@shoal/metainfo';
import { CliError, exitCodeOf, messageOf, reasonOf, UsageError } from './errors.ts';
import { ExitCode } from './exit-codes.ts';
import { defined } from './defined.ts';
import { fetchTorrent, MAX_TORRENT_LENGTH } from './fetch-torrent.ts';

/** Bytes of a read, at least. */
const READ_LENGTH = 64 * 1024;

const openDescriptor = promisify<string, number, number>(openFile);

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
    const { Socket } = await import('node:net');
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
  return chunksOf(path, stats.size, signal);
}

/** A file's bytes, at most one beyond the limit: that tells a file that is too large. */
async function* chunksOf(
  path: string,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    let left = MAX_TORRENT_LENGTH + 1;
    // In one go, mostly. A file that grows is read on.
    let wanted = size;
    while (left > 0) {
      signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(left, Math.max(wanted, READ_LENGTH)));
      wanted = 0;
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
