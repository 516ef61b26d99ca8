import { setMaxListeners } from 'node:events';
import { nodeHost, type Endpoint } from '@shoal/net';
import { Bootstrap } from './bootstrap.ts';
import { DhtError } from './errors.ts';
import { FamilyNode } from './family-node.ts';
import type { Item } from './items/item.ts';
import { decodeKrpc, familyOf, ID_BYTES, type Family } from './krpc/index.ts';
import { Latch } from './latch.ts';
import { LookupQueue } from './lookup/lookup-queue.ts';
import { FindNodePurpose } from './lookup/purposes.ts';
import {
  DEFAULT_LIMITS,
  parseBootstrapNode,
  type DhtCallOptions,
  type DhtNodeOptions,
  type DhtOpenOptions,
} from './options.ts';
import { OwnSockets } from './own-sockets.ts';
import type {
  AnnounceResult,
  DhtStats,
  GetResult,
  LookupResult,
  PutResult,
  SampleResult,
  ScrapeResult,
} from './results.ts';
import { Messenger, type SendDatagram } from './rpc/messenger.ts';
import {
  Searches,
  type AnnounceOptions,
  type ItemPlace,
  type LookupOptions,
  type PutOptions,
} from './searches.ts';
import { QueryHandler } from './server/query-handler.ts';
import { decodeState, encodeState, type DhtState } from './state.ts';
import { Upkeep } from './upkeep.ts';

/** `d`: every message is a dictionary. */
const DICTIONARY = 0x64;

const WANT_NONE: readonly Family[] = [];
const WANT_BOTH: readonly Family[] = [4, 6];

interface FamilyParts {
  readonly node: FamilyNode;
  readonly bootstrap: Bootstrap;
}

/**
 * A node of the mainline DHT: finds and announces peers of torrents, finds and stores items, and answers other nodes. It serves
 * IPv4 and IPv6, with a routing table for each (BEP 32).
 *
 * `DhtNode.open` binds sockets of its own. Who has a UDP socket already makes a node with `new DhtNode`, hands it the
 * datagrams that begin with `d`, and calls {@link start}.
 */
export class DhtNode implements AsyncDisposable {
  readonly #families = new Map<Family, FamilyParts>();
  readonly #messenger: Messenger;
  readonly #handler: QueryHandler;
  readonly #queue: LookupQueue;
  readonly #searches: Searches;
  readonly #upkeep: Upkeep;
  readonly #options: DhtNodeOptions;
  readonly #closing = new AbortController();
  #sockets: OwnSockets | undefined;
  #started = false;
  /** Families whose first bootstrap has not ended. */
  #unready = 0;
  readonly #bootstrapped = new Latch();
  #malformed = 0;
  #receivedDatagrams = 0;
  #receivedBytes = 0;

  /**
   * Binds sockets and starts.
   * @throws NetError when binding fails; DhtError `ERR_DHT_OPTION`
   */
  static async open(options: DhtOpenOptions = {}): Promise<DhtNode> {
    const { host = nodeHost, port = 0, addresses = ['0.0.0.0'], ...common } = options;
    const { network, clock, random } = host;
    const sockets = new OwnSockets(addresses);
    const { families } = sockets;
    const send: SendDatagram = (datagram, to) => sockets.send(datagram, to);
    const node = new DhtNode({ ...common, clock, random, families, send });
    await sockets.bind(network, port, (datagram, from) => {
      node.onDatagram(datagram, from);
    });
    node.#sockets = sockets;
    node.start();
    return node;
  }

