import { attributesOf, letterBits, LINK_BIT, PADDING_BIT } from './attributes.ts';
import type { FileList } from './file-table.ts';
import { FileTable } from './file-table.ts';
import type { MetainfoLimits } from './limits.ts';
import { MAX_COMPONENT_LENGTH } from './limits.ts';
import { HASH_START, NameHashes, nextHash, nextOtherHash, SEPARATOR } from './name-hashes.ts';
import type { NameRules } from './safe-path.ts';
import { isDeviceName, isDotOrSpace, plainCharacters } from './safe-path.ts';
import type { Steps } from './steps.ts';
import type { PathSource } from './path-text.ts';
import { PathText } from './path-text.ts';
import type { TorrentFile } from './types.ts';

const BYTE_COLON = 0x3a;
const BYTE_DICTIONARY = 0x64;
const BYTE_END = 0x65;
const BYTE_INTEGER = 0x69;
const BYTE_LIST = 0x6c;
const BYTE_0 = 0x30;
const BYTE_9 = 0x39;

/** Integers of up to this many digits stay exact when summed up as a double. */
const MAX_EXACT_DIGITS = 15;

/** Files of a step. */
const FILES_PER_STEP = 4_096;

const NONE = -1;

const KEY_ATTRIBUTES = Buffer.from('attr');
const KEY_LENGTH = Buffer.from('length');
const KEY_PATH = Buffer.from('path');
const KEY_OTHER_PATH = Buffer.from('path.utf-8');

/**
 * Read a file list of which there is nothing to say: every path is safe as it is and in ASCII, no two clash, no file is a
 * symlink, nothing is missing or out of bounds. Most torrents are like that, the largest ones above all. This makes no
 * objects and no strings; undefined means that the list has to be read with care, not that it is wrong.
 *
 * @param bytes the list as it stands in the torrent, known to be well-formed; the table refers to them
 * @param count items of the list
 * @param name the torrent's, made safe
 */
export function* readPlainFiles(
  bytes: Uint8Array,
  count: number,
  name: string,
  limits: MetainfoLimits,
  rules: NameRules,
): Steps<FileList | undefined> {
  const reader = new PlainFileReader(bytes, count, name, limits, rules);
  for (let index = 0; index < count; index++) {
    if (!reader.add(index)) return undefined;
    if (index % FILES_PER_STEP === FILES_PER_STEP - 1) yield;
  }
  return reader.finish();
}

class PlainFileReader {
  readonly #bytes: Uint8Array;
  readonly #name: string;
  readonly #windows: boolean;
  readonly #maxDepth: number;
  /** Bytes a path may have below the torrent's name, a slash before each component included. */
  readonly #room: number;
  /** For each byte what it is folded to, or 0 where it is not plain. */
  readonly #plain: Uint8Array;
  readonly #names: NameHashes;
  readonly #lengths: Float64Array;
  readonly #offsets: Float64Array;
  readonly #bits: Uint8Array;
  /** Where the first component of each path stands. */
  readonly #paths: Uint32Array;
  /** The next byte to read; 0 is that of the list itself. */
  #at = 1;
  #longest = 0;
  #offset = 0;
  #length = 0;

  constructor(
    bytes: Uint8Array,
    count: number,
    name: string,
    limits: MetainfoLimits,
    rules: NameRules,
  ) {
    this.#bytes = bytes;
    this.#name = name;
    this.#windows = rules.windows;
    this.#maxDepth = limits.maxPathDepth;
    this.#room = limits.maxPathLength - Buffer.byteLength(name);
    this.#plain = plainCharacters(rules);
    this.#names = new NameHashes(count);
    this.#lengths = new Float64Array(count);
    this.#offsets = new Float64Array(count);
    this.#bits = new Uint8Array(count);
    this.#paths = new Uint32Array(count);
  }

