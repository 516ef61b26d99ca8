import type {
  Clock,
  Connection,
  ConnectOptions,
  DatagramHandler,
  DatagramSocket,
  Host,
  Listener,
  Network,
  Random,
} from '../contracts.ts';
import { addressKind } from '../address-kind.ts';
import { parseAddress, quote } from '../address.ts';
import { isEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { CHUNK_MAX } from './chunk.ts';
import { SimClock } from './clock.ts';
import { connectSim } from './connect.ts';
import { SimDatagramSocket } from './datagram.ts';
import type { SimKernel } from './kernel.ts';
import { Link } from './link.ts';
import { SimListener } from './listener.ts';
import { joinSimGroup } from './multicast.ts';
import { PortTable } from './port-table.ts';
import type { Topology } from './topology.ts';

/** What a simulated host is like. */
export interface SimHostOptions {
  /** IP literal by which others reach it. */
  readonly address: string;
  /** Further IP literals of it, such as one of the other family. */
  readonly alsoAt?: readonly string[];
  /** Bytes per second it can send, all connections together. Default: no limit. */
  readonly bandwidthUp?: number;
  /** Bytes per second it can receive, all connections together. Default: no limit. */
  readonly bandwidthDown?: number;
  /** Milliseconds from it to the middle of the network: two hosts are the sum of theirs apart, one way. Default 10. */
  readonly latency?: number;
  /** Share of its datagrams that are lost, each way, 0–1. Streams lose nothing by it. Default 0. */
  readonly loss?: number;
  /**
   * Share of the packets of its streams that get lost, each way, 0 to less than 1. Nothing is missing in the end, but it comes
   * later, and a long way with loss is slow: a connection carries at most 1.22 packets over the root of the loss in a round trip.
   * Default 0.
   */
  readonly streamLoss?: number;
  /** Share of the datagrams it sends that come late, so that others overtake them, 0–1. Default 0. */
  readonly reorder?: number;
  /** Name of the local network it is in: multicast reaches those in the same one. Default: none but the host itself. */
  readonly lan?: string;
  /** Behind a NAT: cannot be connected to, and gets datagrams only from endpoints it has sent to. Default false. */
  readonly nat?: boolean;
}

const DEFAULT_LATENCY = 10;

function canonical(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === undefined) {
    throw new NetError('ERR_NET_INVALID_ADDRESS', `not an IP address: ${quote(address)}`);
  }
  return parsed;
}

