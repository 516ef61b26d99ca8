import type { Clock, Endpoint, Random } from '@shoal/net';
import type { FamilyNode } from '../family-node.ts';
import { ItemStore } from '../items/item-store.ts';
import {
  compactEndpoint,
  encodeNodes,
  familyOf,
  FILTER_BYTES,
  KRPC_ERROR,
  type AnnouncePeerQuery,
  type Family,
  type GetPeersQuery,
  type GetQuery,
  type KrpcErrorCode,
  type KrpcInvalid,
  type KrpcMessage,
  type KrpcQuery,
  type PutQuery,
  type QueryBody,
  type ResponseBody,
  type SampleInfohashesQuery,
  type UnknownQuery,
} from '../krpc/index.ts';
import { BUCKET_SIZE, MAX_REPLY_BYTES } from '../limits.ts';
import type { DhtLimits } from '../options.ts';
import { PeerStore } from '../peers/peer-store.ts';
import { LOCAL_SHARE, RateLimiter } from '../rate-limits.ts';
import type { Messenger } from '../rpc/messenger.ts';
import { Tokens } from '../tokens.ts';

/** What a {@link QueryHandler} needs. */
export interface QueryHandlerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly messenger: Messenger;
  readonly limits: DhtLimits;
  readonly nodeId: Uint8Array;
  /** Answers nothing (BEP 43). */
  readonly readOnly: boolean;
  /** Our node of a family, if we have one. */
  readonly familyNode: (family: Family) => FamilyNode | undefined;
}

/** What became of the queries others sent us. */
export interface QueryCounts {
  received: number;
  answered: number;
  /** Answered with an error. */
  refused: number;
  /** Beyond what one network or all may ask. */
  limited: number;
  /** Not answered, as the reply would have been much longer than the query, to a network that had much of that already. */
  withheld: number;
}

/** An error as reply. */
class Refusal {
  readonly code: KrpcErrorCode;
  readonly message: string;

  constructor(code: KrpcErrorCode, message: string) {
    this.code = code;
    this.message = message;
  }
}

/** Bytes of a reply besides what is counted for it, at most: id, `ip`, token, transaction, version, all keys of nodes and peers. */
const ENVELOPE_BYTES = 176;
/** The two filters of a scrape, with their keys. */
const FILTERS_BYTES = 2 * (FILTER_BYTES + 10);
/** Keys and numbers that samples come with. */
const SAMPLE_KEYS_BYTES = 48;
/** Key, signature and sequence number of an item, with their keys. */
const ITEM_BYTES = 150;

/** Answers the queries of others, as far as their networks may ask, and keeps what they give us to store. */
export class QueryHandler {
  readonly counts: QueryCounts = { received: 0, answered: 0, refused: 0, limited: 0, withheld: 0 };
  readonly peers: PeerStore;
  readonly items: ItemStore;
  readonly #options: QueryHandlerOptions;
  readonly #tokens: Tokens;
  readonly #queries: RateLimiter;
  readonly #excess: RateLimiter;

