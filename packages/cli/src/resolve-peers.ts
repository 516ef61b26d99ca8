import type { Endpoint } from '@shoal/net';
import { beforeAborted } from './until-aborted.ts';
import { CliError, messageOf } from './errors.ts';
import { ExitCode } from './exit-codes.ts';
import type { HostPort } from './parse/host-port.ts';

/** The endpoints of peers named on the command line; a name that stands for several addresses gives several. */
export async function resolvePeers(
  peers: readonly HostPort[],
  signal?: AbortSignal,
): Promise<Endpoint[]> {
  const found = Promise.all(peers.map(resolvePeer));
  // A look-up can take minutes, and cannot be ended.
  const endpoints = await (signal === undefined ? found : beforeAborted(found, signal));
  return endpoints.flat();
}

async function resolvePeer({ host, port }: HostPort): Promise<Endpoint[]> {
  const { parseAddress } = await import('@shoal/net');
  const literal = parseAddress(host);
  if (literal !== undefined) return [{ address: literal, port }];
  const { lookup } = await import('node:dns/promises');
  try {
    const found = await lookup(host, { all: true });
    return found.flatMap(({ address }) => {
      const canonical = parseAddress(address);
      return canonical === undefined ? [] : [{ address: canonical, port }];
    });
  } catch (error) {
    const message = `cannot resolve the peer ${host}: ${messageOf(error)}`;
    throw new CliError('ERR_CLI_NETWORK', ExitCode.network, message, error);
  }
}
