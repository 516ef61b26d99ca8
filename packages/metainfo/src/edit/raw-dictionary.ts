import { encode } from '@shoal/bencode';
import type { BencodeInput, BencodeNode } from '@shoal/bencode';

/** A dictionary whose values stay the bytes they were, but for those that are set. */
export class RawDictionary {
  /** Bencode of each value; a key's characters are its bytes. */
  readonly #values = new Map<string, Uint8Array>();
  #changed = false;

  constructor(node: BencodeNode) {
    for (const [key] of node.entries()) {
      const value = node.get(key);
      if (value !== undefined) this.#values.set(key, value.source());
    }
  }

  /** Whether any value is another than before. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Sets a value, or takes it out. */
  set(key: string, value: BencodeInput | undefined): void {
    this.setRaw(key, value === undefined ? undefined : encode(value));
  }

  /** Sets a value that is bencode, or takes it out. */
  setRaw(key: string, value: Uint8Array | undefined): void {
    const old = this.#values.get(key);
    if (value === undefined) {
      if (this.#values.delete(key)) this.#changed = true;
    } else if (old === undefined || Buffer.compare(old, value) !== 0) {
      this.#values.set(key, value);
      this.#changed = true;
    }
  }

  /** Its bencode, with keys in their order. */
  encode(): Uint8Array {
    const parts: Uint8Array[] = [Buffer.from('d')];
    const members = [...this.#values].sort(([left], [right]) => (left < right ? -1 : 1));
    for (const [key, value] of members) {
      parts.push(Buffer.from(`${key.length}:${key}`, 'latin1'), value);
    }
    parts.push(Buffer.from('e'));
    return new Uint8Array(Buffer.concat(parts));
  }
}
