import { keyFromBytes } from '@shoal/bencode';
import { addressKind, endpointKey, type AddressKind, type Endpoint } from '@shoal/net';
import {
  decodeEndpoint,
  ID_BYTES,
  type Family,
  type KrpcResponse,
  type QueryBody,
} from '../krpc/index.ts';
import type { Item } from '../items/item.ts';
import { itemFault } from '../items/put-rules.ts';
import { isSignatureValid } from '../items/signature.ts';
import { itemTarget } from '../items/target.ts';
import { MAX_PEERS_PER_LOOKUP, MAX_PEERS_PER_REPLY } from '../limits.ts';
import { sameId } from '../node-id.ts';
import { ScrapeFilter } from '../scrape-filter.ts';
import { mayBeTold } from '../table/network.ts';
import type { LookupPurpose } from './lookup.ts';
import type { Candidate } from './shortlist.ts';

/** Looks for the nodes closest to a target. */
export class FindNodePurpose implements LookupPurpose {
  readonly target: Uint8Array;
  readonly query: QueryBody;

  constructor(target: Uint8Array, want: readonly Family[]) {
    this.target = target;
    this.query = { method: 'find_node', target, want };
  }

  onResponse(): boolean {
    return false;
  }
}

/** Peers of one torrent as they are found: without duplicates, a bounded number. */
export class PeerCollector {
  readonly #peers = new Map<string, Endpoint>();
  readonly #onPeers: ((peers: readonly Endpoint[]) => void) | undefined;

  /** `onPeers` is told of new ones. */
  constructor(onPeers?: (peers: readonly Endpoint[]) => void) {
    this.#onPeers = onPeers;
  }

