import { hostname } from 'node:os';
import type { Endpoint } from '@shoal/net';
import type { TrackerArgs } from '../commands/serve.ts';
import { defined } from '../defined.ts';
import { exitCodeOf, messageOf, UsageError } from '../errors.ts';
import { SignalGate } from '../signal-gate.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import { untilAborted } from '../until-aborted.ts';
import type { World } from '../world.ts';
import { localAddress } from './client-options.ts';

/** `shoal tracker`: runs until a signal comes. */
export async function runTracker(args: TrackerArgs, world: World): Promise<number> {
  const { http, udp, stats } = args;
  if (!http && !udp) throw new UsageError('a tracker needs HTTP, UDP or both');
  if (stats && !http) throw new UsageError('--stats is shown over HTTP: leave out --no-http');
  using gate = new SignalGate(world.signals, world.exitNow);
  const { TrackerServer } = await import('@shoal/tracker');
  const { formatEndpoint } = await import('@shoal/net');
  const server = new TrackerServer({
    stats,
    ...defined({ udpRate: args['udp-rate'] }),
    onError: (error) => {
      world.stderr.write(`shoal: ${plainText(messageOf(error))}\n`);
    },
  });
  try {
    const address = args.bind === undefined ? undefined : await localAddress(args.bind);
    const endpoint = await server.listen({ http, udp, ...defined({ port: args.port, address }) });
    const urls = await announceUrlsOf(endpoint, http, udp);
    if (args.json) {
      world.stdout.write(jsonLine({ event: 'listening', ...endpoint, url: urls[0], urls }));
    } else if (!args.quiet) {
      world.stdout.write(
        `Tracker listening on ${formatEndpoint(endpoint)}\n${urls.map((url) => `Announce URL: ${url}\n`).join('')}`,
      );
    }
    return exitCodeOf(await untilAborted(gate.signal));
  } finally {
    await server.close();
  }
}

/** What to put into torrents: with the name of this machine where the server listens on all its addresses. */
async function announceUrlsOf(endpoint: Endpoint, http: boolean, udp: boolean): Promise<string[]> {
  const { addressKind, formatEndpoint } = await import('@shoal/net');
  const everywhere = addressKind(endpoint.address) === 'unspecified';
  const host = everywhere ? `${hostname()}:${endpoint.port}` : formatEndpoint(endpoint);
  return [...(http ? ['http'] : []), ...(udp ? ['udp'] : [])].map(
    (scheme) => `${scheme}://${host}/announce`,
  );
}
