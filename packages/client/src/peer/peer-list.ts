import { addressKind, endpointKey } from '@shoal/net';
import type { Endpoint, Random } from '@shoal/net';
import { peerPriority } from '@shoal/peer-wire';
import { BanList } from './ban-list.ts';
import type { Ban, BanCode } from './ban-list.ts';
import { Candidate, dialledBefore, droppedBefore } from './candidate.ts';
import type { NamedPeer, PeerSource } from './candidate.ts';
import { type RememberedPeer, rememberedOf } from './remembered-peers.ts';

export type { NamedPeer, PeerSource } from './candidate.ts';

/** Candidates of one torrent: more than any client connects to, and about 0.5 MiB. The worst is dropped for a better one. */
export const MAX_CANDIDATES = 2_000;
/** Candidates, and connections, of one address: several clients may share an address, a flood may not. */
export const MAX_PER_ADDRESS = 8;
/** Own endpoints remembered, as found by connections that led back to us. */
const MAX_SELF_ENDPOINTS = 64;
/** Milliseconds after which a connection counts as a good one, and the waiting time before the next begins anew. */
const GOOD_CONNECTION_TIME = 5 * 60_000;
/** The error code of a connection that led back to this client. */
const SELF_ERROR = 'ERR_PEER_SELF';
/** That of one whose handshake named another torrent. */
const OTHER_HASH_ERROR = 'ERR_WIRE_INFO_HASH_MISMATCH';

export interface PeerListOptions {
  readonly random: Random;
  /** The port we listen on. With {@link PeerList.setExternalAddress} it is our own endpoint. */
  readonly ownPort: number;
  /** Addresses that the client has nothing to do with. */
  readonly isBlocked?: (address: string) => boolean;
  /** Default {@link MAX_CANDIDATES}. */
  readonly maxCandidates?: number;
  /** Default {@link MAX_PER_ADDRESS}. Loopback addresses have no such limit: nobody far away has one. */
  readonly maxPerAddress?: number;
}

/** How a connection ended. */
export interface Parting {
  /** In error, and without having been of use. */
  readonly failed: boolean;
  /** The code of the error, where it has one. */
  readonly code?: string | undefined;
  /** The peer had all pieces. */
  readonly seed: boolean;
}

/** The peers of one torrent that we know of, and which of them to connect to next. */
export class PeerList {
  readonly #options: PeerListOptions;
  readonly #maxCandidates: number;
  readonly #maxPerAddress: number;
  readonly #candidates = new Map<string, Candidate>();
  /** Candidates of each address. */
  readonly #known = new Map<string, number>();
  /** Connections of each address, those the peer opened included. */
  readonly #connections = new Map<string, number>();
  readonly #self = new Set<string>();
  readonly #bans = new BanList();
  /** From these sources alone peers are taken; undefined: from all. */
  #allowed: readonly PeerSource[] | undefined;
  #external: Endpoint | undefined;
  #idle = 0;
  #seeding = false;
  /** Nobody can be dialled before; -Infinity: not known. */
  #nextDue = -Infinity;

  constructor(options: PeerListOptions) {
    this.#options = options;
    this.#maxCandidates = options.maxCandidates ?? MAX_CANDIDATES;
    this.#maxPerAddress = options.maxPerAddress ?? MAX_PER_ADDRESS;
  }

  /** Candidates that are neither connected nor being dialled. */
  get size(): number {
    return this.#idle;
  }

  /** All candidates. */
  get total(): number {
    return this.#candidates.size;
  }

