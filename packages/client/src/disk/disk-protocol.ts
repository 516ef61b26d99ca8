import type { PackedDiskError } from './disk-error.ts';
import type { LayoutData } from './disk-layout.ts';

/** Numbers per piece in {@link WriteBatch.numbers}: task, storage, piece, length, want block hashes (0 or 1), slot or -1. */
export const WRITE_FIELDS = 6;
/** Numbers per piece in {@link WriteResults.numbers}: task, outcome. */
export const RESULT_FIELDS = 2;

/** {@link WriteResults.numbers}: what became of a piece. */
export const OUTCOME_WRITTEN = 0;
export const OUTCOME_CORRUPT = 1;
export const OUTCOME_FAILED = 2;
export const OUTCOME_INCONSISTENT = 3;

/** Pieces to hash and write. Numbers stand in one array, since cloning an object per 16-KiB piece would cost more than hashing it. */
export interface WriteBatch {
  readonly kind: 'write';
  readonly numbers: Float64Array;
  readonly buffers: readonly ArrayBuffer[];
}

export interface RegisterStorage {
  readonly kind: 'register';
  readonly storage: number;
  readonly layout: LayoutData;
}

/** Hash pieces where they lie; the answer is a `Uint8Array` with the `Verdict` on each. */
export interface CheckTask {
  readonly kind: 'check';
  readonly task: number;
  readonly storage: number;
  readonly pieces: Uint32Array;
  /** The slot in the parts file of each piece, or -1; undefined where none has one. */
  readonly slots: Int32Array | undefined;
}

/**
 * Hash the blocks of pieces where they lie; the answer is a `Uint8Array` with the SHA-256 of each, 32 bytes each, or `undefined`
 * where they are not there.
 */
export interface LeavesTask {
  readonly kind: 'leaves';
  readonly task: number;
  readonly storage: number;
  readonly pieces: Uint32Array;
  /** As in {@link CheckTask}. */
  readonly slots: Int32Array | undefined;
}

/** Size and mtime of all files; the answer is a `Float64Array` with two numbers per file. */
export interface StatTask {
  readonly kind: 'stat';
  readonly task: number;
  readonly storage: number;
}

/** Create wanted empty files and, with `allocate`, give the others their full length. Answers `undefined`. */
export interface PrepareTask {
  readonly kind: 'prepare';
  readonly task: number;
  readonly storage: number;
  readonly allocate: boolean;
}

/**
 * Copy what the parts file holds of files that are wanted by now to those files; its slots stay as they are. The answer is a `Uint8Array` with one
 * {@link SLOT_KEPT}, {@link SLOT_FREED}, {@link SLOT_INCONSISTENT} or {@link SLOT_DAMAGED} per piece.
 */
export interface SettleTask {
  readonly kind: 'settle';
  readonly task: number;
  readonly storage: number;
  readonly pieces: Uint32Array;
  readonly slots: Int32Array;
}

export const SLOT_KEPT = 0;
export const SLOT_FREED = 1;
/** Kept, too: the piece contradicts one of its two hashes, and which is wrong cannot be told. */
export const SLOT_INCONSISTENT = 2;
/** What stands in the slot is not the piece: the slot is of no use. */
export const SLOT_DAMAGED = 3;

/** Give up the slots of pieces. Answers `undefined`. */
export interface ClearSlotsTask {
  readonly kind: 'clear-slots';
  readonly task: number;
  readonly storage: number;
  readonly pieces: Uint32Array;
}

/** Close all files of a storage, of which nothing more will be asked. Answers `undefined`. */
export interface UnregisterTask {
  readonly kind: 'unregister';
  readonly task: number;
  readonly storage: number;
}

/**
 * Close the files of a storage: they may have been deleted or replaced, and a descriptor would go on meaning the old ones.
 * Answers `undefined`.
 */
export interface CloseFilesTask {
  readonly kind: 'close-files';
  readonly task: number;
  readonly storage: number;
}

/** Make files durable, whatever storage they belong to. Answers `undefined`. */
export interface SyncTask {
  readonly kind: 'sync';
  readonly task: number;
  readonly storage: 0;
  readonly paths: readonly string[];
}

export type SingleTask =
  | CheckTask
  | LeavesTask
  | StatTask
  | PrepareTask
  | SettleTask
  | ClearSlotsTask
  | UnregisterTask
  | CloseFilesTask
  | SyncTask;

/** What goes to a worker in one message. */
export type ToWorker = readonly (WriteBatch | RegisterStorage | SingleTask)[];

/** What a single task answers. */
export type TaskValue = Uint8Array | Float64Array | undefined;

export interface WriteDetail {
  /** Position in {@link WriteResults.buffers}. */
  readonly index: number;
  readonly blockHashes: Uint8Array | undefined;
  readonly error: PackedDiskError | undefined;
}

export interface WriteResults {
  readonly kind: 'written';
  readonly numbers: Float64Array;
  /** The buffers, handed back. */
  readonly buffers: readonly ArrayBuffer[];
  /** Only of pieces that have more to say than their outcome. */
  readonly details: readonly WriteDetail[];
}

export interface TaskDone {
  readonly kind: 'done';
  readonly task: number;
  readonly value: TaskValue;
}

export interface TaskFailed {
  readonly kind: 'failed';
  readonly task: number;
  readonly error: PackedDiskError;
}

/** What comes back from a worker in one message: the answers to one {@link ToWorker}. */
export type FromWorker = readonly (WriteResults | TaskDone | TaskFailed)[];

export interface DiskWorkerData {
  readonly maxOpenFiles: number;
}
