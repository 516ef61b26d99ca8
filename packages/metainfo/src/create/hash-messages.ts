import type { HashFile } from './piece-range-hasher.ts';

/** To the worker, first: what it works on. */
export interface HashWorkerData {
  readonly files: readonly HashFile[];
  readonly pieceLength: number;
}

/** To the worker: hash `count` pieces from `first` on; a `count` of 0 says that nothing follows. */
export interface HashTask {
  readonly first: number;
  readonly count: number;
}

/** From the worker. A `count` of 0 answers the last task: every file has been checked and closed. */
export type HashReply =
  | { readonly first: number; readonly count: number; readonly digests: Uint8Array }
  | { readonly failure: HashFailure };

/** An error of the worker, in a form that crosses threads. */
export interface HashFailure {
  readonly kind: 'changed' | 'io';
  readonly message: string;
  readonly path: string;
  /** The system's code, e.g. `EACCES`. */
  readonly systemCode: string | undefined;
}
