import { MetainfoError } from '../errors.ts';
import type { SourceFile } from './collect-files.ts';
import { CreateError } from './errors.ts';
import type { InfoDraft } from './info-writer.ts';
import type { TorrentFormat } from './options.ts';
import type { Pauses } from './pauses.ts';
import type { PieceSpace } from './piece-space.ts';
import { unreadableIn } from './readable.ts';
import type { ReadableTask, Unreadable } from './readable.ts';
import { checkWorkerUrl } from './worker-url.ts';

/** Files that are read here and now, in some milliseconds; more of them in a thread of their own. */
const FILES_AT_ONCE = 2000;
/** Bytes that are copied for the thread at once: a millisecond at most. */
const COPY_LENGTH = 1024 * 1024;
/** Tokens of bencode outside the info dictionary and the piece layers: more than trackers and seeds that can be read need. */
const OUTER_TOKENS = 10_000;

/**
 * Reads the torrent as others will, before the hours that hashing may take. What a reader does not accept is refused here, and
 * so is a name that a reader must change to store the file safely (with a control character or a backslash, or one
 * that differs from another by letter case only): the torrent would not find its own files.
 */
export async function checkReadable(
  { bytes }: InfoDraft,
  name: string,
  { files, pieceLength, format }: PieceSpace,
  pauses: Pauses,
  signal: AbortSignal | undefined,
): Promise<void> {
  const links: number[] = [];
  let layers = 0;
  for (const [index, { link, length }] of files.entries()) {
    if (link !== undefined) links.push(index);
    if (format !== 'v1' && length > pieceLength) layers++;
  }
  const task = {
    info: bytes,
    name: nameRead(name, format, files),
    links,
    otherTokens: OUTER_TOKENS + 2 * layers,
  };
  const fault =
    files.length <= FILES_AT_ONCE
      ? unreadableIn(task)
      : await inThread({ ...task, info: await sharedCopy(bytes, pauses) }, pauses, signal);
  if (fault !== undefined) throw errorOf(fault, files);
}

/** A v2 torrent of a folder with one file in it is that file alone. */
function nameRead(name: string, format: TorrentFormat, files: readonly SourceFile[]): string {
  const [only, other] = files;
  const single = format === 'v2' && only?.components.length === 1 && other === undefined;
  return single ? (only.components[0] ?? name) : name;
}

function errorOf(fault: Unreadable, files: readonly SourceFile[]): CreateError {
  if (fault.kind === 'refused') {
    const cause = new MetainfoError(fault.code, fault.message);
    return new CreateError(
      'ERR_METAINFO_CREATE_LIMIT',
      `The torrent would be one that cannot be read: ${cause.message}`,
      { cause },
    );
  }
  const path = files[fault.file]?.path ?? '';
  if (fault.kind === 'link') {
    return new CreateError(
      'ERR_METAINFO_CREATE_SYMLINK',
      `${path} is a symbolic link that does not lead to a file or folder of the torrent`,
      { path },
    );
  }
  return new CreateError(
    'ERR_METAINFO_CREATE_NAME',
    `${path} cannot keep its name in a download: rename it, or the file from which it differs by letter case only`,
    { path },
  );
}

/** In memory that a thread can see: handing it a copy of its own would hold up this one. */
async function sharedCopy(bytes: Uint8Array, pauses: Pauses): Promise<Uint8Array> {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  for (let at = 0; at < bytes.length; at += COPY_LENGTH) {
    copy.set(bytes.subarray(at, at + COPY_LENGTH), at);
    if (pauses.due) await pauses.take();
  }
  return copy;
}

async function inThread(
  task: ReadableTask,
  pauses: Pauses,
  signal: AbortSignal | undefined,
): Promise<Unreadable | undefined> {
  const workerThreads = await import('node:worker_threads');
  await pauses.take();
  const worker = new workerThreads.Worker(checkWorkerUrl, {
    name: 'shoal-check',
    env: workerThreads.SHARE_ENV,
  });
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<Unreadable | undefined>((resolve, reject) => {
      const fail = (cause?: unknown): void => {
        reject(
          new CreateError('ERR_METAINFO_CREATE_WORKER', 'The checking thread ended unexpectedly', {
            cause,
          }),
        );
      };
      onAbort = () => {
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      worker.on('message', resolve).on('error', fail);
      worker.on('exit', () => {
        fail();
      });
      worker.postMessage(task);
    });
  } finally {
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}
