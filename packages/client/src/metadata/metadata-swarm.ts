import type { Clock, Connection, ConnectionHandler, Endpoint } from '@shoal/net';
import type { EncoderBufferPool, Handshake, UtMetadataMessage } from '@shoal/peer-wire';
import { blockedError, codeOf, PeerError } from '../errors.ts';
import type { PeerReport } from '../events.ts';
import { type BanCode, type BannedPeer, banned } from '../peer/ban-list.ts';
import { isBetterConnection } from '../peer/better-connection.ts';
import type { PeerList } from '../peer/peer-list.ts';
import type { DiscoverySide } from '../discovery/discovery-side.ts';
import { PexTraffic } from '../pex/pex-traffic.ts';
import type { HashVerdict } from './judge-metadata.ts';
import { MetadataFetch, type MetadataProgress } from './metadata-fetch.ts';
import type { MetadataMemory } from './metadata-memory.ts';
import { MetadataPeer, type MetadataPeerEvents, type TakeOver } from './metadata-peer.ts';

/** Milliseconds after which a peer that gives no metadata makes room for another one. */
const USELESS_TIME = 60_000;

/** What the fetching of metadata makes use of. */
export interface MetadataSwarmOptions {
  readonly host: {
    readonly clock: Clock;
    readonly peerId: Uint8Array;
    readonly port: number;
    readonly encoderPool: EncoderBufferPool;
    readonly metadataMemory: MetadataMemory;
  };
  readonly peerList: () => PeerList;
  readonly discovery: DiscoverySide;
  /** Whether the bytes have the hashes asked for. */
  readonly judge: (bytes: Uint8Array) => HashVerdict;
  readonly report: (report: PeerReport) => void;
  readonly banned: (ban: BannedPeer) => void;
  /** The metadata is there, and has the hashes asked for. Called once. */
  readonly found: (bytes: Uint8Array) => void;
  /** There is metadata with one of the hashes, so that none can have both. */
  readonly contradicted: () => void;
}

/** The connected peers of a torrent of which only the info-hash is known, and what is fetched from them: its metadata (BEP 9). */
export class MetadataSwarm implements MetadataPeerEvents {
  readonly peers = new Set<MetadataPeer>();
  readonly #options: MetadataSwarmOptions;
  readonly #fetch: MetadataFetch<MetadataPeer>;
  readonly #pexTraffic: PexTraffic<MetadataPeer>;
  #metadata: Uint8Array | undefined;

