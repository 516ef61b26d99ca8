import type { DiskError } from '../errors.ts';
import {
  OUTCOME_CORRUPT,
  OUTCOME_INCONSISTENT,
  OUTCOME_WRITTEN,
  type SingleTask,
  type TaskValue,
} from './disk-protocol.ts';
import type { PieceWrite } from './storage.ts';

/** A piece on its way to a worker. */
export interface PieceTask {
  readonly storage: number;
  readonly piece: number;
  readonly buffer: ArrayBuffer;
  /** Bytes of the piece, at the start of the buffer. */
  readonly length: number;
  readonly wantBlockHashes: boolean;
  /** Slot in the parts file, or -1. */
  readonly slot: number;
}

/** A task without the number the pool gives it. */
export type PoolTask = SingleTask extends infer Task
  ? Task extends SingleTask
    ? Omit<Task, 'task'>
    : never
  : never;

interface PendingPiece {
  readonly kind: 'piece';
  readonly task: PieceTask;
  readonly bufferLength: number;
  readonly resolve: (result: PieceWrite) => void;
}

interface PendingOther {
  readonly kind: 'task';
  readonly task: PoolTask;
  readonly resolve: (value: TaskValue) => void;
  readonly reject: (error: DiskError) => void;
}

/** What waits for an answer. */
export type PendingTask = PendingPiece | PendingOther;

/** What a worker says became of a piece. */
export function outcomeOf(number: number | undefined): PieceWrite['outcome'] {
  switch (number) {
    case OUTCOME_WRITTEN:
      return 'written';
    case OUTCOME_CORRUPT:
      return 'corrupt';
    case OUTCOME_INCONSISTENT:
      return 'inconsistent';
    default:
      return 'failed';
  }
}

/** Answers a task that cannot be done. */
export function failTask(pending: PendingTask, error: DiskError): void {
  if (pending.kind === 'task') {
    pending.reject(error);
    return;
  }
  const { buffer } = pending.task;
  pending.resolve({
    outcome: 'failed',
    // A buffer that went down with its worker is replaced, so that the owner's count stays right.
    buffer:
      buffer.byteLength === pending.bufferLength ? buffer : new ArrayBuffer(pending.bufferLength),
    blockHashes: undefined,
    error,
  });
}
