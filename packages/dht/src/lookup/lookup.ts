import { keyFromBytes } from '@shoal/bencode';
import { addressKind, endpointKey, type Endpoint } from '@shoal/net';
import {
  decodeNodes,
  type Family,
  type KrpcResponse,
  type NodeInfo,
  type QueryBody,
} from '../krpc/index.ts';
import {
  BUCKET_SIZE,
  LOOKUP_CONCURRENCY,
  MAX_LOOKUP_QUERIES,
  MAX_NODES_PER_REPLY,
  MAX_SAME_NETWORK_IN_LOOKUP,
} from '../limits.ts';
import { sameId } from '../node-id.ts';
import type { FailureReason, OutgoingQuery } from '../rpc/transactions.ts';
import { isNodeIdValid } from '../security-id.ts';
import { mayBeTold, networkOf } from '../table/network.ts';
import { Candidate, Shortlist } from './shortlist.ts';

/** What a lookup is for: what it asks, and what it does with the answers. */
export interface LookupPurpose {
  readonly target: Uint8Array;
  /** The query, the same for all nodes. */
  readonly query: QueryBody;
  /** A node has answered. The response is valid during the call. True ends the lookup. */
  onResponse(candidate: Candidate, response: KrpcResponse): boolean;
}

/** How a lookup has gone. */
export interface LookupOutcome {
  /** The closest nodes that answered, among them the closest whose ids follow from their addresses (BEP 42). */
  readonly closest: readonly Candidate[];
  /** Queries sent. */
  readonly queries: number;
  /** Queries answered. */
  readonly answers: number;
  /** Replies it took to hear of the closest node; 1 when it was in our table, 0 when nobody answered. */
  readonly hops: number;
}

/** What a lookup needs of the node that makes it. */
export interface LookupHost {
  readonly family: Family;
  /** Our own id. */
  readonly id: Uint8Array;
  start(query: OutgoingQuery): void;
  /** Nodes from a reply, of the other family than ours; a view of the datagram. */
  onOtherFamily(nodes: Uint8Array, from: Endpoint): void;
}

/**
 * Queries to one address: one more where somebody else has answered than was named. Ids that follow from the address are counted
 * apart, so that nobody keeps a node from being asked by naming it with wrong ids.
 */
const MAX_QUERIES_PER_ADDRESS = 2;

/**
 * One iterative lookup in one address family (BEP 5): asks the closest nodes it knows for closer ones, a few at a time, until the
 * closest {@link BUCKET_SIZE} have answered.
 *
 * It reckons with nodes that lie. They are asked once; what they name counts only when it answers, from that address and with
 * that id; of a line (/24, /64) only a few are asked; a slow node holds nobody up. Nodes that place themselves next to the target
 * cannot crowd out the honest ones either: those with ids that follow from their addresses (BEP 42) are looked for side by side
 * with all others.
 */
export class Lookup {
  readonly #host: LookupHost;
  readonly #purpose: LookupPurpose;
  readonly #done: (outcome: LookupOutcome) => void;
  readonly #all: Shortlist;
  readonly #secure: Shortlist;
  /** Who was heard of: endpoint and id. */
  readonly #seen = new Set<string>();
  /** How often an address was asked. */
  readonly #asked = new Map<string, number>();
  /** Nodes of a line that were asked and have not failed. */
  readonly #perNetwork = new Map<string, number>();
  #secureTurn = false;
  /** Asked, and neither slow nor settled. */
  #pending = 0;
  /** Asked and not settled. */
  #outstanding = 0;
  #queries = 0;
  #answers = 0;
  #finished = false;

  /** `done` is called once, except after {@link abort}. */
  constructor(host: LookupHost, purpose: LookupPurpose, done: (outcome: LookupOutcome) => void) {
    this.#host = host;
    this.#purpose = purpose;
    this.#done = done;
    this.#all = new Shortlist(purpose.target);
    this.#secure = new Shortlist(purpose.target);
  }

  /** Begins with these nodes; without any, it is done at once. */
  start(nodes: Iterable<NodeInfo>): void {
    for (const node of nodes) this.#add(node, 1);
    this.#advance();
  }

  /** No more is asked, and what comes is ignored. */
  abort(): void {
    this.#finished = true;
  }

  /** @internal What every candidate is asked. */
  get query(): QueryBody {
    return this.#purpose.query;
  }

  /** @internal */
  onSlow(candidate: Candidate): void {
    if (candidate.state !== 'asked') return;
    candidate.state = 'slow';
    this.#pending--;
    this.#advance();
  }

