import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { addressKind, parseAddress } from '@shoal/net';

/** An address that may not be connected to. */
export class ForbiddenAddressError extends Error {
  constructor() {
    super('It is at an address of a local or private network');
  }
}

/**
 * Keeps whoever made a torrent, and servers on the internet, from steering requests at what only this machine can reach. It checks
 * the very addresses that are connected to, so a name that resolves differently the second time gains nothing.
 */
export class AddressGuard {
  readonly #resolve: LookupFunction;
  #publicOnly: boolean;

  constructor(resolve: LookupFunction, publicOnly: boolean) {
    this.#resolve = resolve;
    this.#publicOnly = publicOnly;
  }

  get publicOnly(): boolean {
    return this.#publicOnly;
  }

  /** An answer has come from there: redirects of a public server lead to public ones only. Nothing known: taken for public. */
  answeredBy(address: string | undefined): void {
    if (address === undefined || isPublic(address)) this.#publicOnly = true;
  }

  /** A host of a URL: false for an IP literal that may not be connected to. Names are checked by {@link lookup}. */
  allowsHost(hostname: string): boolean {
    return isIP(hostname) === 0 || this.#allows(hostname);
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
      if (allowed.length === 0 && all.length > 0) callback(new ForbiddenAddressError(), '', 0);
      else if (typeof found === 'string') callback(null, found, family);
      else callback(null, allowed);
    });
  };

  #allows(address: string): boolean {
    return !this.#publicOnly || isPublic(address);
  }
}

function isPublic(address: string): boolean {
  // A scope id (fe80::1%eth0) is no part of the address.
  const literal = parseAddress(address.split('%')[0] ?? address);
  return literal !== undefined && addressKind(literal) === 'public';
}