  /** Read the next file; false where it is not plain. */
  add(index: number): boolean {
    const bytes = this.#bytes;
    if (bytes[this.#at++] !== BYTE_DICTIONARY) return false;
    let length = NONE;
    let bits = NONE;
    let path = NONE;
    while (bytes[this.#at] !== BYTE_END) {
      const size = this.#stringSize();
      const key = this.#at;
      this.#at += size;
      if (this.#isKey(key, size, KEY_LENGTH)) {
        if (length !== NONE) return false;
        length = this.#integer();
        if (length === NONE) return false;
      } else if (this.#isKey(key, size, KEY_PATH)) {
        if (path !== NONE) return false;
        path = this.#at + 1;
        if (!this.#addPath(bits !== NONE && (bits & PADDING_BIT) !== 0)) return false;
      } else if (this.#isKey(key, size, KEY_ATTRIBUTES)) {
        // A path has been taken for that of a file that is no padding.
        if (bits !== NONE || path !== NONE || !this.#isString()) return false;
        const letters = this.#stringSize();
        bits = letterBits(bytes, this.#at, this.#at + letters);
        this.#at += letters;
        if ((bits & LINK_BIT) !== 0) return false;
      } else {
        if (this.#isKey(key, size, KEY_OTHER_PATH) || !this.#skipScalar()) return false;
      }
    }
    this.#at++;
    if (length === NONE || path === NONE) return false;
    if (bits === NONE) bits = 0;
    this.#lengths[index] = length;
    this.#offsets[index] = this.#offset;
    this.#bits[index] = bits;
    this.#paths[index] = path;
    if ((bits & PADDING_BIT) === 0) this.#length += length;
    this.#offset += length;
    return this.#offset <= Number.MAX_SAFE_INTEGER;
  }

  finish(): FileList {
    const lengths = this.#lengths;
    const offsets = this.#offsets;
    const bits = this.#bits;
    const bytes = this.#bytes;
    const paths = this.#paths;
    const longest = this.#longest;
    const reader = new PathReader(bytes, paths, longest, `${this.#name}/`);
    const make = (table: FileTable): TorrentFile[] => {
      return Array.from(lengths, (length, index) => ({
        index,
        path: reader.at(index),
        originalPath: undefined,
        length,
        offset: offsets[index] ?? 0,
        piecesRoot: table.piecesRootOf(index),
        attributes: attributesOf(bits[index] ?? 0),
      }));
    };
    return {
      table: FileTable.ofColumns({ lengths, offsets, bits }, make, reader),
      totalLength: this.#offset,
      length: this.#length,
    };
  }

  /** Go over a path; false where it is not plain or may clash with another one. Padding takes no name from others. */
  #addPath(isPadding: boolean): boolean {
    const bytes = this.#bytes;
    const plain = this.#plain;
    let at = this.#at;
    if (bytes[at++] !== BYTE_LIST) return false;
    let low = HASH_START;
    let high = HASH_START;
    let length = 0;
    for (let depth = 1; depth <= this.#maxDepth; depth++) {
      const digit = bytes[at] ?? 0;
      if (digit < BYTE_0 || digit > BYTE_9) return false;
      this.#at = at;
      const size = this.#stringSize();
      if (size === 0 || size > MAX_COMPONENT_LENGTH) return false;
      const start = this.#at;
      const end = start + size;
      for (at = start; at < end; at++) {
        const code = plain[bytes[at] ?? 0] ?? 0;
        if (code === 0) return false;
        low = nextHash(low, code);
        high = nextOtherHash(high, code);
      }
      if (isDotOrSpace(bytes[end - 1] ?? 0)) return false;
      if (this.#windows && isDeviceName(latin1(bytes, start, end))) return false;
      length += size + 1;
      const isLast = bytes[at] === BYTE_END;
      if (!isPadding && !this.#names.add(low, high, isLast)) return false;
      if (isLast) {
        this.#at = at + 1;
        if (length > this.#longest) this.#longest = length;
        return length <= this.#room;
      }
      low = nextHash(low, SEPARATOR);
      high = nextOtherHash(high, SEPARATOR);
    }
    return false;
  }

  /** Bytes of the string at the cursor, which goes to the first of them. */
  #stringSize(): number {
    const bytes = this.#bytes;
    let size = 0;
    for (let byte = bytes[this.#at++]; byte !== BYTE_COLON; byte = bytes[this.#at++]) {
      if (byte === undefined) return 0;
      size = size * 10 + (byte - BYTE_0);
    }
    return size;
  }

  /** The value of the integer at the cursor, which goes behind it; {@link NONE} where it is none, negative or huge. */
  #integer(): number {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== BYTE_INTEGER) return NONE;
    const start = ++this.#at;
    let value = 0;
    for (let byte = bytes[this.#at] ?? 0; byte !== BYTE_END; byte = bytes[++this.#at] ?? 0) {
      if (byte < BYTE_0 || this.#at - start >= MAX_EXACT_DIGITS) return NONE;
      value = value * 10 + (byte - BYTE_0);
    }
    this.#at++;
    return value;
  }

  /** Go past an integer or a string; false for a container. */
  #skipScalar(): boolean {
    if (this.#isString()) {
      const size = this.#stringSize();
      this.#at += size;
      return true;
    }
    if (this.#bytes[this.#at] !== BYTE_INTEGER) return false;
    const end = this.#bytes.indexOf(BYTE_END, this.#at);
    this.#at = end + 1;
    return end >= 0;
  }

  #isString(): boolean {
    const byte = this.#bytes[this.#at] ?? 0;
    return byte >= BYTE_0 && byte <= BYTE_9;
  }

  #isKey(start: number, size: number, key: Uint8Array): boolean {
    if (size !== key.length) return false;
    for (let at = 0; at < size; at++) if (this.#bytes[start + at] !== key[at]) return false;
    return true;
  }
}

/** Makes texts of paths that are known to be plain. */
class PathReader implements PathSource {
  readonly #bytes: Uint8Array;
  readonly #paths: Uint32Array;
  readonly #longest: number;
  readonly #folder: string;
  /** Where a path is put together: one flat string of it takes less memory than a rope of its components. */
  #scratch: Buffer | undefined;

  /**
   * @param longest the room a path takes at most, a slash before each component included
   * @param folder what all paths stand below
   */
  constructor(bytes: Uint8Array, paths: Uint32Array, longest: number, folder: string) {
    this.#bytes = bytes;
    this.#paths = paths;
    this.#longest = longest;
    this.#folder = folder;
  }

  at(index: number): string {
    const bytes = this.#bytes;
    const scratch = (this.#scratch ??= Buffer.allocUnsafe(this.#longest));
    let at = this.#paths[index] ?? 0;
    let length = 0;
    for (;;) {
      const end = this.#endOf(at);
      for (at = this.#startOf(at); at < end; at++) scratch[length++] = bytes[at] ?? 0;
      if (bytes[at] === BYTE_END) return this.#folder + scratch.toString('latin1', 0, length);
      scratch[length++] = SEPARATOR;
    }
  }

  join(table: FileTable, from: number, to: number): string {
    const bytes = this.#bytes;
    const folder = Buffer.from(this.#folder);
    const text = new PathText();
    for (let index = from; index < to; index++) {
      let at = this.#paths[index] ?? 0;
      if (!table.isPadding(index)) {
        text.put(folder, 0, folder.length);
        for (;;) {
          const end = this.#endOf(at);
          text.put(bytes, this.#startOf(at), end);
          at = end;
          if (bytes[at] === BYTE_END) break;
          text.putByte(SEPARATOR);
        }
      }
      text.endLine();
    }
    return text.finish();
  }

  /** Where the bytes of the string at `at` begin. */
  #startOf(at: number): number {
    while (this.#bytes[at] !== BYTE_COLON) at++;
    return at + 1;
  }

  /** Where they end. */
  #endOf(at: number): number {
    const bytes = this.#bytes;
    let size = 0;
    for (let byte = bytes[at++]; byte !== BYTE_COLON; byte = bytes[at++]) {
      size = size * 10 + ((byte ?? BYTE_0) - BYTE_0);
    }
    return at + size;
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