  /** @throws DhtError `ERR_DHT_OPTION` */
  constructor(options: DhtNodeOptions) {
    this.#options = options;
    // Each call under way listens.
    setMaxListeners(0, this.#closing.signal);
    const { clock, random, nodeId, families = [4], readOnly = false } = options;
    if (nodeId !== undefined && nodeId.length !== ID_BYTES) {
      throw new DhtError('ERR_DHT_OPTION', `nodeId has ${ID_BYTES} bytes, not ${nodeId.length}`);
    }
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const state: DhtState = options.state === undefined ? new Map() : decodeState(options.state);
    this.#messenger = new Messenger(options.send, readOnly);
    this.#queue = new LookupQueue(limits.maxLookups, limits.maxQueuedLookups);
    for (const family of new Set(families)) {
      this.#addFamily(family, limits.maxInFlight, state);
    }
    const [first] = this.#families.values();
    if (first === undefined) throw new DhtError('ERR_DHT_OPTION', 'no address family');
    this.#handler = new QueryHandler({
      clock,
      random,
      messenger: this.#messenger,
      limits,
      nodeId: first.node.id,
      readOnly,
      familyNode: (family) => this.#families.get(family)?.node,
    });
    const parts = [...this.#families.values()];
    this.#unready = parts.length;
    const want = (family: Family): readonly Family[] => this.#want(family);
    this.#searches = new Searches({
      families: parts.map(({ node }) => node),
      queue: this.#queue,
      handler: this.#handler,
      closing: this.#closing.signal,
      want,
      ready: (signal) => this.#ready(signal),
    });
    this.#upkeep = new Upkeep({
      clock,
      random,
      families: parts,
      handler: this.#handler,
      queue: this.#queue,
      want,
      signal: this.#closing.signal,
    });
  }

  /** Begins to bootstrap and to look after the routing tables. Idempotent. `DhtNode.open` does it by itself. */
  start(): void {
    if (this.#started || this.#closing.signal.aborted) return;
    this.#started = true;
    for (const { bootstrap } of this.#families.values()) {
      let isFirst = true;
      bootstrap.run(() => {
        if (isFirst) this.#onBootstrapped();
        isFirst = false;
      });
    }
    this.#upkeep.start();
  }

  /**
   * Takes a datagram, which is used during the call only. True when it is one of the DHT, though perhaps of no use; false when
   * somebody else may look at it.
   */
  onDatagram(datagram: Uint8Array, from: Endpoint): boolean {
    if (datagram[0] !== DICTIONARY) return false;
    const parts = this.#families.get(familyOf(from.address));
    if (parts === undefined || from.port === 0 || this.#closing.signal.aborted) return true;
    this.#receivedDatagrams++;
    this.#receivedBytes += datagram.length;
    const message = decodeKrpc(datagram);
    switch (message.kind) {
      case 'query':
        this.#handler.handle(message, from, datagram.length);
        break;
      case 'response':
      case 'error':
        parts.node.transactions.settle(message, from);
        break;
      case 'invalid':
        this.#malformed++;
        this.#handler.handleInvalid(message, from, datagram.length);
        break;
    }
    return true;
  }

  /**
   * Tells of a node: from a peer's PORT message (BEP 5), from `nodes` of a .torrent. It is asked whether it is there. Ignored
   * where too many wait for that, and where it is of a family we do not have.
   */
  addNode(endpoint: Endpoint): void {
    if (this.#closing.signal.aborted || endpoint.port === 0) return;
    this.#families.get(familyOf(endpoint.address))?.node.verify(endpoint);
  }

  /**
   * Resolves when bootstrapping was tried once in each family, whatever came of it: see {@link nodeCount}. Calls that look
   * something up wait for it by themselves.
   */
  ready({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#ready(signal ?? this.#closing.signal);
  }

  /**
   * Finds peers of a torrent (`get_peers`). `infoHash` has 20 bytes: of a v2 torrent, the first 20.
   * @throws DhtError `ERR_DHT_NO_NODES`, `ERR_DHT_BUSY`, `ERR_DHT_CLOSED`, `ERR_DHT_ARGUMENT`; the signal's reason
   */
  async lookup(infoHash: Uint8Array, options: LookupOptions = {}): Promise<LookupResult> {
    return this.#searches.lookup(new Uint8Array(infoHash), options);
  }

  /**
   * Finds peers of a torrent, and announces that there is one at our address. To be repeated every 15 minutes or so.
   * @throws as {@link lookup}
   */
  async announce(infoHash: Uint8Array, options: AnnounceOptions): Promise<AnnounceResult> {
    return this.#searches.announce(new Uint8Array(infoHash), options);
  }

  /**
   * Finds an item (BEP 44): an immutable one by its target, a mutable one by public key and salt. The newest is given, its
   * signature verified.
   * @throws as {@link lookup}
   */
  async get(place: ItemPlace, options: DhtCallOptions = {}): Promise<GetResult> {
    return this.#searches.get(place, options);
  }

  /**
   * Stores an item (BEP 44) at the nodes closest to its target. To be repeated every hour or so.
   * @throws DhtError `ERR_DHT_ITEM` where no node may store it, `ERR_DHT_NOT_STORED` where none did; else as {@link lookup}
   */
  async put(item: Item, options: PutOptions = {}): Promise<PutResult> {
    return this.#searches.put(item, options);
  }

  /**
   * Estimates how many seeds and other peers a torrent has (BEP 33), from the nodes closest to its info-hash.
   * @throws as {@link lookup}
   */
  async scrape(infoHash: Uint8Array, options: DhtCallOptions = {}): Promise<ScrapeResult> {
    return this.#searches.scrape(new Uint8Array(infoHash), options);
  }

  /**
   * Collects some of the info-hashes that nodes close to a target have peers of (BEP 51).
   * @throws as {@link lookup}
   */
  async sample(target: Uint8Array, options: DhtCallOptions = {}): Promise<SampleResult> {
    return this.#searches.sample(new Uint8Array(target), options);
  }

  /** Our address as most nodes see it, of the first family in which it is clear; undefined while it is not. */
  get externalAddress(): string | undefined {
    for (const { node } of this.#families.values()) {
      if (node.externalAddress !== undefined) return node.externalAddress;
    }
    return undefined;
  }

  /** Nodes in the routing tables. */
  get nodeCount(): number {
    let count = 0;
    for (const { node } of this.#families.values()) count += node.table.size;
    return count;
  }

  /** Where the sockets of `DhtNode.open` are; empty for a node without own ones. */
  get endpoints(): readonly Endpoint[] {
    return this.#sockets?.endpoints ?? [];
  }

  /** Figures since the node was made; a copy. */
  get stats(): DhtStats {
    const { peers, items, counts } = this.#handler;
    return {
      families: [...this.#families.values()].map(({ node, bootstrap }) => ({
        family: node.family,
        id: node.id.slice(),
        externalAddress: node.externalAddress,
        contacts: node.table.size,
        buckets: node.table.bucketCount,
        inFlight: node.transactions.inFlight,
        waiting: node.transactions.waiting,
        roundTrip: node.transactions.latency.roundTrip,
        bootstraps: bootstrap.rounds,
        transactions: { ...node.transactions.counts },
      })),
      queries: { ...counts },
      malformed: this.#malformed,
      receivedDatagrams: this.#receivedDatagrams,
      receivedBytes: this.#receivedBytes,
      sentDatagrams: this.#messenger.sentDatagrams,
      sentBytes: this.#messenger.sentBytes,
      lookups: { running: this.#queue.running, waiting: this.#queue.waiting },
      stored: { torrents: peers.torrentCount, peers: peers.peerCount, items: items.size },
    };
  }

  /** Our ids and the nodes we know, to be handed to the next run as `state`: at most 32 KB. */
  state(): Uint8Array {
    const now = this.#options.clock.now();
    const families = [...this.#families].map(([family, { node }]) => {
      const nodes = [...node.table.contacts()].filter((contact) => contact.answered);
      nodes.sort((one, other) => Number(other.isGood(now)) - Number(one.isGood(now)));
      return [family, { id: node.id, nodes }] as const;
    });
    return encodeState(new Map(families));
  }

  /** Ends everything; calls under way reject with `ERR_DHT_CLOSED`. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(new DhtError('ERR_DHT_CLOSED', 'the DHT node is closed'));
      this.#upkeep.stop();
      for (const { node } of this.#families.values()) node.close();
    }
    await this.#sockets?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #addFamily(family: Family, maxInFlight: number, state: DhtState): void {
    const { clock, random, nodeId, resolve, bootstrap: named = [] } = this.#options;
    const stored = state.get(family);
    const node = new FamilyNode({
      family,
      clock,
      random,
      maxInFlight,
      messenger: this.#messenger,
      id: nodeId === undefined ? (stored?.id ?? random.bytes(ID_BYTES)) : new Uint8Array(nodeId),
      fixedId: nodeId !== undefined,
      onOtherFamily: (nodes) => {
        const other = this.#families.get(family === 4 ? 6 : 4)?.node;
        if (other?.hasFewContacts === true) {
          for (const { endpoint } of nodes) if (endpoint.port !== 0) other.verify(endpoint);
        }
      },
      onFirstContact: () => {
        if (this.#started) this.#families.get(family)?.bootstrap.hurry();
      },
      onExternalAddress: (address) => this.#options.onExternalAddress?.(address),
      onId: () => this.#onId(family),
    });
    const nodes = named.map((each) => {
      const parsed = parseBootstrapNode(each);
      if (parsed !== undefined) return parsed;
      throw new DhtError('ERR_DHT_OPTION', 'bootstrap: an entry is no endpoint and no host:port');
    });
    const bootstrap = new Bootstrap({
      node,
      clock,
      nodes,
      resolve,
      known: stored?.nodes ?? [],
      want: () => this.#want(family),
      signal: this.#closing.signal,
    });
    this.#families.set(family, { node, bootstrap });
  }

  /** Nodes of the other family are asked for while it has few (BEP 32). */
  #want(family: Family): readonly Family[] {
    const other = this.#families.get(family === 4 ? 6 : 4);
    return other?.node.hasFewContacts === true ? WANT_BOTH : WANT_NONE;
  }

  /** With another id (BEP 42) other nodes are our neighbours. */
  #onId(family: Family): void {
    const node = this.#families.get(family)?.node;
    if (node === undefined) return;
    const [first] = this.#families.values();
    if (first?.node === node) this.#handler.setNodeId(node.id);
    const { signal } = this.#closing;
    const purpose = new FindNodePurpose(node.id, this.#want(family));
    this.#queue
      .run('normal', signal, () => node.lookup(purpose, signal))
      // Too much to do, or closed: upkeep will do it.
      .catch(() => undefined);
  }

  #onBootstrapped(): void {
    this.#unready--;
    if (this.#unready <= 0) this.#bootstrapped.open();
  }

  #ready(signal: AbortSignal): Promise<void> {
    return this.#bootstrapped.wait(this.#closing.signal, signal);
  }
}
