import { lookup } from 'node:dns';
import { parseAddress } from '../address.ts';
import { unresolved, type Resolve } from '../resolve.ts';
import { systemAddress } from './system-endpoint.ts';

/**
 * Asks the system's resolver (hosts file, DNS), and keeps its order. The system cannot be told to stop: an aborted call
 * rejects at once, and the answer that comes later is dropped.
 */
export const systemResolve: Resolve = async (hostname, { signal } = {}) => {
  signal?.throwIfAborted();
  const literal = parseAddress(hostname);
  if (literal !== undefined) return [literal];
  if (hostname === '') throw unresolved(hostname);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    lookup(hostname, { all: true, verbatim: true }, (error, found) => {
      signal?.removeEventListener('abort', onAbort);
      if (error !== null) {
        reject(unresolved(hostname, error));
        return;
      }
      const addresses = new Set(found.map(({ address }) => systemAddress(address)));
      if (addresses.size === 0) reject(unresolved(hostname));
      else resolve([...addresses]);
    });
  });
};
