import type { Host, Resolve } from '@shoal/net';
import { lookupWith } from '../lookup-with.ts';
import { HttpTransport } from './http-transport.ts';
import { RequestSlots } from './request-slots.ts';
import { webSeedDefaults, type WebSeedOptions } from './web-seed-options.ts';
import type { WebSeedHost } from './web-seeds.ts';

/**
 * What the web seeds of all torrents of a client share; undefined where none are to be asked.
 */
export function openWebSeeds(
  options: boolean | WebSeedOptions = true,
  host: Pick<Host, 'clock' | 'random'>,
  { bind, resolve }: { readonly bind?: string; readonly resolve?: Resolve },
): WebSeedHost | undefined {
  if (options === false) return undefined;
  const given = options === true ? {} : options;
  const {
    maxRequests = webSeedDefaults.maxRequests,
    maxRequestsPerServer = webSeedDefaults.maxRequestsPerServer,
    maxRequestsPerSeed = webSeedDefaults.maxRequestsPerSeed,
  } = given;
  return {
    clock: host.clock,
    random: host.random,
    transport:
      given.transport ??
      new HttpTransport({
        bind,
        maxSockets: maxRequestsPerServer,
        ...(resolve === undefined ? {} : { lookup: lookupWith(resolve) }),
      }),
    slots: new RequestSlots(maxRequests, maxRequestsPerServer),
    maxRequestsPerSeed,
    addresses: given.addresses ?? 'public',
  };
}
