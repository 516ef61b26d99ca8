import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { NORMAL_PRIORITY, type Priority } from './file-priorities.ts';
import { FileStream, type ReadStreamOptions, type StreamSource } from './stream/file-stream.ts';

/** What is known of a file from the torrent. */
export interface FileFacts {
  /** Position in the torrent's file list. */
  readonly index: number;
  /** Below the download folder, components joined with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  /** First byte in the piece space. */
  readonly offset: number;
  /** It only aligns the next file and never stands on disk. */
  readonly padding: boolean;
}

/** What a file needs of its torrent. */
export interface FileOwner extends StreamSource {
  verifiedBytes(fileIndex: number): number;
  filePriority(fileIndex: number): Priority;
  setFilePriority(fileIndex: number, priority: Priority): void;
}

/** One file of a torrent: how far it is, how much it is wanted, and its bytes while they come. */
export class TorrentFileHandle {
  /** Position in the torrent's file list. */
  readonly index: number;
  /** Below the download folder, components joined with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly length: number;
  /** It only aligns the next file and never stands on disk. */
  readonly padding: boolean;
  readonly #file: FileFacts;
  readonly #owner: FileOwner;

  /** @internal */
  constructor(owner: FileOwner, file: FileFacts) {
    this.#owner = owner;
    this.#file = file;
    this.index = file.index;
    this.path = file.path;
    this.length = file.length;
    this.padding = file.padding;
  }

  /** Verified bytes. */
  get completedBytes(): number {
    return this.#owner.verifiedBytes(this.index);
  }

  /** From 0 to 1; an empty file is complete. */
  get progress(): number {
    return this.length === 0 ? 1 : this.completedBytes / this.length;
  }

  /**
   * 0 for a file that is not wanted, 1 to 7 otherwise; 4 is normal. Setting it to anything else throws
   * `ERR_CLIENT_OPTION`.
   */
  get priority(): Priority {
    return this.#owner.filePriority(this.index);
  }

  set priority(value: Priority) {
    this.#owner.setFilePriority(this.index, value);
  }

  /**
   * Reads the file, or a part of it, in order, waiting for what is not there yet and having it downloaded first. A file
   * that was not wanted becomes wanted.
   */
  createReadStream(options?: ReadStreamOptions): Readable {
    if (this.priority === 0 && !this.padding) this.priority = NORMAL_PRIORITY;
    return new FileStream(this.#owner, this.#file, options);
  }

  /** The same as a web stream of byte chunks. */
  stream(options?: ReadStreamOptions): ReadableStream<Uint8Array> {
    return Readable.toWeb(this.createReadStream(options)) as ReadableStream<Uint8Array>;
  }
}
