/** Bytes at the head of what is delivered that count: the headers of messages are there. */
const HEAD = 32;
/** Prime of FNV-1a, 32 bits. */
const PRIME = 0x01000193;
/** Another odd factor, so that the two halves are independent. */
const OTHER = 0x85ebca6b;
/** Steps of time that are told apart: microseconds. */
const STEPS = 1_000;

/** A hash of a run, to tell whether two runs were the same. Two lanes of 32 bits; not for secrets. */
export class Fingerprint {
  #low = 0x811c9dc5;
  #high = 0x9e3779b9;

  /** An event has happened at this virtual time, in milliseconds. */
  time(time: number): void {
    const steps = Math.floor(time * STEPS);
    this.#mix(steps >>> 0);
    this.#mix(Math.floor(steps / 2 ** 32));
  }

  /** This was delivered. */
  bytes(bytes: Uint8Array): void {
    this.#mix(bytes.length);
    const end = Math.min(bytes.length, HEAD);
    for (let at = 0; at < end; at++) this.#mix(bytes[at] ?? 0);
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ value, PRIME);
    const turned = (this.#high << 13) | (this.#high >>> 19);
    this.#high = Math.imul(turned ^ value, OTHER) ^ this.#low;
  }
}
