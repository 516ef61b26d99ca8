/** Slots of a {@link KeyCache}; a power of two, several times the keys that most documents have. */
const KEY_SLOTS = 64;
/** Bytes a key may have to be kept: no key of the protocols is longer, and names of files would displace the others. */
const MAX_KEPT_KEY_LENGTH = 16;

/** Keys of a document, so that the two that a hundred thousand dictionaries have are not made a hundred thousand times. */
export class KeyCache {
  readonly #text: Buffer;
  readonly #keys: (string | undefined)[] = [];

  constructor(bytes: Uint8Array) {
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The key that stands from `start` to `end`. */
  at(start: number, end: number): string {
    const text = this.#text;
    const length = end - start;
    if (length === 0 || length > MAX_KEPT_KEY_LENGTH) return text.toString('latin1', start, end);
    const slot = (length + 7 * (text[start] ?? 0) + 13 * (text[end - 1] ?? 0)) & (KEY_SLOTS - 1);
    const kept = this.#keys[slot];
    if (kept?.length === length) {
      let at = 0;
      while (at < length && kept.charCodeAt(at) === text[start + at]) at++;
      if (at === length) return kept;
    }
    return (this.#keys[slot] = text.toString('latin1', start, end));
  }
}

/** Slots of a {@link ViewCache}; a power of two. Of a hundred folders, few lose theirs to a file's name before they recur. */
const VIEW_SLOTS = 1_024;
/** Bytes a byte string may have to be shared; names of folders are shorter, and longer ones recur less often. */
const MAX_SHARED_LENGTH = 64;
/** Factor of the FNV-1a hash. */
const HASH_FACTOR = 0x01000193;

/**
 * Byte strings of a document's lists, so that one that recurs, as the folders in the paths of a torrent do, is one view. A
 * view takes a hundred bytes, ten times what it shows.
 */
export class ViewCache {
  readonly #bytes: Uint8Array;
  readonly #views: (Uint8Array | undefined)[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The byte string that stands from `start` to `end`, or an equal one before it. */
  at(start: number, end: number): Uint8Array {
    const bytes = this.#bytes;
    const length = end - start;
    if (length > MAX_SHARED_LENGTH) return bytes.subarray(start, end);
    let hash = length;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), HASH_FACTOR);
    // Only its low bits choose the slot.
    hash ^= hash >>> 15;
    const slot = hash & (VIEW_SLOTS - 1);
    const kept = this.#views[slot];
    if (kept?.length === length) {
      let at = 0;
      while (at < length && kept[at] === bytes[start + at]) at++;
      if (at === length) return kept;
    }
    return (this.#views[slot] = bytes.subarray(start, end));
  }
}
