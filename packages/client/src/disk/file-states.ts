/** What a file looked like when its data was last known to be on disk. */
export interface FileState {
  /** Bytes, or -1 where the file does not exist. */
  readonly size: number;
  /** Modification time, milliseconds since 1970 with the fraction the file system gives; 0 where it does not exist. */
  readonly mtime: number;
}

/** Numbers of each file. */
const FIELDS = 2;

/** How the files of a torrent stand, by index: as numbers in a row, since there may be a hundred thousand files. */
export class FileStates implements Iterable<FileState> {
  /** Size and mtime of the first file, of the second, and so on, see {@link FileState}. */
  readonly numbers: Float64Array;

  /** @param numbers as {@link numbers}; not copied */
  constructor(numbers: Float64Array) {
    this.numbers = numbers;
  }

  static of(states: readonly FileState[]): FileStates {
    const numbers = new Float64Array(states.length * FIELDS);
    for (const [file, { size, mtime }] of states.entries()) {
      numbers[file * FIELDS] = size;
      numbers[file * FIELDS + 1] = mtime;
    }
    return new FileStates(numbers);
  }

  /** Number of files. */
  get count(): number {
    return this.numbers.length / FIELDS;
  }

  /** {@link FileState.size}; -1 for an index that no file has. */
  sizeOf(file: number): number {
    return this.numbers[file * FIELDS] ?? -1;
  }

  /** {@link FileState.mtime}; 0 for an index that no file has. */
  mtimeOf(file: number): number {
    return this.numbers[file * FIELDS + 1] ?? 0;
  }

  /** An object for each file. */
  *[Symbol.iterator](): Generator<FileState, void, undefined> {
    for (let file = 0; file < this.count; file++) {
      yield { size: this.sizeOf(file), mtime: this.mtimeOf(file) };
    }
  }
}
