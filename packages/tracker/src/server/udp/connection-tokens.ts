import { type Random, readUint32, writeUint32 } from '@shoal/net';
import { Chaskey } from './chaskey.ts';

/**
 * Milliseconds for which a secret gives out connection ids. It accepts them for as long again, so that an id is good for two to
 * four minutes; BEP 15 wants two.
 */
export const TOKEN_PERIOD = 120_000;
const KEY_BYTES = 16;

/**
 * Connection ids that need no memory: the authentication code of the asking address, under a secret that changes. Whoever
 * shows one has received a packet at that address a short while ago.
 */
export class ConnectionTokens {
  readonly #random: Random;
  #current: Chaskey;
  #previous: Chaskey;
  #rotateAt: number;

  /** @param now clock time in milliseconds */
  constructor(random: Random, now: number) {
    this.#random = random;
    this.#current = this.#secret();
    this.#previous = this.#secret();
    this.#rotateAt = now + TOKEN_PERIOD;
  }

  /** Writes the connection id for an address (4 words) to `packet`, 8 bytes. */
  issue(address: Uint32Array, now: number, packet: Uint8Array, at: number): void {
    this.#rotate(now);
    const current = this.#current;
    current.tag(address);
    writeUint32(packet, at, current.tag0);
    writeUint32(packet, at + 4, current.tag1);
  }

  /** Whether the 8 bytes at `at` are a connection id that was given to this address. */
  accepts(address: Uint32Array, now: number, packet: Uint8Array, at: number): boolean {
    this.#rotate(now);
    const first = readUint32(packet, at);
    const second = readUint32(packet, at + 4);
    return (
      isTag(this.#current, address, first, second) || isTag(this.#previous, address, first, second)
    );
  }

  #rotate(now: number): void {
    if (now < this.#rotateAt) return;
    const periods = Math.floor((now - this.#rotateAt) / TOKEN_PERIOD) + 1;
    this.#previous = periods === 1 ? this.#current : this.#secret();
    this.#current = this.#secret();
    this.#rotateAt += periods * TOKEN_PERIOD;
  }

  #secret(): Chaskey {
    const bytes = this.#random.bytes(KEY_BYTES);
    const words = new Uint32Array(4);
    for (let word = 0; word < 4; word += 1) words[word] = readUint32(bytes, word * 4);
    return new Chaskey(words);
  }
}

function isTag(secret: Chaskey, address: Uint32Array, first: number, second: number): boolean {
  secret.tag(address);
  return ((secret.tag0 ^ first) | (secret.tag1 ^ second)) === 0;
}
