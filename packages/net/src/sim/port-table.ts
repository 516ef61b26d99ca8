import { formatEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';

/** First of the ports given out on request (RFC 6335, section 6). */
const FIRST_DYNAMIC_PORT = 49_152;
const LAST_DYNAMIC_PORT = 65_535;

interface Bound {
  readonly endpoint: Endpoint;
  /** On `::` without serving IPv4. */
  readonly ipv6Only?: boolean;
}

/** Whether a socket bound to `bound` gets what is sent to `address`. */
function serves(bound: string, address: string, ipv6Only = false): boolean {
  if (bound === '::') return !ipv6Only || address.includes(':');
  return bound === address || (bound === '0.0.0.0' && !address.includes(':'));
}

/** The sockets of one kind on one host, by the endpoint they are bound to. */
export class PortTable<Socket extends Bound> {
  readonly #byPort = new Map<number, Socket[]>();
  #nextPort = FIRST_DYNAMIC_PORT;

  /** A port for the near end of a connection. */
  ephemeralPort(): number {
    const port = this.#nextPort;
    this.#nextPort = port === LAST_DYNAMIC_PORT ? FIRST_DYNAMIC_PORT : port + 1;
    return port;
  }

  /** Makes a socket at an endpoint; port 0 means any that is free. */
  open(at: Endpoint, make: (endpoint: Endpoint) => Socket, ipv6Only = false): Socket {
    const endpoint = at.port === 0 ? { address: at.address, port: this.#freePort() } : at;
    const others = this.#byPort.get(endpoint.port) ?? [];
    for (const other of others) {
      if (
        serves(other.endpoint.address, at.address, other.ipv6Only) ||
        serves(at.address, other.endpoint.address, ipv6Only)
      ) {
        throw new NetError('ERR_NET_ADDRESS_IN_USE', `${formatEndpoint(endpoint)} is taken`);
      }
    }
    const socket = make(endpoint);
    this.#byPort.set(endpoint.port, [...others, socket]);
    return socket;
  }

  find(at: Endpoint): Socket | undefined {
    return this.#byPort
      .get(at.port)
      ?.find((socket) => serves(socket.endpoint.address, at.address, socket.ipv6Only));
  }

  remove(socket: Socket): void {
    const { port } = socket.endpoint;
    const rest = (this.#byPort.get(port) ?? []).filter((other) => other !== socket);
    if (rest.length === 0) this.#byPort.delete(port);
    else this.#byPort.set(port, rest);
  }

  #freePort(): number {
    for (let tries = FIRST_DYNAMIC_PORT; tries <= LAST_DYNAMIC_PORT; tries++) {
      const port = this.ephemeralPort();
      if (!this.#byPort.has(port)) return port;
    }
    throw new NetError('ERR_NET_ADDRESS_IN_USE', 'all ports are taken');
  }
}
