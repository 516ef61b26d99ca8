import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { NetError } from '../errors.ts';
import { isWithinReach, type Reach } from '../reach.ts';

/** Options of {@link AddressGuard}. */
export interface AddressGuardOptions {
  /** Resolves names. */
  readonly lookup: LookupFunction;
  /** Where requests may go to begin with. */
  readonly reach: Reach;
  /** Addresses that nothing is sent to, whatever the reach: an IP filter. */
  readonly isBlocked?: ((address: string) => boolean) | undefined;
  /** Default {@link isWithinReach}. */
  readonly isWithinReach?: ((address: string, reach: Reach) => boolean) | undefined;
}

/**
 * Keeps whoever named the target of a request, and servers that redirect it, from steering it at what only this machine can reach.
 * It checks the very addresses that are connected to, so a name that resolves differently the second time gains nothing. For
 * one request with its redirects.
 */
export class AddressGuard {
  readonly #options: AddressGuardOptions;
  #reach: Reach;

  constructor(options: AddressGuardOptions) {
    this.#options = options;
    this.#reach = options.reach;
  }

  /** Where it may go now. */
  get reach(): Reach {
    return this.#reach;
  }

  /**
   * An answer that redirects has come from there. A public server may redirect to public ones only; so may any server where
   * somebody else has named it. Nothing known of the address: it is taken for public.
   */
  redirectedBy(address: string | undefined): void {
    if (this.#reach === 'any' && address !== undefined && !this.#isPublic(address)) return;
    this.#reach = 'public';
  }

  /**
   * A host of a URL: throws for an IP literal that may not be connected to. Names are checked by {@link lookup}.
   *
   * @throws NetError `ERR_NET_FORBIDDEN_ADDRESS`
   */
  checkHost(hostname: string): void {
    const refusal = isIP(hostname) === 0 ? undefined : this.#refusal(hostname);
    if (refusal !== undefined) throw refusal;
  }

  /** Resolves like the resolver behind it, without the addresses that may not be connected to. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#options.lookup(hostname, options, (error, found, family) => {
      if (error !== null) {
        callback(error, found, family);
        return;
      }
      const all: LookupAddress[] =
        typeof found === 'string' ? [{ address: found, family: family ?? 0 }] : found;
      let refusal: NetError | undefined;
      const allowed = all.filter(({ address }) => {
        const reason = this.#refusal(address);
        refusal ??= reason;
        return reason === undefined;
      });
      if (allowed.length === 0 && refusal !== undefined) callback(refusal, '', 0);
      else if (typeof found === 'string') callback(null, found, family);
      else callback(null, allowed);
    });
  };

  #isPublic(address: string): boolean {
    return (this.#options.isWithinReach ?? isWithinReach)(address, 'public');
  }

  #refusal(address: string): NetError | undefined {
    const { isBlocked, isWithinReach: within = isWithinReach } = this.#options;
    if (!within(address, this.#reach)) {
      return forbidden('It is at an address of a local or private network');
    }
    return isBlocked?.(address) === true
      ? forbidden('It is at an address that the IP filter blocks')
      : undefined;
  }
}

function forbidden(reason: string): NetError {
  return new NetError('ERR_NET_FORBIDDEN_ADDRESS', reason);
}