  constructor(options: MetadataSwarmOptions) {
    this.#options = options;
    this.#fetch = new MetadataFetch<MetadataPeer>(
      options.judge,
      undefined,
      options.host.metadataMemory,
    );
    this.#pexTraffic = new PexTraffic(options.host.clock, options.discovery);
  }

  /** In bytes; undefined before any peer has claimed a length. */
  get progress(): MetadataProgress | undefined {
    const length = this.#metadata?.length;
    return length === undefined ? this.#fetch.progress : { length, received: length };
  }

  /** Takes over a connection whose handshake is complete; undefined for the second one to the same peer. */
  join(connection: Connection, handshake: Handshake, isV2: boolean): ConnectionHandler | undefined {
    const { clock, peerId } = this.#options.host;
    if (!isBetterConnection(this.peers, connection, handshake.peerId, peerId)) return undefined;
    const peer = new MetadataPeer(this, connection, handshake, isV2, clock);
    this.peers.add(peer);
    this.#pexTraffic.joined(peer);
    this.#options.peerList().connected(peer.endpoint, isV2);
    this.#report(peer, 'connected');
    return peer;
  }

  /** Once a second. */
  tick(now: number): void {
    this.#fetch.tick(now);
    for (const peer of this.peers) {
      const reason = peer.heartbeat(now) ?? this.#uselessness(peer, now);
      if (reason !== undefined) peer.drop(new PeerError('ERR_PEER_IDLE', reason));
      else this.#fill(peer, now);
    }
    this.#pexTraffic.tick(now);
  }

  /** The metadata is known, wherever it is from: it is served, and asked for no more. */
  known(metadata: Uint8Array): void {
    this.#metadata = metadata;
    this.#fetch.clear();
  }

  /** What peers were told may be said otherwise now. */
  update(): void {
    for (const peer of this.peers) {
      peer.extended?.update();
      peer.flush();
    }
  }

  /** Ends the connections to those whom only sources have named that a private torrent may not have (BEP 27). */
  dropDisallowed(): void {
    const list = this.#options.peerList();
    for (const peer of [...this.peers]) {
      const isOurs = peer.connection.direction === 'outgoing';
      if (isOurs && list.sourcesOf(peer.endpoint).length === 0) peer.drop();
    }
  }

  /**
   * Has nothing to do with an address for a time.
   * @param duration ms; default: a day
   */
  ban(address: string, code: BanCode, duration?: number): void {
    const { host, peerList, banned: tell } = this.#options;
    const ban = banned(peerList(), address, code, host.clock, duration);
    tell(ban);
    for (const peer of [...this.peers]) {
      if (peer.address !== address) continue;
      this.#report(peer, 'banned', ban.reason);
      peer.drop();
    }
  }

  /** Ends the connections to those that the IP filter blocks. */
  dropBlocked(isBlocked: (address: string) => boolean): void {
    for (const peer of [...this.peers]) if (isBlocked(peer.address)) peer.drop(blockedError());
  }

  /** The connections go to whom the torrent is known. */
  handOver(to: TakeOver): void {
    for (const peer of [...this.peers]) peer.handOver(to);
  }

  /** Ends all connections. What has come of the metadata stays. */
  stop(): void {
    for (const peer of [...this.peers]) peer.drop();
  }

  /** Ends all connections and forgets what has come. */
  close(): void {
    this.stop();
    this.#fetch.clear();
  }

  // MetadataPeerEvents

  get port(): number {
    return this.#options.host.port;
  }

  get metadata(): Uint8Array | undefined {
    return this.#metadata;
  }

  get uploadOnly(): boolean {
    return false;
  }

  get exchangesPeers(): boolean {
    return this.#options.discovery.exchangesPeers;
  }

  get dhtPort(): number {
    return this.#options.discovery.dhtPort;
  }

  foundNode(endpoint: Endpoint): void {
    this.#options.discovery.foundNode(endpoint);
  }

  get encoderPool(): EncoderBufferPool {
    return this.#options.host.encoderPool;
  }

  changed(peer: MetadataPeer): void {
    const now = this.#options.host.clock.now();
    const length = peer.extended?.metadataLength;
    if (peer.extended?.servesMetadata === true && length !== undefined) {
      this.#fetch.offer(peer, length, now);
    } else this.#fetch.leave(peer);
    this.#fill(peer, now);
  }

  answered(peer: MetadataPeer, message: Exclude<UtMetadataMessage, { type: 'request' }>): void {
    if (this.#metadata !== undefined) return;
    const now = this.#options.host.clock.now();
    if (message.type === 'reject') {
      this.#fetch.reject(peer, message.piece, now);
      return;
    }
    const { piece, totalLength, data } = message;
    const outcome = this.#fetch.data(peer, piece, totalLength, data, now);
    switch (outcome.type) {
      case 'complete':
        this.#metadata = outcome.bytes;
        this.#options.found(outcome.bytes);
        return;
      case 'contradictory':
        this.#options.contradicted();
        return;
      case 'corrupt':
        if (outcome.culprit !== undefined) this.ban(outcome.culprit, 'false-metadata');
        for (const each of [...this.peers]) this.#fill(each, now);
        return;
      case 'contradiction':
        throw new PeerError('ERR_PEER_MISBEHAVED', 'It does not know how long the metadata is');
      case 'kept':
      case 'unwanted':
    }
  }

  left(peer: MetadataPeer, error: Error | undefined): void {
    if (!this.peers.delete(peer)) return;
    const { host, peerList } = this.#options;
    const now = host.clock.now();
    this.#fetch.leave(peer);
    this.#pexTraffic.left(peer);
    peerList().disconnected(peer.endpoint, now, {
      failed: error !== undefined,
      code: codeOf(error),
      seed: false,
    });
    this.#report(peer, 'disconnected', error?.message);
    for (const each of this.peers) this.#fill(each, now);
  }

  /** Asks a peer for whatever may be asked of it now. */
  #fill(peer: MetadataPeer, now: number): void {
    if (this.#metadata !== undefined || peer.closed) return;
    let piece = this.#fetch.next(peer, now);
    while (piece !== undefined) {
      peer.ask(piece);
      piece = this.#fetch.next(peer, now);
    }
    peer.flush();
  }

  #uselessness({ extended, connectedAt }: MetadataPeer, now: number): string | undefined {
    const waits = this.#metadata === undefined && extended?.servesMetadata !== true;
    return waits && now - connectedAt > USELESS_TIME ? 'It gives no metadata' : undefined;
  }

  #report({ endpoint }: MetadataPeer, event: PeerReport['event'], reason?: string): void {
    this.#options.report({ endpoint, event, reason });
  }
}
