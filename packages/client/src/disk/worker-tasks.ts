import * as nodeFs from 'node:fs';
import { DiskError } from '../errors.ts';
import { packDiskError, toDiskError } from './disk-error.ts';
import { DiskLayout } from './disk-layout.ts';
import {
  OUTCOME_CORRUPT,
  OUTCOME_FAILED,
  OUTCOME_INCONSISTENT,
  OUTCOME_WRITTEN,
  RESULT_FIELDS,
  SLOT_DAMAGED,
  SLOT_FREED,
  SLOT_INCONSISTENT,
  SLOT_KEPT,
  WRITE_FIELDS,
  type FromWorker,
  type SettleTask,
  type SingleTask,
  type TaskDone,
  type TaskFailed,
  type TaskValue,
  type ToWorker,
  type WriteBatch,
  type WriteDetail,
  type WriteResults,
} from './disk-protocol.ts';
import { LeafReader } from './leaf-reader.ts';
import { DAMAGED, INCONSISTENT, PieceVerifier, WHOLE } from './piece-verifier.ts';
import type { DiskFs } from './safe-open.ts';
import { PieceChecker } from './worker-check.ts';
import { WorkerFiles, createWorkerStorage, type WorkerStorage } from './worker-files.ts';
import { WorkerIo } from './worker-io.ts';

export interface WorkerTasksOptions {
  readonly maxOpenFiles: number;
  /** For tests that make it fail. */
  readonly fs?: DiskFs;
}

/** What a worker does, without the thread around it: answers messages, holds the open files. Nothing throws. */
export class WorkerTasks {
  readonly #storages = new Map<number, WorkerStorage>();
  readonly #files: WorkerFiles;
  readonly #io: WorkerIo;
  readonly #verifier = new PieceVerifier();
  readonly #checker: PieceChecker;
  readonly #leaves: LeafReader;

  constructor(options: WorkerTasksOptions) {
    const fs = options.fs ?? nodeFs;
    this.#files = new WorkerFiles(fs, options.maxOpenFiles);
    this.#io = new WorkerIo(fs, this.#files);
    this.#checker = new PieceChecker(this.#io, this.#verifier);
    this.#leaves = new LeafReader(this.#io);
  }

  /** Does all that a message asks for. */
  handle(message: ToWorker): FromWorker {
    const answers: FromWorker[number][] = [];
    for (const item of message) {
      if (item.kind === 'register') {
        const { storage, layout } = item;
        this.#storages.set(storage, createWorkerStorage(storage, new DiskLayout(layout)));
      } else if (item.kind === 'write') {
        answers.push(this.#writeBatch(item));
      } else {
        answers.push(this.#single(item));
      }
    }
    return answers;
  }

  #storage(id: number): WorkerStorage {
    const storage = this.#storages.get(id);
    if (storage === undefined) {
      throw new DiskError('ERR_DISK_CLOSED', 'The storage is closed', { cause: undefined });
    }
    return storage;
  }

  #writeBatch({ numbers, buffers }: WriteBatch): WriteResults {
    const results = new Float64Array(buffers.length * RESULT_FIELDS);
    const details: WriteDetail[] = [];
    for (const [index, buffer] of buffers.entries()) {
      const at = index * WRITE_FIELDS;
      results[index * RESULT_FIELDS] = numbers[at] ?? 0;
      let outcome = OUTCOME_WRITTEN;
      let blockHashes: Uint8Array | undefined;
      let error: DiskError | undefined;
      try {
        const storage = this.#storage(numbers[at + 1] ?? 0);
        const piece = numbers[at + 2] ?? 0;
        const bytes = new Uint8Array(buffer, 0, numbers[at + 3] ?? 0);
        const { layout } = storage;
        const verdict = this.#verifier.verify(layout, piece, bytes);
        if (verdict === DAMAGED) outcome = OUTCOME_CORRUPT;
        else if (verdict === INCONSISTENT) outcome = OUTCOME_INCONSISTENT;
        if (verdict === DAMAGED || numbers[at + 4] === 1) {
          blockHashes = this.#verifier.blockHashes(layout, piece, bytes);
        }
        if (verdict === WHOLE) this.#io.writePiece(storage, piece, bytes, numbers[at + 5] ?? -1);
      } catch (thrown) {
        outcome = OUTCOME_FAILED;
        error = toDiskError(thrown, 'write', undefined);
      }
      results[index * RESULT_FIELDS + 1] = outcome;
      if (blockHashes !== undefined || error !== undefined) {
        details.push({ index, blockHashes, error: error && packDiskError(error) });
      }
    }
    return { kind: 'written', numbers: results, buffers, details };
  }

