import { MAX_MESSAGE_BYTES } from './messages.ts';

const COLON = 0x3a;
const INTEGER = 0x69;
const END = 0x65;

/** Bytes to begin with: most messages are smaller. */
const INITIAL_BYTES = 512;

/** Bencode into one buffer that is used for message after message. The caller writes keys in order. */
export class KrpcWriter {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  /** Begins anew; what {@link finish} gave is no longer valid. */
  start(): void {
    this.#length = 0;
  }

  /** The message so far: a view, valid until {@link start}. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Bencode as it stands, ASCII only. */
  raw(text: string): void {
    const at = this.#reserve(text.length);
    for (let index = 0; index < text.length; index++) {
      this.#bytes[at + index] = text.charCodeAt(index);
    }
  }

  /** Bencode as it stands. */
  rawBytes(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** A byte string. */
  bytes(bytes: Uint8Array): void {
    this.#digits(bytes.length);
    this.#byte(COLON);
    this.rawBytes(bytes);
  }

  /** A byte string of one byte for each character. */
  latin1(text: string): void {
    this.#digits(text.length);
    this.#byte(COLON);
    this.raw(text);
  }

  /** An integer. */
  integer(value: number | bigint): void {
    this.#byte(INTEGER);
    if (typeof value === 'number' && value >= 0) this.#digits(value);
    else this.raw(value.toString());
    this.#byte(END);
  }

  #byte(byte: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = byte;
  }

  #digits(value: number): void {
    if (value < 10) this.#byte(0x30 + value);
    else this.raw(value.toString());
  }

  #reserve(length: number): number {
    const at = this.#length;
    this.#length = at + length;
    if (this.#length > this.#bytes.length) this.#grow();
    return at;
  }

  #grow(): void {
    if (this.#length > MAX_MESSAGE_BYTES) {
      throw new RangeError(`a message has at most ${MAX_MESSAGE_BYTES} bytes`);
    }
    const larger = new Uint8Array(Math.min(MAX_MESSAGE_BYTES, this.#length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
