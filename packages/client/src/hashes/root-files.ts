import { type FileColumns, RootIndex } from '@shoal/metainfo';

/** Bytes of a SHA-256 digest. */
const SHA256_LENGTH = 32;

/** Finds the files of a torrent by their pieces roots. Memory: some 44 bytes for each file. */
export class RootFiles {
  /** Files that have a root. */
  readonly #files: Uint32Array;
  readonly #index: RootIndex;

  constructor(columns: FileColumns) {
    const roots = new Uint8Array(columns.size * SHA256_LENGTH);
    const files = new Uint32Array(columns.size);
    let count = 0;
    for (let file = 0; file < columns.size; file++) {
      if (columns.copyPiecesRoot(file, roots, count * SHA256_LENGTH)) files[count++] = file;
    }
    this.#files = files.slice(0, count);
    const at = Uint32Array.from({ length: count }, (_, entry) => entry * SHA256_LENGTH);
    this.#index = new RootIndex(roots, at);
    for (let entry = 0; entry < count; entry++) this.#index.add(entry);
  }

  /** The first file with this root; undefined where there is none. */
  find(root: Uint8Array): number | undefined {
    const entry = this.#index.find(root, 0);
    return entry === undefined ? undefined : this.#files[entry];
  }
}
