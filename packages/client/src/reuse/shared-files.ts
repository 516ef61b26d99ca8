import { type FileColumns, type FileLayout, fileColumns, type TorrentInfo } from '@shoal/metainfo';
import { type Lender, readsOf, type TwinFile, type TwinReads } from './lender.ts';

/** Pieces read from a file and found wrong after which it is left alone: each costs a read and a hash. */
const MAX_WRONG = 3;

/** Where the content of a file is to be had besides peers. */
export interface FileTwins {
  /** Files of the same torrent with the same content, this one included: one array for all of them. */
  readonly own: readonly number[];
  /** The first few of them: those that the others are copied from. */
  readonly leaders: readonly number[];
  /** Files of other torrents. */
  readonly lent: readonly TwinFile[];
}

/** Where the payload of a piece is to be had. */
export interface PieceSource {
  /** What is to be read, from whom. What is left over is padding: zeros. */
  readonly parts: readonly TwinReads[];
  /** Bytes of all parts. */
  readonly bytes: number;
}

export interface SharedFilesOptions {
  readonly info: TorrentInfo;
  readonly layout: FileLayout;
  /** The torrent itself. */
  readonly self: Lender;
}

/**
 * The files of a torrent that are to be had elsewhere than from peers, and what of them is there. Pure: it knows where to read and
 * does not do so.
 */
export class SharedFiles {
  readonly #options: SharedFilesOptions;
  readonly #columns: FileColumns;
  #twins: ReadonlyMap<number, FileTwins> = new Map();
  /** Pieces that came wrong from a file, by torrent and file; {@link MAX_WRONG}: it is not to be read. */
  readonly #wrong = new WeakMap<Lender, Map<number, number>>();

  constructor(options: SharedFilesOptions) {
    this.#options = options;
    this.#columns = fileColumns(options.info);
  }

  /** Where the files are is known anew; those in no entry are nowhere. */
  set twins(twins: ReadonlyMap<number, FileTwins>) {
    this.#twins = twins;
  }

  /** The pieces that such a file has bytes in, in the order of the files; some more than once. */
  *pieces(): Generator<number, void, undefined> {
    for (const file of this.#twins.keys()) {
      const range = this.#options.layout.piecesOf(file);
      if (range === undefined) continue;
      for (let piece = range.first; piece <= range.last; piece++) yield piece;
    }
  }

  /** Where the payload of a piece is, verified; undefined where some of it is nowhere. */
  find(piece: number): PieceSource | undefined {
    const { info, layout } = this.#options;
    const parts: TwinReads[] = [];
    let bytes = 0;
    const length = layout.payloadLengthAt(piece);
    for (const { fileIndex, fileOffset, length: taken, at } of layout.spans(
      piece * info.pieceLength,
      length,
    )) {
      if (this.#columns.isPadding(fileIndex)) continue;
      const part = this.#findSpan(fileIndex, fileOffset, taken, at);
      if (part === undefined) return undefined;
      parts.push(part);
      bytes += taken;
    }
    return bytes === 0 ? undefined : { parts, bytes };
  }

  /**
   * Pieces of this torrent with the same payload as a piece: those of all files, or only those of the leaders, this one included
   * where it is one. Only where files start at pieces, as in torrents whose files have roots (BEP 52).
   */
  twinsOf(piece: number, of: 'own' | 'leaders'): number[] {
    const file = this.#options.layout.fileAt(piece * this.#options.info.pieceLength);
    const twins = this.#twins.get(file);
    if (twins === undefined || twins.own.length < 2) return [];
    const index = piece - this.#firstPieceOf(file);
    return twins[of].map((twin) => this.#firstPieceOf(twin) + index);
  }

  /** What came from there was wrong. */
  wasWrong({ parts }: PieceSource): void {
    for (const { twin } of parts) this.#count(twin, 1);
  }

  /** It cannot be read. */
  isBroken(twin: TwinFile): void {
    this.#count(twin, MAX_WRONG);
  }

  #findSpan(file: number, offset: number, length: number, at: number): TwinReads | undefined {
    const twins = this.#twins.get(file);
    if (twins === undefined) return undefined;
    const { self } = this.#options;
    for (const own of twins.leaders) {
      if (own === file) continue;
      const start = this.#columns.offsets[own] ?? 0;
      const twin = { lender: self, file: own, offset: start };
      const found = this.#findIn(twin, offset, length, at);
      if (found !== undefined) return found;
    }
    for (const twin of twins.lent) {
      if (!twin.lender.lends) continue;
      const found = this.#findIn(twin, offset, length, at);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findIn(twin: TwinFile, offset: number, length: number, at: number): TwinReads | undefined {
    if ((this.#wrong.get(twin.lender)?.get(twin.file) ?? 0) >= MAX_WRONG) return undefined;
    const reads = readsOf(twin, offset, length, at);
    return reads && { twin, reads };
  }

  #count({ lender, file }: TwinFile, by: number): void {
    let files = this.#wrong.get(lender);
    if (files === undefined) this.#wrong.set(lender, (files = new Map<number, number>()));
    files.set(file, (files.get(file) ?? 0) + by);
  }

  #firstPieceOf(file: number): number {
    return Math.floor((this.#columns.offsets[file] ?? 0) / this.#options.info.pieceLength);
  }
}