  /** @internal */
  onResponse(candidate: Candidate, response: KrpcResponse): void {
    this.#settle(candidate);
    candidate.state = 'answered';
    this.#answers++;
    if (this.#finished) return;
    const { token, nodes, nodes6 } = response.body;
    candidate.token = token && new Uint8Array(token);
    const [own, other] = this.#host.family === 4 ? [nodes, nodes6] : [nodes6, nodes];
    if (own !== undefined) this.#addTold(own, candidate);
    if (other !== undefined && other.length > 0)
      this.#host.onOtherFamily(other, candidate.endpoint);
    if (this.#purpose.onResponse(candidate, response)) this.#finish();
    else this.#advance();
  }

  /** @internal */
  onFailure(candidate: Candidate, reason: FailureReason): void {
    this.#settle(candidate);
    candidate.state = 'failed';
    const network = networkOf(candidate.endpoint.address);
    if (network !== undefined) {
      this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 1) - 1);
    }
    // Whoever named this id may have lied; the node itself may be in order, under another one.
    if (reason !== 'id') this.#asked.set(placeOf(candidate), MAX_QUERIES_PER_ADDRESS);
    this.#advance();
  }

  #addTold(nodes: Uint8Array, teller: Candidate): void {
    const kind = addressKind(teller.endpoint.address);
    for (const node of decodeNodes(nodes, this.#host.family, MAX_NODES_PER_REPLY)) {
      if (mayBeTold(node.endpoint.address, kind)) this.#add(node, teller.hops + 1);
    }
  }

  #add(node: NodeInfo, hops: number): void {
    const { id, endpoint } = node;
    if (endpoint.port === 0 || sameId(id, this.#host.id)) return;
    const key = `${endpointKey(endpoint)}|${keyFromBytes(id)}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const candidate = new Candidate(node, isNodeIdValid(id, endpoint.address), hops);
    this.#all.add(candidate);
    if (candidate.secure) this.#secure.add(candidate);
  }

  #settle(candidate: Candidate): void {
    this.#outstanding--;
    if (candidate.state === 'asked') this.#pending--;
  }

  #advance(): void {
    while (!this.#finished && this.#pending < LOOKUP_CONCURRENCY) {
      const candidate = this.#queries < MAX_LOOKUP_QUERIES ? this.#next() : undefined;
      if (candidate === undefined) break;
      this.#ask(candidate);
    }
    if (this.#finished) return;
    if (this.#outstanding === 0) this.#finish();
    else if (this.#answers >= BUCKET_SIZE && this.#isSettled()) this.#finish();
  }

  #isSettled(): boolean {
    return this.#all.isSettled(BUCKET_SIZE) && this.#secure.isSettled(BUCKET_SIZE);
  }

  /** In turns from both lists, so that neither can starve the other. */
  #next(): Candidate | undefined {
    this.#secureTurn = !this.#secureTurn;
    const [one, other] = this.#secureTurn ? [this.#secure, this.#all] : [this.#all, this.#secure];
    return one.next(BUCKET_SIZE) ?? other.next(BUCKET_SIZE);
  }

  #ask(candidate: Candidate): void {
    const { endpoint } = candidate;
    const place = placeOf(candidate);
    const network = networkOf(endpoint.address);
    const asked = this.#asked.get(place) ?? 0;
    const sameNetwork = network === undefined ? 0 : (this.#perNetwork.get(network) ?? 0);
    if (asked >= MAX_QUERIES_PER_ADDRESS || sameNetwork >= MAX_SAME_NETWORK_IN_LOOKUP) {
      candidate.state = 'failed';
      return;
    }
    this.#asked.set(place, asked + 1);
    if (network !== undefined) this.#perNetwork.set(network, sameNetwork + 1);
    candidate.state = 'asked';
    this.#queries++;
    this.#pending++;
    this.#outstanding++;
    this.#host.start(new LookupQuery(this, candidate));
  }

  #finish(): void {
    this.#finished = true;
    const closest = this.#all.answered(BUCKET_SIZE);
    const hops = closest[0]?.hops ?? 0;
    for (const candidate of this.#secure.answered(BUCKET_SIZE)) {
      if (!closest.includes(candidate)) closest.push(candidate);
    }
    this.#done({ closest, queries: this.#queries, answers: this.#answers, hops });
  }
}

/** An address counts once, whatever the port; on local networks an endpoint does. */
function placeOf({ endpoint, secure }: Candidate): string {
  if (networkOf(endpoint.address) === undefined) return endpointKey(endpoint);
  return secure ? endpoint.address : `${endpoint.address}?`;
}

class LookupQuery implements OutgoingQuery {
  readonly #lookup: Lookup;
  readonly #candidate: Candidate;

  constructor(lookup: Lookup, candidate: Candidate) {
    this.#lookup = lookup;
    this.#candidate = candidate;
  }

  get endpoint(): Endpoint {
    return this.#candidate.endpoint;
  }

  get expectedId(): Uint8Array {
    return this.#candidate.id;
  }

  body(): QueryBody {
    return this.#lookup.query;
  }

  onSlow(): void {
    this.#lookup.onSlow(this.#candidate);
  }

  onResponse(response: KrpcResponse): void {
    this.#lookup.onResponse(this.#candidate, response);
  }

  onFailure(reason: FailureReason): void {
    this.#lookup.onFailure(this.#candidate, reason);
  }
}
