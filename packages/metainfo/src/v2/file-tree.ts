import { letterBits, LINK_BIT, PADDING_BIT } from '../attributes.ts';
import { ByteCursor, NO_INTEGER } from '../byte-cursor.ts';
import { MetainfoError } from '../errors.ts';
import { SHA256_LENGTH } from '../limits.ts';

const KEY_ATTRIBUTES = Buffer.from('attr');
const KEY_LENGTH = Buffer.from('length');
const KEY_ROOT = Buffer.from('pieces root');
const KEY_LINK = Buffer.from('symlink path');

/** Components the place for them starts with; it grows with the tree, whose depth is that of the bencode at most. */
const INITIAL_DEPTH = 16;

/**
 * Goes through the files of a file tree (BEP 52) in its own order, which is that of their raw names, without making an object
 * for any: what it finds of a file stands in its fields until the next one. Folders without files are passed over.
 *
 * Throws ERR_METAINFO_INVALID_FILE_TREE.
 */
export class FileTreeWalker {
  /** Bytes of the file. */
  length = 0;
  /** Where its pieces root stands in {@link bytes}; 0 for a file without one. */
  rootAt = 0;
  /** Its attributes, see `attributes.ts`; never those of padding. */
  bits = 0;
  /** Where the list of components of its symlink target stands, 0 where there is no such list. */
  linkAt = 0;
  /** Components of its path. */
  depth = 0;
  /** Components, from the first on, that are the same folders as those of the file before. */
  shared = 0;
  readonly #cursor: ByteCursor;
  #starts = new Uint32Array(INITIAL_DEPTH);
  #ends = new Uint32Array(INITIAL_DEPTH);
  /** Dictionaries around the cursor, besides that of the tree. */
  #level = 0;

  /** `bytes` are the tree as it stands in a torrent, known to be canonical bencode. */
  constructor(bytes: Uint8Array) {
    this.#cursor = new ByteCursor(bytes);
    if (!this.#cursor.isDictionary()) throw invalid('the file tree is not a dictionary');
    this.#cursor.at++;
    if (this.#cursor.isEnd()) throw invalid('the file tree is empty');
  }

  /** The tree. */
  get bytes(): Uint8Array {
    return this.#cursor.bytes;
  }

  /** Where a component of the file's path starts in {@link bytes}. */
  startOf(depth: number): number {
    return this.#starts[depth] ?? 0;
  }

  /** Where a component of the file's path ends in {@link bytes}. */
  endOf(depth: number): number {
    return this.#ends[depth] ?? 0;
  }

  /** Go to the next file; false behind the last one. */
  next(): boolean {
    const cursor = this.#cursor;
    let shared = this.#level;
    while (this.#level > 0 || !cursor.isEnd()) {
      if (cursor.isEnd()) {
        cursor.at++;
        this.#level--;
        if (this.#level < shared) shared = this.#level;
        continue;
      }
      const size = cursor.stringSize();
      const start = cursor.at;
      cursor.at += size;
      if (!cursor.isDictionary()) throw invalid('an entry of the file tree is not a dictionary');
      cursor.at++;
      if (size > 0) {
        this.#push(start, cursor.at - 1);
        continue;
      }
      if (this.#level === 0) throw invalid('the root of the file tree is a file');
      this.depth = this.#level;
      this.shared = shared;
      this.#readFile();
      // The empty key comes first: whatever stands beside it follows.
      if (!cursor.isEnd()) throw invalid('an entry of the file tree is both a file and a folder');
      cursor.at++;
      this.#level--;
      return true;
    }
    return false;
  }

  #push(start: number, end: number): void {
    const level = this.#level++;
    if (level === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
    }
    this.#starts[level] = start;
    this.#ends[level] = end;
  }

  #readFile(): void {
    const cursor = this.#cursor;
    let length: number | undefined;
    let root: number | undefined;
    this.bits = 0;
    this.linkAt = 0;
    while (!cursor.isEnd()) {
      const size = cursor.stringSize();
      const key = cursor.at;
      cursor.at += size;
      if (cursor.isKey(key, size, KEY_LENGTH)) {
        length = cursor.integer();
      } else if (cursor.isKey(key, size, KEY_ROOT)) {
        root = this.#readRoot();
      } else if (cursor.isKey(key, size, KEY_ATTRIBUTES) && cursor.isString()) {
        const letters = cursor.stringSize();
        this.bits = letterBits(cursor.bytes, cursor.at, cursor.at + letters);
        cursor.at += letters;
      } else {
        if (cursor.isKey(key, size, KEY_LINK) && cursor.isList()) this.linkAt = cursor.at;
        cursor.skip();
      }
    }
    cursor.at++;
    if ((this.bits & PADDING_BIT) !== 0) throw invalid('the file tree holds a padding file');
    // A link has no content, whatever length it claims (BEP 47).
    const isLink = (this.bits & LINK_BIT) !== 0;
    if (isLink) length = 0;
    if (length === undefined || length === NO_INTEGER) {
      throw invalid('the length of a file of the file tree is missing, negative or above 2^53');
    }
    this.length = length;
    if (length > 0 && root === undefined) {
      throw invalid('a file of the file tree has no pieces root of 32 bytes that are not all zero');
    }
    this.rootAt = length > 0 ? (root ?? 0) : 0;
  }

  /** Where the root at the cursor, which goes behind it, starts; undefined where it is none. */
  #readRoot(): number | undefined {
    const cursor = this.#cursor;
    if (!cursor.isString()) {
      cursor.skip();
      return undefined;
    }
    const size = cursor.stringSize();
    const start = cursor.at;
    cursor.at += size;
    if (size !== SHA256_LENGTH) return undefined;
    for (let at = start; at < cursor.at; at++) if (cursor.bytes[at] !== 0) return start;
    return undefined;
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}

export function invalid(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_INVALID_FILE_TREE', message);
}
