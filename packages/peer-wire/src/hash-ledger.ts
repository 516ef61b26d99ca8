import { WireError } from './errors.ts';
import { checkOwnHashRequest, describe, isSameHashRequest } from './hash-request.ts';
import type { HashRequest } from './hash-request.ts';
import { MAX_OUTSTANDING_HASH_REQUESTS } from './limits.ts';

/** The hash requests of one connection that wait for an answer (BEP 52): ours by name, the peer's by number. */
export class HashLedger {
  readonly #maxPending: number;
  readonly #outstanding: HashRequest[] = [];
  #pending = 0;

  /** @param maxPending most requests of the peer that may wait for our answer. */
  constructor(maxPending: number) {
    this.#maxPending = maxPending;
  }

  /** How many requests of ours the peer has not answered. */
  get outstanding(): number {
    return this.#outstanding.length;
  }

  /** We have sent a request. */
  sent(request: HashRequest): void {
    checkOwnHashRequest(request);
    if (this.#outstanding.length >= MAX_OUTSTANDING_HASH_REQUESTS) {
      throw new WireError(
        'ERR_WIRE_INVALID_ARGUMENT',
        `more than ${MAX_OUTSTANDING_HASH_REQUESTS} unanswered hash requests`,
      );
    }
    if (this.#find(request) >= 0) {
      throw new WireError(
        'ERR_WIRE_INVALID_ARGUMENT',
        `${describe(request)} have been requested already`,
      );
    }
    this.#outstanding.push(request);
  }

  /** The peer's answer to one of them. */
  answered(what: string, request: HashRequest): void {
    const place = this.#find(request);
    if (place < 0) {
      throw new WireError(
        'ERR_WIRE_NOT_REQUESTED',
        `${what} for ${describe(request)}, which were not requested`,
      );
    }
    this.#outstanding.splice(place, 1);
  }

  /** The peer asks for hashes. */
  received(): void {
    if (this.#pending >= this.#maxPending) {
      throw new WireError(
        'ERR_WIRE_TOO_MANY_HASH_REQUESTS',
        `more than ${this.#maxPending} hash requests before the first was answered`,
      );
    }
    this.#pending++;
  }

  /** Our answer to one of the peer's requests has left. */
  served(): void {
    if (this.#pending === 0) {
      throw new WireError('ERR_WIRE_INVALID_ARGUMENT', 'no hash request waits for an answer');
    }
    this.#pending--;
  }

  #find(request: HashRequest): number {
    return this.#outstanding.findIndex((each) => isSameHashRequest(each, request));
  }
}