  #single(task: SingleTask): TaskDone | TaskFailed {
    try {
      return { kind: 'done', task: task.task, value: this.#run(task) };
    } catch (error) {
      const packed = packDiskError(toDiskError(error, task.kind, undefined));
      return { kind: 'failed', task: task.task, error: packed };
    }
  }

  #run(task: SingleTask): TaskValue {
    if (task.kind === 'unregister') {
      this.#files.closeStorage(task.storage);
      this.#storages.delete(task.storage);
      return undefined;
    }
    if (task.kind === 'sync') {
      for (const path of task.paths) this.#io.sync(path);
      return undefined;
    }
    const storage = this.#storage(task.storage);
    switch (task.kind) {
      case 'check':
        return this.#checker.check(storage, task.pieces, task.slots);
      case 'leaves':
        return this.#leaves.read(storage, task.pieces, task.slots);
      case 'stat':
        return this.#stat(storage);
      case 'prepare':
        this.#prepare(storage, task.allocate);
        return undefined;
      case 'settle':
        return this.#settle(storage, task);
      case 'clear-slots':
        for (const piece of task.pieces) this.#io.writeSlotEntry(storage, piece, undefined);
        return undefined;
      case 'close-files':
        this.#files.closeStorage(storage.id);
        return undefined;
    }
  }

  #stat(storage: WorkerStorage): Float64Array {
    const states = new Float64Array(storage.layout.fileCount * 2);
    for (let file = 0; file < storage.layout.fileCount; file++) {
      this.#io.stat(storage, file, states);
    }
    return states;
  }

  #prepare(storage: WorkerStorage, allocate: boolean): void {
    const { layout } = storage;
    for (let file = 0; file < layout.fileCount; file++) {
      if (layout.isPadding(file) || !layout.isWanted(file)) continue;
      const length = layout.lengthOf(file);
      if (length === 0 || allocate) this.#io.ensureLength(storage, file, length);
    }
  }

  #settle(storage: WorkerStorage, { pieces, slots }: SettleTask): Uint8Array {
    const freed = new Uint8Array(pieces.length);
    for (const [index, piece] of pieces.entries()) {
      freed[index] = this.#settlePiece(storage, piece, slots[index] ?? 0);
    }
    return freed;
  }

  /** Copies what is wanted of a piece in a slot to its files. Freed where the slot is not needed any more. */
  #settlePiece(storage: WorkerStorage, piece: number, slot: number): number {
    const { layout } = storage;
    const bytes = new Uint8Array(layout.payloadLengthAt(piece));
    if (!this.#io.readSlot(storage, slot, bytes, 0)) return SLOT_DAMAGED;
    const verdict = this.#verifier.verify(layout, piece, bytes);
    if (verdict === INCONSISTENT) return SLOT_INCONSISTENT;
    if (verdict === DAMAGED) return SLOT_DAMAGED;
    let needed = false;
    for (const { file, fileOffset, at, length } of layout.spansOfPiece(piece)) {
      if (layout.isPadding(file)) continue;
      if (!layout.isWanted(file)) {
        needed = true;
        continue;
      }
      // Writing what stands there already would change the file's mtime, and with it the trust in resume data.
      const view = bytes.subarray(at, at + length);
      const there = new Uint8Array(length);
      if (this.#io.read(storage, file, there, fileOffset) && Buffer.compare(there, view) === 0) {
        continue;
      }
      this.#io.write(storage, file, view, fileOffset);
    }
    return needed ? SLOT_KEPT : SLOT_FREED;
  }
}
