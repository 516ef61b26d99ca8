import { Readable } from 'node:stream';
import type { TorrentFile, TorrentInfo } from '@shoal/metainfo';
import type { BlockRead } from '../disk/storage.ts';

/** Bytes read at a time: large enough for few calls, small enough to start playing at once. */
const CHUNK_LENGTH = 256 * 1024;

/** Pieces ahead of the reader that are wanted first, at least ... */
const WINDOW_PIECES = 8;
/** ... and bytes: more than is requested at a time, or else every second block would be fetched from anywhere. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** The range of a file to read; both ends inclusive, as with `fs.createReadStream`. */
export interface ReadStreamOptions {
  /** First byte; default 0. */
  readonly start?: number;
  /** Last byte; default: the file's last. */
  readonly end?: number;
  /** Destroys the stream. */
  readonly signal?: AbortSignal;
}

/** Where a file lies, in bytes. */
export type StreamedFile = Pick<TorrentFile, 'length' | 'offset'>;

/** What a stream needs of the torrent. */
export interface StreamSource {
  readonly info: TorrentInfo;
  /** Resolves when the piece is verified; rejects when the torrent is closed or the signal fires. */
  pieceReady(piece: number, signal: AbortSignal): Promise<void>;
  readBlocks(target: Uint8Array, reads: readonly BlockRead[]): Promise<void>;
  /** The pieces a stream needs next, so that they are downloaded first; undefined when it is done. */
  setWindow(stream: object, window: { first: number; last: number } | undefined): void;
}

/** Reads a file while it is being downloaded: waits for the pieces it needs and asks for them first. */
export class FileStream extends Readable {
  readonly #source: StreamSource;
  readonly #file: StreamedFile;
  readonly #abort = new AbortController();
  #position: number;
  readonly #end: number;

  constructor(source: StreamSource, file: StreamedFile, options: ReadStreamOptions = {}) {
    const { start = 0, end = file.length - 1, signal } = options;
    if (!Number.isSafeInteger(start) || start < 0 || !Number.isSafeInteger(end)) {
      throw new RangeError('start and end are whole numbers of bytes from 0');
    }
    super({ highWaterMark: CHUNK_LENGTH, ...(signal === undefined ? {} : { signal }) });
    this.#source = source;
    this.#file = file;
    this.#position = start;
    this.#end = Math.min(end, file.length - 1);
  }

  override _read(): void {
    this.#next().then(
      (chunk) => this.push(chunk),
      (error: unknown) => {
        if (!this.#abort.signal.aborted) this.destroy(error as Error);
      },
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#abort.abort();
    this.#source.setWindow(this, undefined);
    callback(error);
  }

  async #next(): Promise<Buffer | null> {
    if (this.#position > this.#end) {
      this.#source.setWindow(this, undefined);
      return null;
    }
    const { pieceLength } = this.#source.info;
    const offset = this.#file.offset + this.#position;
    const piece = Math.floor(offset / pieceLength);
    const begin = offset - piece * pieceLength;
    const last = Math.floor((this.#file.offset + this.#end) / pieceLength);
    const ahead = Math.max(WINDOW_PIECES, Math.ceil(WINDOW_BYTES / pieceLength));
    this.#source.setWindow(this, { first: piece, last: Math.min(last, piece + ahead - 1) });
    await this.#source.pieceReady(piece, this.#abort.signal);
    const length = Math.min(CHUNK_LENGTH, pieceLength - begin, this.#end - this.#position + 1);
    const chunk = Buffer.allocUnsafe(length);
    await this.#source.readBlocks(chunk, [{ piece, begin, length, at: 0 }]);
    this.#position += length;
    return chunk;
  }
}
