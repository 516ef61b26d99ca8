import type { DatagramHandler, DatagramSocket } from '../contracts.ts';
import { endpointKey, formatEndpoint, isEndpoint } from '../endpoint-text.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import type { SimHost } from './host.ts';
import type { Flow, Link } from './link.ts';

/** Largest payload of one datagram, in bytes, as on a real network. */
const DATAGRAM_MAX = 65_507;
/** Bytes of datagrams that wait at one end of a line; what comes on top is dropped, as a router would. */
const QUEUE_MAX = 1_048_576;
/** A late datagram is late by up to this many milliseconds. */
const LATE_MAX = 50;
/** Milliseconds for which a NAT lets answers in. */
const NAT_MEMORY = 60_000;

interface Datagram {
  readonly bytes: Uint8Array;
  readonly cost: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** Datagrams that wait for their turn on a link. */
class DatagramFlow implements Flow<Datagram> {
  waiting = false;
  readonly sent: (datagram: Datagram) => void;
  readonly #link: Link;
  #queue: Datagram[] = [];
  #queuedBytes = 0;

  constructor(link: Link, sent: (datagram: Datagram) => void) {
    this.#link = link;
    this.sent = sent;
  }

  add(datagram: Datagram): void {
    if (this.#queuedBytes + datagram.cost > QUEUE_MAX) return;
    this.#queuedBytes += datagram.cost;
    this.#queue.push(datagram);
    this.#link.offer(this);
  }

  next(): Datagram | undefined {
    const datagram = this.#queue.shift();
    if (datagram !== undefined) this.#queuedBytes -= datagram.cost;
    return datagram;
  }

  ready(): boolean {
    return this.#queue.length > 0;
  }
}

/** A datagram socket of a simulated host. */
export class SimDatagramSocket implements DatagramSocket {
  readonly endpoint: Endpoint;
  readonly ipv6Only: boolean;
  readonly #host: SimHost;
  readonly #handler: DatagramHandler;
  readonly #outgoing: DatagramFlow;
  readonly #looped: DatagramFlow;
  readonly #incoming: DatagramFlow;
  /** Whom the host has sent to, and when: behind a NAT only they can answer. */
  readonly #contacts = new Map<string, number>();
  #closed = false;

  constructor(host: SimHost, endpoint: Endpoint, handler: DatagramHandler, ipv6Only: boolean) {
    this.#host = host;
    this.endpoint = endpoint;
    this.ipv6Only = ipv6Only;
    this.#handler = handler;
    this.#outgoing = new DatagramFlow(host.uplink, (datagram) => this.#depart(datagram));
    this.#looped = new DatagramFlow(host.loopback, (datagram) => this.#depart(datagram));
    this.#incoming = new DatagramFlow(host.downlink, (datagram) => this.#deliver(datagram));
  }

  send(datagram: Uint8Array, to: Endpoint): void {
    if (this.#closed) return;
    const source = this.#source(to);
    if (source instanceof NetError) {
      this.#host.kernel.at(this.#host.kernel.now, () => this.#tellError(source));
      return;
    }
    if (datagram.length > DATAGRAM_MAX) {
      const message = `a datagram has at most ${DATAGRAM_MAX} bytes, not ${datagram.length}`;
      const error = new NetError('ERR_NET_DATAGRAM_TOO_LARGE', message);
      this.#host.kernel.at(this.#host.kernel.now, () => this.#tellError(error));
      return;
    }
    const from = { address: source, port: this.endpoint.port };
    // Not `slice`, which for a `Buffer` is a view.
    const item = { bytes: new Uint8Array(datagram), cost: datagram.length, from, to };
    if (this.#host.nat) this.#contacts.set(endpointKey(to), this.#host.kernel.now);
    const own = this.#host.resolve(to.address) === this.#host;
    (own ? this.#looped : this.#outgoing).add(item);
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#host.datagramSockets.remove(this);
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #source(to: Endpoint): string | NetError {
    if (!isEndpoint(to) || to.port === 0) {
      return new NetError(
        'ERR_NET_INVALID_ENDPOINT',
        'sending a datagram: that is no valid endpoint',
      );
    }
    const { address } = this.endpoint;
    const wildcard = address === '::' || (address === '0.0.0.0' && !to.address.includes(':'));
    const source = wildcard ? this.#host.sourceFor(to.address) : address;
    if (source !== undefined && source.includes(':') === to.address.includes(':')) return source;
    const message = `sending a datagram to ${formatEndpoint(to)}: the socket is of the other address family`;
    return new NetError('ERR_NET_UNREACHABLE', message);
  }

  /** The datagram has left this host's line and crosses the network. */
  #depart(datagram: Datagram): void {
    const host = this.#host;
    const { kernel, topology } = host;
    const target = host.resolve(datagram.to.address);
    host.sentBytes += datagram.cost;
    if (target === undefined) return;
    const own = target === host;
    if (!own && kernel.random.next() >= (1 - host.loss) * (1 - target.loss)) return;
    let delay = topology.latency(host.address, target.address);
    if (!own && host.reorder > 0 && kernel.random.next() < host.reorder) {
      delay += kernel.random.next() * LATE_MAX;
    }
    kernel.at(kernel.now + delay, () => {
      if (!topology.reachable(host.address, target.address)) return;
      target.datagramSockets.find(datagram.to)?.arrive(datagram, own);
    });
  }

  /** @internal A datagram has reached this socket's host. */
  arrive(datagram: Datagram, own: boolean): void {
    if (own) {
      this.#deliver(datagram);
      return;
    }
    if (this.#host.nat) {
      const last = this.#contacts.get(endpointKey(datagram.from));
      if (last === undefined || this.#host.kernel.now - last > NAT_MEMORY) return;
    }
    this.#incoming.add(datagram);
  }

  #deliver(datagram: Datagram): void {
    if (this.#closed) return;
    this.#host.receivedBytes += datagram.cost;
    this.#host.kernel.fingerprint.bytes(datagram.bytes);
    try {
      this.#host.kernel.call(() => this.#handler.onDatagram(datagram.bytes, datagram.from));
    } catch (thrown) {
      this.#tellError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    // The view was valid only during the call.
    datagram.bytes.fill(0xdd);
  }

  #tellError(error: Error): void {
    if (this.#closed) return;
    this.#host.kernel.callOrReport(() => this.#handler.onError(error));
  }
}
