import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { parseAddress } from '@shoal/net';
import { TrackerError } from './errors.ts';

function refusal(): TrackerError {
  return new TrackerError(
    'ERR_TRACKER_REDIRECT',
    'The tracker redirects from the public internet to a local or private address',
  );
}

/**
 * Keeps a tracker on the internet from steering requests at what only this machine can reach: once an answer has come from
 * a public address, redirects go to public addresses only. It checks the very addresses that are connected to, so a name
 * that resolves differently the second time gains nothing.
 */
export class RedirectGuard {
  readonly #resolve: LookupFunction;
  readonly #isPublic: (address: string) => boolean;
  #publicOnly = false;

  constructor(resolve: LookupFunction, isPublic: (address: string) => boolean) {
    this.#resolve = resolve;
    this.#isPublic = isPublic;
  }

  /** Tells where an answer came from. Without an address nothing is known, so it is taken for public. */
  answeredBy(address: string | undefined): void {
    if (address === undefined || this.#isPublic(address)) this.#publicOnly = true;
  }

  /** @throws TrackerError `ERR_TRACKER_REDIRECT` when `address` may not be connected to */
  check(address: string): void {
    if (!this.#allows(address)) throw refusal();
  }

  /** Resolves like the resolver behind it, without the addresses that may not be connected to. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolve(hostname, options, (error, found, family) => {
      if (error !== null) {
        callback(error, found, family);
        return;
      }
      const all: LookupAddress[] =
        typeof found === 'string' ? [{ address: found, family: family ?? 0 }] : found;
      const allowed = all.filter(({ address }) => this.#allows(address));
      const [first] = allowed;
      if (first === undefined && all.length > 0) {
        callback(refusal(), '', 0);
      } else if (typeof found === 'string') {
        callback(null, found, family);
      } else {
        callback(null, allowed);
      }
    });
  };

  #allows(address: string): boolean {
    // A scope id (fe80::1%eth0) is no part of the address.
    const literal = parseAddress(address.split('%')[0] ?? address);
    return !this.#publicOnly || (literal !== undefined && this.#isPublic(literal));
  }
}
