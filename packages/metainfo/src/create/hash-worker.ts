import { parentPort, workerData } from 'node:worker_threads';
import type { HashFailure, HashReply, HashTask, HashWorkerData } from './hash-messages.ts';
import { FileChangedError, PieceRangeHasher } from './piece-range-hasher.ts';

const { files, pieceLength } = workerData as HashWorkerData;
const hasher = new PieceRangeHasher(files, pieceLength);
const port = parentPort;

port?.on('message', ({ first, count }: HashTask) => {
  let reply: HashReply;
  try {
    const digests = hasher.hash(first, count);
    if (count === 0) hasher.close();
    reply = { first, count, digests };
  } catch (error) {
    reply = { failure: failureOf(error) };
  }
  port.postMessage(reply);
});

function failureOf(error: unknown): HashFailure {
  if (error instanceof FileChangedError) {
    return { kind: 'changed', message: error.message, path: error.path, systemCode: undefined };
  }
  const { code, path, message } = error as NodeJS.ErrnoException;
  return { kind: 'io', message, path: path ?? '', systemCode: code };
}
