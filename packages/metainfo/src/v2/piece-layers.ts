import { FileLayout } from '../file-layout.ts';
import type { LayoutInfo } from '../file-layout.ts';
import type { FileTable } from '../file-table.ts';
import { tableOf } from '../file-table.ts';
import { SHA256_LENGTH } from '../limits.ts';

/** Where the layers of files stand in some bytes. */
export interface LayerColumn {
  readonly bytes: Uint8Array;
  /** First byte of the layer of each file; 0 for a file without one. */
  readonly at: Uint32Array;
}

/**
 * The hashes of a torrent's pieces by SHA-256, as far as they are known from a .torrent file: for each file of several pieces
 * a layer of its hash tree, where one hash covers a piece (BEP 52). They are views of the file's bytes; do not write to them.
 * All of them have been checked against the {@link TorrentFile.piecesRoot} of their file.
 */
export class PieceLayers {
  readonly #info: LayoutInfo;
  readonly #table: FileTable;
  readonly #layers: LayerColumn | undefined;
  #layout: FileLayout | undefined;

  private constructor(info: LayoutInfo, layers: LayerColumn | undefined) {
    this.#info = info;
    this.#table = tableOf(info);
    this.#layers = layers;
  }

  /**
   * No layers, as for metadata that came from peers (BEP 9). The hashes of files of one piece are known all the same: they are
   * the roots.
   */
  static unknown(info: LayoutInfo): PieceLayers {
    return new PieceLayers(info, undefined);
  }

  /** Layers that have been checked. */
  static of(info: LayoutInfo, layers: LayerColumn): PieceLayers {
    return new PieceLayers(info, layers);
  }

  /**
   * Hashes of the pieces of a file, 32 bytes each; undefined where they are unknown, and for a file of one piece at most, whose
   * hash is its pieces root.
   */
  layerOf(fileIndex: number): Uint8Array | undefined {
    const at = this.#layers?.at[fileIndex] ?? 0;
    if (this.#layers === undefined || at === 0) return undefined;
    const length = this.#table.lengths[fileIndex] ?? 0;
    const end = at + Math.ceil(length / this.#info.pieceLength) * SHA256_LENGTH;
    return this.#layers.bytes.subarray(at, end);
  }

  /**
   * The hash a piece must have, 32 bytes, as `hashPiece` computes it from the payload; undefined where it is unknown, as it
   * always is in v1-only torrents. Throws ERR_METAINFO_OUT_OF_RANGE for a piece the torrent does not have.
   */
  pieceHash(piece: number): Uint8Array | undefined {
    const { pieceLength } = this.#info;
    this.#layout ??= new FileLayout(this.#info);
    const file = this.#layout.fileAt(piece * pieceLength);
    const root = this.#table.piecesRootOf(file);
    if (root === undefined || (this.#table.lengths[file] ?? 0) <= pieceLength) return root;
    const at = this.#layers?.at[file] ?? 0;
    if (this.#layers === undefined || at === 0) return undefined;
    const first = (this.#table.offsets[file] ?? 0) / pieceLength;
    const start = at + (piece - first) * SHA256_LENGTH;
    return this.#layers.bytes.subarray(start, start + SHA256_LENGTH);
  }
}
