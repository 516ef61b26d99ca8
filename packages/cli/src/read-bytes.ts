import { constants, open as openFile } from 'node:fs';
import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { defined } from './defined.ts';

/** Bytes of a read, at least. */
const READ_LENGTH = 64 * 1024;

const openDescriptor = promisify<string, number, number>(openFile);

/**
 * The bytes of a file or a pipe; undefined where they are more than `maxLength`. Rejects with the signal's reason as soon as
 * that comes, also while nobody writes into the pipe.
 */
export async function readBytes(
  path: string,
  maxLength: number,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const stats = await stat(path);
  if (stats.size > maxLength) return undefined;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of await bytesOf(path, stats, maxLength, signal)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxLength) return undefined;
  }
  return Buffer.concat(chunks, length);
}

/** What a file or a pipe holds. */
async function bytesOf(
  path: string,
  stats: Stats,
  maxLength: number,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array>> {
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
  return chunksOf(path, stats.size, maxLength, signal);
}

/** A file's bytes, at most one beyond the limit: that tells a file that is too large. */
async function* chunksOf(
  path: string,
  size: number,
  maxLength: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    let left = maxLength + 1;
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
