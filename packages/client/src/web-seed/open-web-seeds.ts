import type { Host } from '@shoal/net';
import type { ServerAccess } from '../server-access.ts';
import { lookupWith } from '../lookup-with.ts';
import { HttpTransport } from './http-transport.ts';
import { RequestSlots } from './request-slots.ts';
import { webSeedDefaults, type WebSeedOptions } from './web-seed-options.ts';
import type { WebSeedHost } from './web-seeds.ts';

/**
 * What the web seeds of all torrents of a client share; undefined where none are to be asked.
 * @param publicOnly whether those that torrents name must be on the public internet
 */
export function openWebSeeds(
  options: boolean | WebSeedOptions = true,
  host: Pick<Host, 'clock' | 'random'>,
  { bind, resolve, isBlocked }: ServerAccess,
  publicOnly: boolean,
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
        isBlocked,
        ...(resolve === undefined ? {} : { lookup: lookupWith(resolve) }),
      }),
    slots: new RequestSlots(maxRequests, maxRequestsPerServer),
    maxRequestsPerSeed,
    publicOnly,
  };
}
