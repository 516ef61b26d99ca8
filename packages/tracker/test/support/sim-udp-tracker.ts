import { encodeCompact } from '@shoal/net';
import type { DatagramSocket, Endpoint, Host } from '@shoal/net';
import {
  encodeAnnounceReply,
  encodeConnectReply,
  encodeErrorReply,
  encodeScrapeReply,
  parseUdpRequest,
} from '../../src/index.ts';
import type { UdpRequest } from '../../src/index.ts';

/** What a tracker was asked, and when. */
export interface Asked {
  at: number;
  from: Endpoint;
  request: UdpRequest;
}

/** Milliseconds for which the tracker accepts a connection id (BEP 15). */
const LIFETIME = 120_000;

/** A tracker over UDP in the simulated network, which keeps to the rules unless a test says otherwise. */
export class SimUdpTracker {
  readonly asked: Asked[] = [];
  /** What it answers an announce with. */
  peers: readonly Endpoint[] = [{ address: '192.0.2.7', port: 7 }];
  interval = 1800;
  /** Answers none of these. */
  mute: ReadonlySet<UdpRequest['kind']> = new Set();
  /** Refuses announces and scrapes with this. */
  refusal: string | undefined;
  /** Tells those whose connection id it does not know. */
  namesBadConnections = true;
  /** Sent along, in front of each answer, by a test that wants to disturb. */
  disturb: ((reply: Uint8Array, to: Endpoint) => void) | undefined;
  readonly #host: Host;
  readonly #connections = new Map<bigint, number>();
  readonly #sockets: DatagramSocket[] = [];

  constructor(host: Host) {
    this.#host = host;
  }

  /** Listens at port 80. */
  async listen(...addresses: string[]): Promise<this> {
    for (const address of addresses) await this.listenAt({ address, port: 80 });
    return this;
  }

  /** Gives the port. */
  async listenAt(at: Endpoint): Promise<number> {
    const socket = await this.#host.network.bind(at, {
      onDatagram: (datagram, from) => this.#onDatagram(socket, datagram.slice(), from),
      onError: (error) => {
        throw error;
      },
    });
    this.#sockets.push(socket);
    return socket.endpoint.port;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }

  /** Forgets all connection ids, as a tracker does that is started anew. */
  restart(): void {
    this.#connections.clear();
  }

  /** The requests so far as `kind` or `announce event`, and forgets them. */
  take(): string[] {
    return this.asked
      .splice(0)
      .map(({ request }) =>
        request.kind === 'announce' ? `announce ${request.event ?? '-'}` : request.kind,
      );
  }

  #onDatagram(socket: DatagramSocket, datagram: Uint8Array, from: Endpoint): void {
    const reply = this.#replyTo(datagram, from);
    if (reply === undefined) return;
    this.disturb?.(reply, from);
    socket.send(reply, from);
  }

  #replyTo(datagram: Uint8Array, from: Endpoint): Uint8Array | undefined {
    const request = parseUdpRequest(datagram);
    if (request === undefined) throw new Error('the tracker was sent what is no request');
    this.asked.push({ at: this.#host.clock.now(), from, request });
    return this.mute.has(request.kind) ? undefined : this.#reply(request, from);
  }

  #reply(request: UdpRequest, from: Endpoint): Uint8Array | undefined {
    const { transactionId } = request;
    const now = this.#host.clock.now();
    if (request.kind === 'connect') {
      const id = BigInt(this.#host.random.integer(2 ** 32)) << 7n;
      this.#connections.set(id, now + LIFETIME);
      return encodeConnectReply(transactionId, id);
    }
    if ((this.#connections.get(request.connectionId) ?? 0) < now) {
      return this.namesBadConnections
        ? encodeErrorReply(transactionId, Buffer.from('Connection ID missmatch.'))
        : undefined;
    }
    if (this.refusal !== undefined) {
      return encodeErrorReply(transactionId, Buffer.from(this.refusal));
    }
    if (request.kind === 'scrape') {
      const files = request.infoHashes.map((hash) => ({
        seeders: hash[0] ?? 0,
        completed: hash[1] ?? 0,
        leechers: hash[2] ?? 0,
      }));
      return encodeScrapeReply(transactionId, files);
    }
    const family = from.address.includes(':') ? 6 : 4;
    const figures = { interval: this.interval, leechers: 3, seeders: 4 };
    return encodeAnnounceReply(transactionId, figures, encodeCompact(this.peers, family));
  }
}
