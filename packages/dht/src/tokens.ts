import { hash, timingSafeEqual } from 'node:crypto';
import { addressToBytes } from '@shoal/net';
import type { Clock, Random } from '@shoal/net';

/** Milliseconds after which a new secret is made (BEP 5). */
export const TOKEN_ROTATION_MS = 5 * 60_000;
/** Bytes of a token. 2^-64 is the chance of a guess; longer ones would take room from each reply. */
export const TOKEN_BYTES = 8;
/** Bytes of a secret: as many as nobody tries out. */
const SECRET_BYTES = 16;
/** Bytes of the longest address, IPv6. */
const MAX_ADDRESS_BYTES = 16;

/** Options of {@link Tokens}. */
export interface TokensOptions {
  /** Time. */
  readonly clock: Pick<Clock, 'now'>;
  /** Unpredictable randomness, except in simulations. */
  readonly random: Random;
}

/**
 * Write tokens (BEP 5, BEP 44): what a node gives out with `get_peers` and `get`, and wants back with `announce_peer` and
 * `put`, to know that the sender receives datagrams at its address. Nothing is kept for a token: it is a keyed digest of the
 * address, by a secret that changes every 5 minutes. The secret before is honoured, too, so a token is good for 5 to 10
 * minutes.
 *
 * A token holds for the address, whatever was asked for and from whatever port, as BEP 5 has it.
 */
export class Tokens {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;
  #current: Uint8Array;
  #previous: Uint8Array;
  /** Clock time in milliseconds at which the current secret becomes the previous one. */
  #rotateAt: number;

  constructor(options: TokensOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#current = this.#makeSecret();
    this.#previous = this.#makeSecret();
    this.#rotateAt = this.#clock.now() + TOKEN_ROTATION_MS;
  }

  /**
   * The token for a node at `address`, {@link TOKEN_BYTES} long.
   * @throws NetError `ERR_NET_INVALID_ADDRESS` when the address is no IP literal.
   */
  issue(address: string): Uint8Array {
    this.#rotate();
    return digest(this.#current, addressToBytes(address));
  }

  /**
   * Whether the token was issued to this address in the last 5 to 10 minutes. Any bytes may be given. How long the answer takes
   * tells nothing about the right token.
   * @throws NetError `ERR_NET_INVALID_ADDRESS` when the address is no IP literal.
   */
  isValid(token: Uint8Array, address: string): boolean {
    if (token.length !== TOKEN_BYTES) return false;
    this.#rotate();
    const bytes = addressToBytes(address);
    return (
      timingSafeEqual(token, digest(this.#current, bytes)) ||
      timingSafeEqual(token, digest(this.#previous, bytes))
    );
  }

  #rotate(): void {
    const now = this.#clock.now();
    if (now < this.#rotateAt) return;
    // After a long silence the current secret is as old as the previous one would be.
    const missed = now - this.#rotateAt >= TOKEN_ROTATION_MS;
    this.#previous = missed ? this.#makeSecret() : this.#current;
    this.#current = this.#makeSecret();
    this.#rotateAt = missed ? now + TOKEN_ROTATION_MS : this.#rotateAt + TOKEN_ROTATION_MS;
  }

  /** Room for an address behind the secret, so that both are hashed without being put together anew. */
  #makeSecret(): Uint8Array {
    const secret = new Uint8Array(SECRET_BYTES + MAX_ADDRESS_BYTES);
    secret.set(this.#random.bytes(SECRET_BYTES));
    return secret;
  }
}

/**
 * The digest of secret and address, cut to the length of a token. So cut it serves as well as an HMAC, for half the time: nobody
 * sees a state that could be hashed on from.
 */
function digest(secret: Uint8Array, address: Uint8Array): Uint8Array {
  secret.set(address, SECRET_BYTES);
  const text = hash('sha256', secret.subarray(0, SECRET_BYTES + address.length), 'binary');
  const token = new Uint8Array(TOKEN_BYTES);
  for (let at = 0; at < TOKEN_BYTES; at++) token[at] = text.charCodeAt(at);
  return token;
}