function share(value: number, name: string): number {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} must be 0 to 1, not ${value}`);
  return value;
}

/** A machine in a simulated world. */
export class SimHost implements Host {
  /** The first of its addresses, by which the world knows it. */
  readonly address: string;
  /** All its IP literals. */
  readonly addresses: readonly string[];
  /** Its way into the simulated network. */
  readonly network: Network;
  /** The world's virtual time, as this host's clock shows it: see {@link leap} and {@link setWallTime}. */
  readonly clock: Clock;
  /** Its own sequence, from the world's seed. */
  readonly random: Random;
  /** See {@link SimHostOptions.latency}; milliseconds. */
  readonly latency: number;
  /** See {@link SimHostOptions.loss}. */
  readonly loss: number;
  /** See {@link SimHostOptions.streamLoss}. */
  readonly streamLoss: number;
  /** See {@link SimHostOptions.reorder}. */
  readonly reorder: number;
  /** See {@link SimHostOptions.nat}. */
  readonly nat: boolean;

  /** See {@link SimHostOptions.lan}. */
  readonly lan: string | undefined;

  /** Payload bytes this host has put on its line, streams and datagrams. */
  sentBytes = 0;
  /** Payload bytes that have arrived at this host. */
  receivedBytes = 0;

  readonly #clock: SimClock;

  /** @internal */
  readonly kernel: SimKernel;
  /** @internal */
  readonly topology: Topology;
  /** @internal */
  readonly uplink: Link;
  /** @internal */
  readonly downlink: Link;
  /** @internal The host's way to itself. */
  readonly loopback: Link;
  /** @internal */
  readonly listeners = new PortTable<SimListener>();
  /** @internal */
  readonly datagramSockets = new PortTable<SimDatagramSocket>();

  /** @internal Made by `SimWorld.host`. */
  constructor(kernel: SimKernel, topology: Topology, options: SimHostOptions) {
    this.kernel = kernel;
    this.topology = topology;
    this.address = canonical(options.address);
    this.addresses = [this.address, ...(options.alsoAt ?? []).map(canonical)];
    this.latency = options.latency ?? DEFAULT_LATENCY;
    if (!(this.latency >= 0)) throw new RangeError('latency must be 0 or more');
    this.loss = share(options.loss ?? 0, 'loss');
    this.streamLoss = share(options.streamLoss ?? 0, 'streamLoss');
    if (this.streamLoss === 1) throw new RangeError('streamLoss must be less than 1');
    this.reorder = share(options.reorder ?? 0, 'reorder');
    this.nat = options.nat ?? false;
    this.lan = options.lan;
    this.uplink = new Link(kernel, options.bandwidthUp ?? Infinity, CHUNK_MAX);
    this.downlink = new Link(kernel, options.bandwidthDown ?? Infinity, CHUNK_MAX);
    this.loopback = new Link(kernel, Infinity, CHUNK_MAX);
    this.#clock = new SimClock(kernel);
    this.clock = this.#clock;
    this.random = seededRandom(kernel.random.integer(2 ** 32));
    this.network = {
      connect: (to, connectOptions = {}) => this.#connect(to, connectOptions),
      listen: (at, accept) => new Promise((resolve) => resolve(this.#listen(at, accept))),
      bind: (at, handler, { ipv6Only = false } = {}) =>
        new Promise((resolve) => resolve(this.#bind(at, handler, ipv6Only))),
      join: (group, handler, { bind } = {}) =>
        new Promise((resolve) => resolve(joinSimGroup(this, group, handler, bind))),
    };
  }

  /** Pulls the plug of its line: nothing gets in or out until {@link up}. */
  down(): void {
    this.topology.setDown(this.address, true);
  }

  /** Puts the plug back. What streams had under way comes through now. */
  up(): void {
    this.topology.setDown(this.address, false);
    this.topology.release();
  }

  /**
   * Its clock goes on by so many milliseconds at once, as where a machine has slept and its monotonic clock has not, or a process
   * was stopped: timers that are due by then go off now.
   */
  leap(milliseconds: number): void {
    this.#clock.leap(milliseconds);
  }

  /** Sets its wall clock, in milliseconds since 1970, forward or back. Timers do not care. */
  setWallTime(time: number): void {
    this.#clock.setWallTime(time);
  }

  /** @internal The address to send from towards `to`, or undefined when this host has none of that family. */
  sourceFor(to: string): string | undefined {
    if (addressKind(to) === 'loopback') return to;
    const ipv6 = to.includes(':');
    return this.addresses.find((address) => address.includes(':') === ipv6);
  }

  /** @internal The host that `address` means, seen from here. */
  resolve(address: string): SimHost | undefined {
    return addressKind(address) === 'loopback' ? this : this.topology.find(address);
  }

  async #connect(to: Endpoint, options: ConnectOptions): Promise<Connection> {
    options.signal?.throwIfAborted();
    return connectSim(this, to, options);
  }

  #listen(at: Endpoint, accept: (connection: Connection) => void): Listener {
    this.#checkLocal(at, 'listening');
    return this.listeners.open(at, (endpoint) => new SimListener(endpoint, accept, this.listeners));
  }

  #bind(at: Endpoint, handler: DatagramHandler, ipv6Only: boolean): DatagramSocket {
    this.#checkLocal(at, 'binding');
    return this.datagramSockets.open(
      at,
      (endpoint) => new SimDatagramSocket(this, endpoint, handler, ipv6Only),
      ipv6Only,
    );
  }

  /** @internal */
  ownsAddress(address: string): boolean {
    return addressKind(address) === 'loopback' || this.addresses.includes(address);
  }

  #checkLocal(at: Endpoint, doing: string): void {
    if (!isEndpoint(at)) {
      throw new NetError('ERR_NET_INVALID_ENDPOINT', `${doing}: that is no valid endpoint`);
    }
    if (at.address === '0.0.0.0' || at.address === '::' || this.ownsAddress(at.address)) return;
    throw new NetError(
      'ERR_NET_ADDRESS_NOT_AVAILABLE',
      `${doing}: this host does not have the address ${at.address}`,
    );
  }
}