  get peers(): Endpoint[] {
    return [...this.#peers.values()];
  }

  /** Takes in compact endpoints from our own store: they were announced from their addresses. */
  addOwn(values: readonly Uint8Array[]): void {
    this.#add(values, undefined);
  }

  /** Takes in compact endpoints from somebody at `teller`, who can speak for public addresses only, unless local himself. */
  add(values: readonly Uint8Array[], teller: string): void {
    this.#add(values.slice(0, MAX_PEERS_PER_REPLY), addressKind(teller));
  }

  #add(values: readonly Uint8Array[], kind: AddressKind | undefined): void {
    const fresh: Endpoint[] = [];
    for (const value of values) {
      if (this.#peers.size >= MAX_PEERS_PER_LOOKUP) break;
      const peer = decodeEndpoint(value);
      if (peer === undefined || peer.port === 0) continue;
      if (kind !== undefined && !mayBeTold(peer.address, kind)) continue;
      const key = endpointKey(peer);
      if (this.#peers.has(key)) continue;
      this.#peers.set(key, peer);
      fresh.push(peer);
    }
    if (fresh.length > 0) this.#onPeers?.(fresh);
  }
}

/** Looks for the peers of a torrent. */
export class GetPeersPurpose implements LookupPurpose {
  readonly target: Uint8Array;
  readonly query: QueryBody;
  /** Nodes that gave peers. */
  tellers = 0;
  readonly #collector: PeerCollector;

  constructor(
    infoHash: Uint8Array,
    want: readonly Family[],
    noSeed: boolean,
    collector: PeerCollector,
  ) {
    this.target = infoHash;
    this.query = { method: 'get_peers', infoHash, want, noSeed };
    this.#collector = collector;
  }

  onResponse({ endpoint }: Candidate, { body: { values } }: KrpcResponse): boolean {
    if (values === undefined || values.length === 0) return false;
    this.tellers++;
    this.#collector.add(values, endpoint.address);
    return false;
  }
}

/** Looks for the sizes of a swarm (BEP 33): unites what the nodes closest to it know. */
export class ScrapePurpose implements LookupPurpose {
  readonly target: Uint8Array;
  readonly query: QueryBody;
  readonly seeds = ScrapeFilter.empty();
  readonly peers = ScrapeFilter.empty();
  /** Nodes that gave filters. */
  tellers = 0;

  constructor(infoHash: Uint8Array, want: readonly Family[]) {
    this.target = infoHash;
    this.query = { method: 'get_peers', infoHash, want, scrape: true };
  }

  onResponse(_candidate: Candidate, { body }: KrpcResponse): boolean {
    const { seedsFilter, peersFilter } = body;
    if (seedsFilter === undefined || peersFilter === undefined) return false;
    const seeds = ScrapeFilter.from(seedsFilter);
    const peers = ScrapeFilter.from(peersFilter);
    if (seeds === undefined || peers === undefined) return false;
    // It says nothing, and would spoil what the others say: one liar is enough.
    if (seeds.isFull || peers.isFull) return false;
    this.tellers++;
    this.seeds.merge(seeds);
    this.peers.merge(peers);
    return false;
  }
}

const NO_SALT = new Uint8Array(0);

/** Looks for an item (BEP 44): any immutable one whose hash is right, the newest mutable one whose signature is. */
export class GetItemPurpose implements LookupPurpose {
  readonly target: Uint8Array;
  readonly query: QueryBody;
  /** The best so far; copied. */
  item: Item | undefined;
  readonly #salt: Uint8Array;
  readonly #tokensWanted: boolean;

  /** `tokensWanted`: the lookup goes on when it has an item that cannot change, for a `put` that follows. */
  constructor(
    target: Uint8Array,
    salt: Uint8Array | undefined,
    want: readonly Family[],
    tokensWanted: boolean,
  ) {
    this.target = target;
    this.query = { method: 'get', target, want };
    this.#salt = salt ?? NO_SALT;
    this.#tokensWanted = tokensWanted;
  }

  onResponse(_candidate: Candidate, { body }: KrpcResponse): boolean {
    const { value, key, signature, seq } = body;
    if (value === undefined) return false;
    const isMutable = key !== undefined && signature !== undefined && seq !== undefined;
    if (isMutable && this.item?.kind === 'mutable' && this.item.seq >= seq) return false;
    const item: Item = isMutable
      ? { kind: 'mutable', value, key, salt: this.#salt, seq, signature }
      : { kind: 'immutable', value };
    if (!sameId(itemTarget(item), this.target) || itemFault(item) !== undefined) return false;
    if (item.kind === 'mutable' && !isSignatureValid(item)) return false;
    this.item = copyOf(item);
    return item.kind === 'immutable' && !this.#tokensWanted;
  }
}

function copyOf(item: Item): Item {
  const value = new Uint8Array(item.value);
  if (item.kind === 'immutable') return { kind: 'immutable', value };
  const { key, salt, seq, signature } = item;
  return {
    kind: 'mutable',
    value,
    key: new Uint8Array(key),
    salt,
    seq,
    signature: new Uint8Array(signature),
  };
}

/** Info-hashes one lookup gives. */
const MAX_SAMPLES = 10_000;

/** Collects info-hashes of the nodes closest to a target (BEP 51). */
export class SamplePurpose implements LookupPurpose {
  readonly target: Uint8Array;
  readonly query: QueryBody;
  readonly samples = new Map<string, Uint8Array>();
  /** Nodes that gave samples. */
  tellers = 0;

  constructor(target: Uint8Array, want: readonly Family[]) {
    this.target = target;
    this.query = { method: 'sample_infohashes', target, want };
  }

  onResponse(_candidate: Candidate, { body: { samples } }: KrpcResponse): boolean {
    if (samples === undefined) return false;
    this.tellers++;
    for (let at = 0; at + ID_BYTES <= samples.length; at += ID_BYTES) {
      if (this.samples.size >= MAX_SAMPLES) break;
      const infoHash = samples.slice(at, at + ID_BYTES);
      this.samples.set(keyFromBytes(infoHash), infoHash);
    }
    return false;
  }
}