  /** It remembers nobody and nothing: a new one would be the same. */
  get isBlank(): boolean {
    const kept = [this.#candidates, this.#connections, this.#self, this.#bans];
    if (this.#external !== undefined || this.#allowed !== undefined) return false;
    return kept.every(({ size }) => size === 0);
  }

  /** While we seed, peers known to be seeds are not dialled. */
  get seeding(): boolean {
    return this.#seeding;
  }

  set seeding(value: boolean) {
    this.#seeding = value;
    this.#nextDue = -Infinity;
  }

  /**
   * From now on takes peers from these sources alone, and forgets all that come from others: the torrent turned out to be
   * private (BEP 27). Connections to them are the caller's to end.
   */
  restrictTo(sources: readonly PeerSource[]): void {
    this.#allowed = sources;
    for (const [key, candidate] of this.#candidates) {
      if (!this.isAllowed(candidate.sources)) this.#remove(key, candidate);
    }
  }

  /** Other addresses are blocked than before: those among them are forgotten. Connections to them are the caller's to end. */
  blockedChanged(): void {
    for (const [key, candidate] of this.#candidates) {
      if (this.#options.isBlocked?.(candidate.endpoint.address) === true) {
        this.#remove(key, candidate);
      }
    }
  }

  /** Whether a peer that is known from these sources may be one of this torrent's. */
  isAllowed(sources: readonly PeerSource[]): boolean {
    return this.#allowed === undefined || sources.some((each) => this.#allowed?.includes(each));
  }

  /** Our address as others see it (BEP 24, BEP 10 `yourip`): gives the canonical priorities of BEP 40. */
  setExternalAddress(address: string): void {
    if (this.#external?.address === address) return;
    this.#external = { address, port: this.#options.ownPort };
    this.#rememberSelf(this.#external);
    for (const candidate of this.#candidates.values())
      candidate.priority = this.#priorityOf(candidate.endpoint);
  }

  /**
   * A source names a peer; `by` is the peer or node that did, where it was one. A stranger may name addresses that are not public
   * only where it has such a one itself: to anybody else they mean nothing.
   *
   * @returns false when it is refused: an impossible or banned address, ourselves, or one too many
   */
  add(endpoint: NamedPeer, source: PeerSource, now: number, by?: Endpoint): boolean {
    const key = endpointKey(endpoint);
    const known = this.#candidates.get(key);
    if (known !== undefined) {
      if (known.heardFrom(source)) this.#nextDue = -Infinity;
      known.peerId = endpoint.peerId ?? known.peerId;
      if (endpoint.knowsV2 === true) known.foundInV2();
      return true;
    }
    if (!this.#acceptable(endpoint, source, by) || this.#self.has(key)) return false;
    if (this.#bans.of(endpoint.address, now) !== undefined) return false;
    if (this.#options.isBlocked?.(endpoint.address) === true) return false;
    const candidate = this.#candidateOf(endpoint);
    candidate.heardFrom(source);
    return this.#insert(key, candidate);
  }

  /** A peer that worked in an earlier run. It is dialled after those that are named now; false when it is refused, as in {@link add}. */
  restore(peer: RememberedPeer, now: number): boolean {
    const key = endpointKey(peer);
    const known = this.#candidates.get(key);
    if (known === undefined && (!this.#isPossible(peer) || this.#self.has(key))) return false;
    if (!this.isAllowed([peer.source])) return false;
    if (known === undefined && this.#bans.of(peer.address, now) !== undefined) return false;
    if (this.#options.isBlocked?.(peer.address) === true) return false;
    const candidate = known ?? this.#candidateOf(peer);
    candidate.remember(peer.source);
    candidate.missedBefore = peer.missed;
    return known !== undefined || this.#insert(key, candidate);
  }

  /** Who is worth remembering for the next run, the best first: see {@link rememberedOf}. */
  remembered(): RememberedPeer[] {
    return rememberedOf(this.#candidates.values());
  }

  /** The peer to dial now, which then counts as being dialled; undefined: none. */
  next(now: number): NamedPeer | undefined {
    if (this.#idle === 0 || now < this.#nextDue) return undefined;
    let best: Candidate | undefined;
    let due = Infinity;
    for (const candidate of this.#candidates.values()) {
      if (candidate.state !== 'idle' || (this.#seeding && candidate.seed)) continue;
      if (candidate.notBefore > now) {
        due = Math.min(due, candidate.notBefore);
        continue;
      }
      if (best !== undefined && !dialledBefore(candidate, best)) continue;
      if (this.#hasRoom(candidate.endpoint.address)) best = candidate;
    }
    if (best === undefined) {
      this.#nextDue = due;
      return undefined;
    }
    this.#become(best, 'dialling');
    best.dialledAt = now;
    const { endpoint, peerId, knowsV2, hasOtherV2 } = best;
    if (peerId === undefined && !knowsV2 && !hasOtherV2) return endpoint;
    const named = peerId === undefined ? endpoint : { ...endpoint, peerId };
    return hasOtherV2 ? { ...named, knowsV2, hasOtherV2 } : { ...named, knowsV2 };
  }

  /** Whether a connection that a peer opened from there is welcome. */
  accepts(from: Endpoint, now: number): boolean {
    return this.#bans.of(from.address, now) === undefined && this.#hasRoom(from.address);
  }

  /** An attempt to connect failed, or its handshake did. */
  failed(endpoint: Endpoint, now: number, error?: Error & { readonly code?: string }): void {
    if (error?.code === SELF_ERROR) {
      this.self(endpoint);
      return;
    }
    const candidate = this.#candidates.get(endpointKey(endpoint));
    if (candidate === undefined) return;
    this.#become(candidate, 'idle');
    if (error?.code === OTHER_HASH_ERROR) candidate.hasOtherV2 = true;
    candidate.backOff(now, this.#options.random.next(), error?.code);
  }

  /** Waiting times after orderly partings are over: somebody wants to go on now. Those after failures stay. */
  retryNow(): void {
    for (const candidate of this.#candidates.values()) {
      if (candidate.failures === 0) candidate.notBefore = -Infinity;
    }
    this.#nextDue = -Infinity;
  }

  /** An attempt was given up for reasons of our own: it says nothing about the peer. */
  abandoned(endpoint: Endpoint): void {
    const candidate = this.#candidates.get(endpointKey(endpoint));
    if (candidate?.state === 'dialling') this.#become(candidate, 'idle');
  }

  /** The endpoint is our own: it is never dialled again. */
  self(endpoint: Endpoint): void {
    this.#rememberSelf(endpoint);
  }

  /** A connection is established, whoever opened it; `isV2`: for the v2 hash. */
  connected(endpoint: Endpoint, isV2 = false): void {
    const { address } = endpoint;
    this.#connections.set(address, (this.#connections.get(address) ?? 0) + 1);
    const candidate = this.#candidates.get(endpointKey(endpoint));
    if (candidate === undefined) return;
    this.#become(candidate, 'connected');
    candidate.workedAt = Infinity;
    candidate.agreed(isV2);
  }

  /** An established connection ended. */
  disconnected(endpoint: Endpoint, now: number, parting: Parting): void {
    const { address } = endpoint;
    const connections = (this.#connections.get(address) ?? 0) - 1;
    if (connections > 0) this.#connections.set(address, connections);
    else this.#connections.delete(address);
    this.#nextDue = -Infinity;
    const candidate = this.#candidates.get(endpointKey(endpoint));
    if (candidate === undefined) return;
    this.#become(candidate, 'idle');
    candidate.workedAt = now;
    candidate.seed = parting.seed;
    const jitter = this.#options.random.next();
    if (parting.failed) {
      candidate.backOff(now, jitter, parting.code);
      return;
    }
    candidate.failures = 0;
    if (now - candidate.dialledAt >= GOOD_CONNECTION_TIME) candidate.partings = 0;
    candidate.part(now, jitter);
  }

  /** Has nothing to do with an address for a time (default a day). Its connections are the caller's to end. */
  ban(address: string, code: BanCode, now: number, duration?: number): void {
    this.#bans.add(address, code, now, duration);
    for (const [key, candidate] of this.#candidates)
      if (candidate.endpoint.address === address) this.#remove(key, candidate);
  }

  /** @returns whether it was banned */
  unban(address: string): boolean {
    return this.#bans.remove(address);
  }

  /** Why and until when an address is banned, or undefined. */
  banOf(address: string, now: number): Ban | undefined {
    return this.#bans.of(address, now);
  }

  /** All bans that there are now, the oldest first. */
  bans(now: number): (readonly [address: string, ban: Ban])[] {
    return this.#bans.all(now);
  }

  /** All of them. */
  get candidates(): Iterable<Candidate> {
    return this.#candidates.values();
  }

  /** Who named a peer, those we trust most first; empty when it is unknown. */
  sourcesOf(endpoint: Endpoint): PeerSource[] {
    return this.#candidates.get(endpointKey(endpoint))?.sources ?? [];
  }

  /** Calls `visit` for every candidate that may be told to others or saved. */
  forEach(visit: (endpoint: Endpoint, sources: PeerSource[]) => void): void {
    for (const candidate of this.#candidates.values()) visit(candidate.endpoint, candidate.sources);
  }

  #candidateOf(peer: NamedPeer): Candidate {
    const candidate = new Candidate({ address: peer.address, port: peer.port });
    candidate.priority = this.#priorityOf(peer);
    candidate.peerId = peer.peerId;
    if (peer.knowsV2 === true) candidate.foundInV2();
    candidate.seed = peer.isSeed === true;
    return candidate;
  }

  /** False where it is one too many. */
  #insert(key: string, candidate: Candidate): boolean {
    const { address } = candidate.endpoint;
    const ofAddress = this.#known.get(address) ?? 0;
    if (ofAddress >= this.#maxPerAddress && addressKind(address) !== 'loopback') return false;
    if (this.#candidates.size >= this.#maxCandidates && !this.#makeRoom(candidate)) return false;
    this.#candidates.set(key, candidate);
    this.#known.set(address, ofAddress + 1);
    this.#idle++;
    this.#nextDue = -Infinity;
    return true;
  }

  #isPossible({ address, port }: Endpoint): boolean {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return false;
    const kind = addressKind(address);
    return kind !== 'multicast' && kind !== 'unspecified';
  }

  #acceptable(endpoint: Endpoint, source: PeerSource, by: Endpoint | undefined): boolean {
    if (!this.isAllowed([source]) || !this.#isPossible(endpoint)) return false;
    const kind = addressKind(endpoint.address);
    if (kind === 'public' || (source !== 'pex' && source !== 'dht')) return true;
    return by !== undefined && kind === addressKind(by.address);
  }

  #hasRoom(address: string): boolean {
    const connections = this.#connections.get(address) ?? 0;
    return connections < this.#maxPerAddress || addressKind(address) === 'loopback';
  }

  /** BEP 40 where our own address is known; else by chance, so that not everybody dials the same peers first. */
  #priorityOf(endpoint: Endpoint): number {
    if (this.#external === undefined) return this.#options.random.integer(0x1_0000_0000);
    return peerPriority(this.#external, endpoint);
  }

  /** Drops the worst idle candidate when the new one is better. */
  #makeRoom(candidate: Candidate): boolean {
    let worst = candidate;
    let worstKey: string | undefined;
    for (const [key, other] of this.#candidates) {
      if (other.state !== 'idle' || !droppedBefore(other, worst)) continue;
      worst = other;
      worstKey = key;
    }
    if (worstKey === undefined) return false;
    this.#remove(worstKey, worst);
    return true;
  }

  #rememberSelf(endpoint: Endpoint): void {
    const key = endpointKey(endpoint);
    this.#self.add(key);
    for (const oldest of this.#self) {
      if (this.#self.size <= MAX_SELF_ENDPOINTS) break;
      this.#self.delete(oldest);
    }
    const candidate = this.#candidates.get(key);
    if (candidate !== undefined) this.#remove(key, candidate);
  }

  #become(candidate: Candidate, state: Candidate['state']): void {
    if (candidate.state === 'idle') this.#idle--;
    if (state === 'idle') this.#idle++;
    candidate.state = state;
    this.#nextDue = -Infinity;
  }

  #remove(key: string, candidate: Candidate): void {
    if (!this.#candidates.delete(key)) return;
    if (candidate.state === 'idle') this.#idle--;
    const { address } = candidate.endpoint;
    const known = (this.#known.get(address) ?? 0) - 1;
    if (known > 0) this.#known.set(address, known);
    else this.#known.delete(address);
  }
}
