import type { DatagramSocket, Endpoint, Random } from '@shoal/net';
import type { SimHost } from '@shoal/net/sim';
import {
  compactEndpoint,
  decodeKrpc,
  encodeKrpc,
  encodeNodes,
  ID_BYTES,
  type KrpcQuery,
  type NodeInfo,
  type QueryBody,
  type ResponseBody,
} from '../../src/index.ts';
import { randomIdNear } from '../../src/node-id.ts';

/** How a hostile node lies. All of them answer pings, so that they get into routing tables. */
export const MISDEEDS = [
  /** Names its friends, with ids next to the target. */
  'friends',
  /** As `friends`, and says itself that it is next to the target. */
  'sybil',
  /** Names nodes next to the target where nobody is. */
  'nowhere',
  /** Names honest nodes with made-up ids. */
  'slander',
  /** Names private addresses and this machine. */
  'private',
  /** Names a flood of nodes of one line. */
  'cluster',
  /** Another id in each answer. */
  'ids',
  /** Answers nothing but pings. */
  'silent',
  /** Answers with noise, and sends more of it. */
  'garbage',
  /** Gives tokens and peers that are worth nothing, takes announces and forgets them. */
  'liar',
] as const;
/** `eclipse`: all of them are next to one target, say so truly, name each other, and keep nothing that is announced. */
export type Misdeed = (typeof MISDEEDS)[number] | 'eclipse';

/** What all hostile nodes know. */
export interface Conspiracy {
  readonly friends: HostileNode[];
  readonly honest: readonly Endpoint[];
  readonly random: Random;
}

const PORT = 6881;
/** Bits that made-up ids share with the target. */
const NEAR_BITS = 40;

export class HostileNode {
  readonly endpoint: Endpoint;
  readonly #host: SimHost;
  readonly #misdeed: Misdeed;
  readonly #conspiracy: Conspiracy;
  readonly id: Uint8Array;
  #socket: DatagramSocket | undefined;
  /** Queries it has got. */
  asked = 0;

  constructor(host: SimHost, misdeed: Misdeed, id: Uint8Array, conspiracy: Conspiracy) {
    this.#host = host;
    this.#misdeed = misdeed;
    this.id = id;
    this.#conspiracy = conspiracy;
    this.endpoint = { address: host.address, port: PORT };
  }

  async open(): Promise<void> {
    this.#socket = await this.#host.network.bind(
      { address: '0.0.0.0', port: PORT },
      {
        onDatagram: (datagram, from) => this.#onDatagram(datagram, from),
        onError: () => undefined,
      },
    );
  }

  /** Makes itself known to a node. */
  greet(to: Endpoint): void {
    const body: QueryBody = { method: 'find_node', target: this.id, want: [] };
    this.#send(to, { kind: 'query', transaction: Uint8Array.of(1), id: this.id, body });
  }

  #onDatagram(datagram: Uint8Array, from: Endpoint): void {
    const query = decodeKrpc(datagram);
    if (query.kind !== 'query' || query.body.method === 'unknown') return;
    this.asked++;
    const { body } = query;
    if (body.method === 'ping' || this.#misdeed === 'liar') this.#lieQuietly(query, from);
    else if (this.#misdeed === 'garbage') this.#sendNoise(from);
    else if (this.#misdeed !== 'silent') this.#mislead(query, from);
  }

  #lieQuietly(query: KrpcQuery<{ readonly method: string }>, from: Endpoint): void {
    const { random } = this.#conspiracy;
    const values = Array.from({ length: 20 }, () =>
      compactEndpoint({ address: randomPublicAddress(random), port: 1 + random.integer(65_535) }),
    );
    const body = query.body.method === 'get_peers' ? { token: random.bytes(8), values } : {};
    this.#respond(query, from, this.id, body);
  }

  #mislead(query: KrpcQuery<QueryBody | { method: 'unknown' }>, from: Endpoint): void {
    const { random } = this.#conspiracy;
    const { body } = query;
    const target =
      'target' in body ? body.target : 'infoHash' in body ? body.infoHash : random.bytes(ID_BYTES);
    const nodes = encodeNodes(this.#madeUp(target), 4);
    const id =
      this.#misdeed === 'sybil'
        ? randomIdNear(target, NEAR_BITS, random)
        : this.#misdeed === 'ids'
          ? random.bytes(ID_BYTES)
          : this.id;
    this.#respond(query, from, id, { nodes, token: random.bytes(4) });
  }

  #madeUp(target: Uint8Array): NodeInfo[] {
    const { random, friends } = this.#conspiracy;
    if (this.#misdeed === 'eclipse') {
      return Array.from({ length: 8 }, () => friends[random.integer(friends.length)]!);
    }
    const count = this.#misdeed === 'cluster' ? 60 : 8;
    const line = randomPublicAddress(random).replace(/\d+$/, '');
    return Array.from({ length: count }, (_, index) => ({
      id: randomIdNear(target, NEAR_BITS + (index % 8), random),
      endpoint: this.#someEndpoint(index, line),
    }));
  }

  #someEndpoint(index: number, line: string): Endpoint {
    const { random, friends, honest } = this.#conspiracy;
    const any = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
    switch (this.#misdeed) {
      case 'slander':
        return any(honest);
      case 'private':
        return {
          address: index % 2 === 0 ? `10.0.0.${1 + index}` : '127.0.0.1',
          port: 1 + random.integer(1000),
        };
      case 'cluster':
        return { address: `${line}${1 + index}`, port: PORT };
      case 'nowhere':
        return { address: randomPublicAddress(random), port: PORT };
      default:
        return any(friends).endpoint;
    }
  }

  #respond(
    query: { readonly transaction: Uint8Array },
    to: Endpoint,
    id: Uint8Array,
    body: ResponseBody,
  ): void {
    // It also tells everybody that they are somewhere else.
    const ip = compactEndpoint({ address: '1.2.3.4', port: 5 });
    this.#send(to, { kind: 'response', transaction: query.transaction, id, ip, body });
  }

  #sendNoise(to: Endpoint): void {
    const { random } = this.#conspiracy;
    for (let count = 0; count < 3; count++) {
      const noise = random.bytes(1 + random.integer(300));
      if (count > 0) noise[0] = 0x64;
      this.#socket?.send(noise, to);
    }
  }

  #send(to: Endpoint, message: Parameters<typeof encodeKrpc>[0]): void {
    this.#socket?.send(encodeKrpc(message), to);
  }
}

/** A random address of the public internet. */
export function randomPublicAddress(random: Random): string {
  // 11.0.0.0 to 99.255.255.255 holds nothing special.
  return [
    11 + random.integer(89),
    random.integer(256),
    random.integer(256),
    1 + random.integer(254),
  ].join('.');
}
