import { quote } from './address.ts';
import { NetError } from './errors.ts';

/** Options of {@link Resolve}. */
export interface ResolveOptions {
  /** Ends the call; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Finds the addresses of a host name: canonical IP literals of both families without duplicates, at least one, in the order
 * in which they are to be tried. An IP literal resolves to itself. Rejects with a `NetError` `ERR_NET_UNRESOLVED` when the
 * name has no address or cannot be looked up, and with the signal's reason.
 */
export type Resolve = (hostname: string, options?: ResolveOptions) => Promise<readonly string[]>;

/** The error of a name without an address. */
export function unresolved(hostname: string, cause?: Error): NetError {
  return new NetError(
    'ERR_NET_UNRESOLVED',
    `the host name ${quote(hostname)} has no address`,
    cause === undefined ? undefined : { cause },
  );
}
