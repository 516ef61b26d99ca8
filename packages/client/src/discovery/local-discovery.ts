import type { Clock, Endpoint, MulticastSocket, Network, Random } from '@shoal/net';
import type { SwarmNames } from '../peer/swarm-names.ts';
import { AnnounceQueue } from './announce-queue.ts';
import { decodeLsdAnnounce, encodeLsdAnnounce, MAX_LSD_HASHES } from './lsd-message.ts';
import type { PeerService, Sought } from './peer-service.ts';

/** The groups of local service discovery, IPv4 and IPv6 (BEP 14). */
export const LSD_GROUPS: readonly Endpoint[] = [
  { address: '239.192.152.143', port: 6771 },
  { address: 'ff15::efc0:988f', port: 6771 },
];

/** Milliseconds between two announces of a torrent (BEP 14). */
const PERIOD = 5 * 60_000;
/** Milliseconds in which one more message may be sent (BEP 14: one a minute), whatever it holds. */
const MESSAGE_TIME = 60_000;
/** Messages that may be sent at once: a few torrents are added one after the other, and wait for each other for a minute else. */
const MAX_BURST = 5;

/** Messages from one address that are looked at, each minute: honest clients send one, or one for each torrent they start. */
const MAX_HEARD = 60;
/** Addresses that are counted in that minute; the rest of a flood is not looked at. */
const MAX_ADDRESSES = 1_000;

export interface LocalDiscoveryOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** The torrent of an info-hash (20 bytes in lower-case hex; of v2 the first 20), if there is one. */
  readonly find: (infoHash: string) => Sought | undefined;
  /** The TCP port to announce. */
  readonly port: () => number;
  /** IP literal of the interface to use; undefined: all. */
  readonly bind: string | undefined;
}

/**
 * Local service discovery (BEP 14): peers in the local network find each other by multicast. One for all torrents of a client; where
 * the machine has no multicast it does nothing.
 */
export class LocalDiscovery implements PeerService {
  readonly #options: LocalDiscoveryOptions;
  /** Tells our own announces, which come back to us, from others'. */
  readonly #cookie: string;
  readonly #queue = new AnnounceQueue({ period: PERIOD, shortPeriod: PERIOD });
  #sockets: readonly MulticastSocket[] = [];
  #opening: Promise<void> | undefined;
  #closed = false;
  #allowance = MAX_BURST;
  #earnedAt: number;
  /** Messages of each address since the minute began. */
  readonly #heard = new Map<string, number>();
  #minute = -Infinity;

  constructor(options: LocalDiscoveryOptions) {
    this.#options = options;
    this.#cookie = Buffer.from(options.random.bytes(8)).toString('hex');
    this.#earnedAt = options.clock.now();
  }

  follow(sought: Sought): void {
    this.#queue.add(sought);
    // A client without torrents listens to nobody.
    this.#opening ??= this.#open();
  }

  leave(sought: Sought): void {
    this.#queue.delete(sought);
  }

  hurry(): void {
    // Whoever is there hears each announce, and announces itself: there is nothing to be had by asking more often.
  }

  /** Once a second. */
  tick(now: number): void {
    if (this.#sockets.length === 0 || this.#options.port() === 0) return;
    this.#allowance = Math.min(MAX_BURST, this.#allowance + (now - this.#earnedAt) / MESSAGE_TIME);
    this.#earnedAt = now;
    while (this.#allowance >= 1) {
      // A hybrid has two hashes.
      const due = this.#queue.take(now, MAX_LSD_HASHES >> 1);
      if (due.length === 0) return;
      this.#allowance -= 1;
      this.#announce(due.flatMap(({ names }) => hashesOf(names)));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening;
    await Promise.all(this.#sockets.map((socket) => socket.close()));
    this.#sockets = [];
  }

  async #open(): Promise<void> {
    const { network, bind } = this.#options;
    const handler = {
      onDatagram: (datagram: Uint8Array, from: Endpoint) => this.#receive(datagram, from),
      // An interface that is down, or without a route for groups, is no failure of ours.
      onError: () => undefined,
    };
    const joins = LSD_GROUPS.map((group) =>
      network.join(group, handler, bind === undefined ? {} : { bind }),
    );
    const sockets: MulticastSocket[] = [];
    for (const result of await Promise.allSettled(joins)) {
      if (result.status === 'fulfilled') sockets.push(result.value);
    }
    this.#sockets = sockets;
    if (!this.#closed) this.tick(this.#options.clock.now());
  }

  #announce(infoHashes: readonly string[]): void {
    const port = this.#options.port();
    for (const socket of this.#sockets) {
      socket.send(encodeLsdAnnounce(socket.group, { port, infoHashes, cookie: this.#cookie }));
    }
  }

  #receive(datagram: Uint8Array, { address }: Endpoint): void {
    if (this.#queue.size === 0 || !this.#mayTalk(address)) return;
    const announce = decodeLsdAnnounce(datagram);
    if (announce === undefined || announce.cookie === this.#cookie) return;
    for (const infoHash of announce.infoHashes) {
      const sought = this.#options.find(infoHash);
      // One that is private may be known, and is not followed.
      if (sought === undefined || !this.#queue.has(sought)) continue;
      const { v2 } = sought.names;
      const knowsV2 = v2 !== undefined && hexOf(v2) === infoHash;
      sought.found([{ address, port: announce.port, knowsV2 }], 'lsd');
    }
  }

  /** Whether another message of an address is to be looked at. */
  #mayTalk(address: string): boolean {
    const now = this.#options.clock.now();
    if (now - this.#minute >= 60_000) {
      this.#minute = now;
      this.#heard.clear();
    }
    const count = this.#heard.get(address) ?? 0;
    if (count >= MAX_HEARD || (count === 0 && this.#heard.size >= MAX_ADDRESSES)) return false;
    this.#heard.set(address, count + 1);
    return true;
  }
}

/** What a torrent is called in announces: v1 first. */
function hashesOf({ v1, v2 }: SwarmNames): string[] {
  return [v1, v2].flatMap((hash) => (hash === undefined ? [] : [hexOf(hash)]));
}

function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('hex');
}