  constructor(options: QueryHandlerOptions) {
    const { clock, random, limits, nodeId } = options;
    this.#options = options;
    const { maxPeers, maxInfoHashes, maxItems } = limits;
    this.peers = new PeerStore({ clock, random, nodeId, maxPeers, maxInfoHashes });
    const { putsPerNetwork, maxNetworks } = limits;
    this.items = new ItemStore({ clock, random, nodeId, maxItems, putsPerNetwork, maxNetworks });
    this.#tokens = new Tokens({ clock, random });
    this.#queries = new RateLimiter({
      clock,
      random,
      perNetwork: limits.queriesPerNetwork,
      localShare: LOCAL_SHARE,
      overall: limits.queriesOverall,
      maxNetworks: limits.maxNetworks,
    });
    this.#excess = new RateLimiter({
      clock,
      random,
      perNetwork: limits.excessPerNetwork,
      localShare: LOCAL_SHARE,
      maxNetworks: limits.maxNetworks,
    });
  }

  /** A query of `length` bytes has come from `from`. */
  handle(query: KrpcQuery<QueryBody | UnknownQuery>, from: Endpoint, length: number): void {
    const node = this.#admit(from);
    if (node === undefined) return;
    if (query.readOnly !== true) node.onQueried({ id: query.id, endpoint: from });
    const body = this.#answer(query.body, from);
    const { transaction } = query;
    if (body instanceof Refusal) this.#refuse(body, transaction, from, length);
    else this.#respond(body, node.id, transaction, from, length);
  }

  /** What is no proper query, but deserves an answer, has come. */
  handleInvalid(invalid: KrpcInvalid, from: Endpoint, length: number): void {
    const { transaction, code, reason } = invalid;
    if (transaction === undefined || this.#admit(from) === undefined) return;
    this.#refuse(new Refusal(code, reason), transaction, from, length);
  }

  /** Our id has changed: what is close to it is kept longest. */
  setNodeId(id: Uint8Array): void {
    this.peers.nodeId = id;
    this.items.nodeId = id;
  }

  /** Forgets what has expired. */
  sweep(): void {
    this.peers.sweep();
    this.items.sweep();
  }

  #admit(from: Endpoint): FamilyNode | undefined {
    this.counts.received++;
    if (this.#options.readOnly) return undefined;
    if (this.#queries.allow(from.address)) return this.#options.familyNode(familyOf(from.address));
    this.counts.limited++;
    return undefined;
  }

  #answer(body: QueryBody | UnknownQuery, from: Endpoint): ResponseBody | Refusal {
    switch (body.method) {
      case 'ping':
        return {};
      case 'find_node':
        return this.#nodes(body.target, body.want, from);
      case 'get_peers':
        return this.#getPeers(body, from);
      case 'announce_peer':
        return this.#announcePeer(body, from);
      case 'get':
        return this.#get(body, from);
      case 'put':
        return this.#put(body, from);
      case 'sample_infohashes':
        return this.#sample(body, from);
      case 'unknown':
        // Methods to come are likely to be about a target, too: libtorrent does the same.
        if (body.target !== undefined) return this.#nodes(body.target, [], from);
        return new Refusal(KRPC_ERROR.methodUnknown, 'method unknown');
    }
  }

  #getPeers(query: GetPeersQuery, from: Endpoint): ResponseBody {
    const { infoHash, want, noSeed = false, scrape = false } = query;
    const nodes = this.#nodes(infoHash, want, from);
    // Without a token the peer is announced elsewhere.
    const token = this.peers.hasRoom(infoHash, from.address)
      ? this.#tokens.issue(from.address)
      : undefined;
    if (scrape) {
      const filters = this.peers.scrape(infoHash);
      if (filters !== undefined) {
        const { seeds, peers } = filters;
        return {
          ...nodesWithin(nodes, from, FILTERS_BYTES),
          token,
          seedsFilter: seeds.bytes,
          peersFilter: peers.bytes,
        };
      }
    }
    const room = MAX_REPLY_BYTES - ENVELOPE_BYTES - lengthOf(nodes);
    const values = this.peers.get(infoHash, familyOf(from.address), { noSeed, maxBytes: room });
    return values.length === 0 ? { ...nodes, token } : { ...nodes, token, values };
  }

  #announcePeer(query: AnnouncePeerQuery, from: Endpoint): ResponseBody | Refusal {
    if (!this.#tokens.isValid(query.token, from.address)) return BAD_TOKEN;
    const port = query.impliedPort ? from.port : query.port;
    const { infoHash, seed = false } = query;
    this.peers.add(infoHash, { address: from.address, port }, seed);
    return {};
  }

  #get(query: GetQuery, from: Endpoint): ResponseBody {
    const { target, want, seq } = query;
    const token = this.#tokens.issue(from.address);
    const item = this.items.get(target);
    const nodes = this.#nodes(target, want, from);
    if (item === undefined) return { ...nodes, token };
    if (item.kind === 'mutable' && seq !== undefined && seq >= item.seq) {
      return { ...nodes, token, seq: item.seq };
    }
    const { value } = item;
    const body: ResponseBody =
      item.kind === 'immutable'
        ? { token, value }
        : { token, value, key: item.key, signature: item.signature, seq: item.seq };
    // What has the item needs nobody closer to it.
    return { ...nodesWithin(nodes, from, value.length + ITEM_BYTES), ...body };
  }

  #put(query: PutQuery, from: Endpoint): ResponseBody | Refusal {
    if (!this.#tokens.isValid(query.token, from.address)) return BAD_TOKEN;
    const fault = this.items.put(query, from.address);
    return fault === undefined ? {} : new Refusal(fault.code, fault.message);
  }

  #sample({ target, want }: SampleInfohashesQuery, from: Endpoint): ResponseBody {
    const { samples, num, interval } = this.peers.samples();
    const nodes = this.#nodes(target, want, from);
    const within = nodesWithin(nodes, from, samples.length + SAMPLE_KEYS_BYTES);
    return { ...within, samples, num, interval };
  }

  /** The nodes closest to a target, of the families wanted that we have, or of the one the query came in. */
  #nodes(target: Uint8Array, want: readonly Family[], from: Endpoint): NodesBody {
    const own = familyOf(from.address);
    const wants = (family: Family): boolean =>
      want.length === 0 ? family === own : want.includes(family);
    const body: { nodes?: Uint8Array; nodes6?: Uint8Array } = {};
    if (wants(4)) body.nodes = this.#closest(4, target);
    if (wants(6)) body.nodes6 = this.#closest(6, target);
    return body;
  }

  #closest(family: Family, target: Uint8Array): Uint8Array {
    const node = this.#options.familyNode(family);
    const now = this.#options.clock.now();
    return encodeNodes(node?.table.closest(target, BUCKET_SIZE, now) ?? [], family);
  }

  #respond(
    body: ResponseBody,
    id: Uint8Array,
    transaction: Uint8Array,
    from: Endpoint,
    length: number,
  ): void {
    const { version } = this.#options.messenger;
    const ip = compactEndpoint(from);
    const sent = this.#reply(
      { kind: 'response', transaction, version, ip, id, body },
      from,
      length,
    );
    if (sent) this.counts.answered++;
  }

  #refuse(refusal: Refusal, transaction: Uint8Array, from: Endpoint, length: number): void {
    const { version } = this.#options.messenger;
    const { code, message } = refusal;
    const sent = this.#reply({ kind: 'error', transaction, version, code, message }, from, length);
    if (sent) this.counts.refused++;
  }

  /** A sender may be forged, and who it names would get what we send: in the long run no more than what came in its name. */
  #reply(message: KrpcMessage, to: Endpoint, length: number): boolean {
    const { messenger } = this.#options;
    const datagram = messenger.encode(message);
    const excess = datagram.length - length;
    if (excess > 0 && !this.#excess.allow(to.address, excess)) {
      this.counts.withheld++;
      return false;
    }
    messenger.sendEncoded(datagram, to);
    return true;
  }
}

type NodesBody = Pick<ResponseBody, 'nodes' | 'nodes6'>;

const BAD_TOKEN = new Refusal(KRPC_ERROR.protocol, 'bad token');

/** The nodes that a reply has room for beside so many bytes: those of the family it is sent in come first. */
function nodesWithin(body: NodesBody, to: Endpoint, otherBytes: number): NodesBody {
  const room = MAX_REPLY_BYTES - ENVELOPE_BYTES - otherBytes;
  if (lengthOf(body) <= room) return body;
  const { nodes, nodes6 } = body;
  const own: NodesBody = familyOf(to.address) === 4 ? { nodes } : { nodes6 };
  return lengthOf(own) <= room ? own : {};
}

function lengthOf({ nodes, nodes6 }: NodesBody): number {
  return (nodes?.length ?? 0) + (nodes6?.length ?? 0);
}
