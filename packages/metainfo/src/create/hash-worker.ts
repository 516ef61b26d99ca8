import { parentPort } from 'node:worker_threads';
import type { HashFailure, HashReply, HashTask, HashWorkerData } from './hash-messages.ts';
import { FileChangedError, PieceRangeHasher } from './piece-range-hasher.ts';

const port = parentPort;

port?.once('message', ({ files, pieceLength }: HashWorkerData) => {
  const hasher = new PieceRangeHasher(files, pieceLength);
  port.on('message', (task: HashTask) => {
    port.postMessage(replyOf(hasher, task));
  });
});

function replyOf(hasher: PieceRangeHasher, { first, count }: HashTask): HashReply {
  try {
    const digests = hasher.hash(first, count);
    if (count === 0) hasher.close();
    return { first, count, digests };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

function failureOf(error: unknown): HashFailure {
  if (error instanceof FileChangedError) {
    return { kind: 'changed', message: error.message, path: error.path, systemCode: undefined };
  }
  const { code, path, message } = error as NodeJS.ErrnoException;
  return { kind: 'io', message, path: path ?? '', systemCode: code };
}
