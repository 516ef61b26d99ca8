import type { Connection, ConnectOptions } from '../contracts.ts';
import { formatEndpoint, isEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import { SimConnection, type Route } from './connection.ts';
import type { SimHost } from './host.ts';
import { Path } from './path.ts';

/** As for TCP on Node: milliseconds an attempt may take by default. */
const DEFAULT_CONNECT_TIMEOUT = 10_000;

function routeBetween(from: SimHost, to: SimHost): Route {
  const loss = from === to ? 0 : 1 - (1 - from.streamLoss) * (1 - to.streamLoss);
  const path = new Path(from.kernel, from.topology, from.address, to.address, loss);
  if (from === to) return { uplink: from.loopback, downlink: to.loopback, path, from, to };
  return { uplink: from.uplink, downlink: to.downlink, path, from, to };
}

/** The address a connection comes from, or an error when this host cannot connect there at all. */
function sourceAddress(host: SimHost, to: Endpoint, bind: string | undefined): string {
  if (!isEndpoint(to) || to.port === 0) {
    throw new NetError('ERR_NET_INVALID_ENDPOINT', 'connecting: that is no valid endpoint');
  }
  if (bind !== undefined && !host.ownsAddress(bind)) {
    const message = `connecting from ${bind}: this host does not have that address`;
    throw new NetError('ERR_NET_ADDRESS_NOT_AVAILABLE', message);
  }
  const source = bind ?? host.sourceFor(to.address);
  if (source === undefined || source.includes(':') !== to.address.includes(':')) {
    const message = `connecting to ${formatEndpoint(to)}: this host has no address of that family`;
    throw new NetError('ERR_NET_UNREACHABLE', message);
  }
  return source;
}

/**
 * Opens a connection in the simulated network. It takes one round trip; the other side accepts half a round trip later,
 * before anything that was sent arrives.
 */
export function connectSim(
  host: SimHost,
  to: Endpoint,
  options: ConnectOptions,
): Promise<Connection> {
  const { kernel, topology } = host;
  const { signal, bind, timeout = DEFAULT_CONNECT_TIMEOUT } = options;
  return new Promise((resolve, reject) => {
    const local = {
      address: sourceAddress(host, to, bind),
      port: host.listeners.ephemeralPort(),
    };
    let settled = false;
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      kernel.cancel(timer);
      signal?.removeEventListener('abort', onAbort);
      kernel.touch();
      return true;
    };
    const fail = (error: Error): void => {
      if (settle()) reject(error);
    };
    const failed =
      (code: 'ERR_NET_TIMEOUT' | 'ERR_NET_REFUSED' | 'ERR_NET_UNREACHABLE') => (): void =>
        fail(new NetError(code, `connecting to ${formatEndpoint(to)} failed`));
    const onAbort = (): void => fail(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort);
    const timer = kernel.at(kernel.now + timeout, failed('ERR_NET_TIMEOUT'));

    const target = host.resolve(to.address);
    if (target === undefined) {
      kernel.at(kernel.now + host.latency, failed('ERR_NET_UNREACHABLE'));
      return;
    }
    const reachable = (): boolean => topology.reachable(host.address, target.address);
    const latency = (): number => topology.latency(host.address, target.address);
    const onAnswer = (): void => {
      if (!reachable() || !settle()) return;
      const near = new SimConnection(kernel, 'outgoing', local, to, routeBetween(host, target));
      const far = new SimConnection(kernel, 'incoming', to, local, routeBetween(target, host));
      SimConnection.pair(near, far);
      kernel.at(kernel.now + latency(), () => accept(target, far));
      resolve(near);
    };
    kernel.at(kernel.now + latency(), () => {
      // A NAT, a cut or a host without power says nothing.
      if (!reachable() || (target.nat && target !== host)) return;
      const answer = target.listeners.find(to) === undefined ? failed('ERR_NET_REFUSED') : onAnswer;
      kernel.at(kernel.now + latency(), answer);
    });
  });
}

function accept(host: SimHost, connection: SimConnection): void {
  const listener = host.listeners.find(connection.local);
  if (listener === undefined) {
    connection.destroy();
    return;
  }
  try {
    host.kernel.call(() => listener.accept(connection));
  } catch (thrown) {
    connection.destroy();
    host.kernel.report(thrown);
    return;
  }
  if (!connection.attached) connection.destroy();
}
