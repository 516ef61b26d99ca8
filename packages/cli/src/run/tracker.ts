import { hostname } from 'node:os';
import type { Endpoint } from '@shoal/net';
import type { TrackerArgs } from '../commands/serve.ts';
import { defined } from '../defined.ts';
import { exitCodeOf, messageOf } from '../errors.ts';
import { SignalGate } from '../signal-gate.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import { untilAborted } from '../until-aborted.ts';
import type { World } from '../world.ts';
import { localAddress } from './client-options.ts';

/** `shoal tracker`: runs until a signal comes. */
export async function runTracker(args: TrackerArgs, world: World): Promise<number> {
  using gate = new SignalGate(world.signals, world.exitNow);
  const { TrackerServer } = await import('@shoal/tracker');
  const { formatEndpoint } = await import('@shoal/net');
  const server = new TrackerServer({
    onError: (error) => {
      world.stderr.write(`shoal: ${plainText(messageOf(error))}\n`);
    },
  });
  try {
    const address = args.bind === undefined ? undefined : await localAddress(args.bind);
    const endpoint = await server.listen(defined({ port: args.port, address }));
    const url = await announceUrlOf(endpoint);
    if (args.json) {
      world.stdout.write(jsonLine({ event: 'listening', ...endpoint, url }));
    } else if (!args.quiet) {
      world.stdout.write(
        `Tracker listening on ${formatEndpoint(endpoint)}\nAnnounce URL: ${url}\n`,
      );
    }
    return exitCodeOf(await untilAborted(gate.signal));
  } finally {
    await server.close();
  }
}

/** The address to put into torrents: with the name of this machine where the server listens on all its addresses. */
async function announceUrlOf(endpoint: Endpoint): Promise<string> {
  const { addressKind, formatEndpoint } = await import('@shoal/net');
  const everywhere = addressKind(endpoint.address) === 'unspecified';
  const host = everywhere ? `${hostname()}:${endpoint.port}` : formatEndpoint(endpoint);
  return `http://${host}/announce`;
}
