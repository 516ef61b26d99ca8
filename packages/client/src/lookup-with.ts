import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIPv6Address, type Resolve } from '@shoal/net';

/** A resolver in the form in which `node:http` takes one. */
export function lookupWith(resolve: Resolve): LookupFunction {
  return (hostname, { all, family }, callback) => {
    const isWanted = (each: LookupAddress): boolean =>
      family === undefined || family === 0 || familyOf(family) === each.family;
    resolve(hostname).then(
      (addresses) => {
        const found = addresses
          .map((address) => ({ address, family: isIPv6Address(address) ? 6 : 4 }))
          .filter(isWanted);
        const [first] = found;
        if (first === undefined) callback(notFound(hostname), '', 0);
        else if (all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

function familyOf(family: number | 'IPv4' | 'IPv6'): number {
  if (typeof family === 'number') return family;
  return family === 'IPv6' ? 6 : 4;
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`No address of ${hostname}`), { code: 'ENOTFOUND' });
}
