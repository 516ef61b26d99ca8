import type { PieceSpace } from './piece-space.ts';
import type { Pauses } from './pauses.ts';

/**
 * The files that hold data, as columns in shared memory: a hundred thousand objects would have to be copied to every thread.
 */
export interface HashFiles {
  /** Number of files. */
  readonly size: number;
  /** UTF-8 of all absolute paths, one after the other. */
  readonly paths: Uint8Array;
  /** Where each path ends in {@link paths}. */
  readonly pathEnds: Uint32Array;
  /** First byte of each file in the piece space. */
  readonly offsets: Float64Array;
  /** Bytes of each file; never 0. */
  readonly lengths: Float64Array;
  /** Modification time of each file in milliseconds. */
  readonly mtimes: Float64Array;
}

/** The columns of a piece space. */
export async function hashFilesOf(space: PieceSpace, pauses: Pauses): Promise<HashFiles> {
  const { files, offsets } = space;
  let size = 0;
  let pathLength = 0;
  for (const { path, length } of files) {
    if (length === 0) continue;
    size++;
    pathLength += Buffer.byteLength(path);
    if (pauses.due) await pauses.take();
  }
  const columns = {
    size,
    paths: new Uint8Array(new SharedArrayBuffer(pathLength)),
    pathEnds: new Uint32Array(new SharedArrayBuffer(size * Uint32Array.BYTES_PER_ELEMENT)),
    offsets: float64(size),
    lengths: float64(size),
    mtimes: float64(size),
  };
  const text = Buffer.from(columns.paths.buffer);
  let at = 0;
  let end = 0;
  for (const [index, { path, length, mtimeMs }] of files.entries()) {
    if (length === 0) continue;
    end += text.write(path, end);
    columns.pathEnds[at] = end;
    columns.offsets[at] = offsets[index] ?? 0;
    columns.lengths[at] = length;
    columns.mtimes[at] = mtimeMs;
    at++;
    if (pauses.due) await pauses.take();
  }
  return columns;
}

function float64(size: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(size * Float64Array.BYTES_PER_ELEMENT));
}

/** Absolute path of a file. */
export function pathOf({ paths, pathEnds }: HashFiles, index: number): string {
  const start = index === 0 ? 0 : (pathEnds[index - 1] ?? 0);
  return Buffer.from(paths.buffer, start, (pathEnds[index] ?? start) - start).toString();
}

/** Index of the file that holds a byte of the piece space, or of the last one before it. */
export function fileAt({ offsets, size }: HashFiles, at: number): number {
  let low = 0;
  let high = size - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((offsets[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
