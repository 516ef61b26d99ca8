import { parentPort } from 'node:worker_threads';
import { AlignedPieceHasher } from './aligned-piece-hasher.ts';
import type {
  HashFailure,
  HashReply,
  HashTask,
  HashWorkerData,
  RangeHasher,
} from './hash-messages.ts';
import { PieceRangeHasher } from './piece-range-hasher.ts';
import { FileChangedError } from './source-reader.ts';

const port = parentPort;

port?.once('message', ({ files, pieceLength, hashing }: HashWorkerData) => {
  const hasher: RangeHasher =
    hashing === 'v1'
      ? new PieceRangeHasher(files, pieceLength)
      : new AlignedPieceHasher(files, pieceLength, hashing);
  port.on('message', (task: HashTask) => {
    port.postMessage(replyOf(hasher, task));
  });
});

function replyOf(hasher: RangeHasher, { first, count }: HashTask): HashReply {
  try {
    const range = hasher.hash(first, count);
    if (count === 0) hasher.close();
    return { first, count, ...range };
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
