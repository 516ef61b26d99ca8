import type { DhtError, DhtNode } from '@shoal/dht';
import { type Clock, type Endpoint, NetError, type Random, type Resolve } from '@shoal/net';
import type { DatagramHub } from '../datagram/datagram-hub.ts';
import { AnnounceQueue } from './announce-queue.ts';
import type { DhtStateFile } from './dht-state.ts';
import { type NamedNode, NamedNodes } from './named-nodes.ts';
import type { PeerService, Sought } from './peer-service.ts';

/** Milliseconds between two announces of a torrent: nodes forget them after half an hour (BEP 5), and some a little earlier. */
const PERIOD = 25 * 60_000;
/** Milliseconds between them while peers are short. */
const SHORT_PERIOD = 2 * 60_000;
/** Torrents that are looked for at the same time: each look-up is some fifty datagrams in a few seconds. */
const MAX_LOOKUPS = 8;
/** Milliseconds after which a look-up is given up; it takes some ten seconds at worst. */
const LOOKUP_TIME = 60_000;
/** Milliseconds between two savings of the nodes we know. */
const SAVE_PERIOD = 15 * 60_000;
/** Milliseconds after which a socket that could not be opened is tried again. */
const RETRY_TIME = 60_000;

export interface DhtDiscoveryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly hub: DatagramHub;
  /** Nodes that are neither asked nor answered. */
  readonly isBlocked: (address: string) => boolean;
  /** The TCP port to announce. */
  readonly port: () => number;
  /** Default: the nodes that everybody uses. */
  readonly bootstrap: readonly (string | Endpoint)[] | undefined;
  readonly resolve: Resolve;
  readonly readOnly: boolean;
  readonly stateFile: DhtStateFile | undefined;
}

/**
 * The DHT (BEP 5) as a source of peers for all torrents of a client: they are announced, and so looked for, in turn. The node is
 * started with the first torrent that may be looked for there.
 */
export class DhtDiscovery implements PeerService {
  readonly #options: DhtDiscoveryOptions;
  readonly #queue = new AnnounceQueue({ period: PERIOD, shortPeriod: SHORT_PERIOD });
  /** What ends the look-up of a torrent. */
  readonly #running = new Map<Sought, AbortController>();
  readonly #named: NamedNodes;
  #node: DhtNode | undefined;
  /** Loaded with the node. */
  #isDhtError: (error: unknown) => error is DhtError = isNoDhtError;
  #opening: Promise<void> | undefined;
  #retryAt = -Infinity;
  #saveAt = Infinity;
  #closed = false;

  constructor(options: DhtDiscoveryOptions) {
    this.#options = options;
    const { resolve } = options;
    this.#named = new NamedNodes({ resolve, found: (endpoint) => this.addNode(endpoint) });
  }

  /** Undefined until the first torrent needs it. */
  get node(): DhtNode | undefined {
    return this.#node;
  }

  follow(sought: Sought): void {
    this.#queue.add(sought);
    this.#start(sought);
  }

  leave(sought: Sought): void {
    this.#queue.delete(sought);
    this.#running.get(sought)?.abort();
  }

  hurry(sought: Sought): void {
    if (!this.#running.has(sought)) this.#queue.hurry(sought);
  }

  /** Somebody says that there is a node. */
  addNode(endpoint: Endpoint): void {
    if (!this.#options.isBlocked(endpoint.address)) this.#node?.addNode(endpoint);
  }

  /** A torrent names nodes. */
  addNamedNodes(nodes: readonly NamedNode[]): void {
    this.#named.add(nodes);
  }

  /** Once a second. */
  tick(now: number): void {
    const node = this.#node;
    if (node === undefined) {
      if (this.#queue.size > 0 && now >= this.#retryAt) this.#start();
      return;
    }
    if (now >= this.#saveAt) {
      this.#saveAt = now + SAVE_PERIOD;
      void this.#options.stateFile?.save(node.state());
    }
    // Without nodes there is nobody to ask: turns are kept until there are.
    if (node.nodeCount === 0 || this.#options.port() === 0) return;
    for (const sought of this.#queue.take(now, MAX_LOOKUPS - this.#running.size)) {
      void this.#announce(node, sought);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#named.close();
    for (const each of this.#running.values()) each.abort();
    await this.#opening;
    const node = this.#node;
    if (node === undefined) return;
    const state = node.state();
    await node.close();
    if (node.nodeCount > 0) await this.#options.stateFile?.save(state);
  }

  /** @param sought the torrent that hears what goes wrong with it, but for a socket that cannot be opened now */
  #start(sought?: Sought): void {
    if (this.#closed) return;
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      this.#retryAt = this.#options.clock.now() + RETRY_TIME;
      if (!(error instanceof NetError)) sought?.warning(error as Error);
    });
  }

  async #open(): Promise<void> {
    const { clock, random, hub, isBlocked, resolve, readOnly, stateFile } = this.#options;
    // Loaded here, since many clients have no torrent that is looked for there.
    const [dht, state] = await Promise.all([import('@shoal/dht'), stateFile?.load(), hub.open()]);
    const { DhtError, DhtNode, MAINLINE_BOOTSTRAP } = dht;
    this.#isDhtError = (error): error is DhtError => error instanceof DhtError;
    const { bootstrap = MAINLINE_BOOTSTRAP } = this.#options;
    const node = new DhtNode({
      clock,
      random,
      bootstrap,
      resolve,
      readOnly,
      state,
      families: hub.families,
      send: (datagram, to) => {
        if (!isBlocked(to.address)) hub.send(datagram, to);
      },
    });
    if (this.#closed) {
      await node.close();
      return;
    }
    this.#node = node;
    this.#saveAt = clock.now() + SAVE_PERIOD;
    hub.use('dht', {
      onDatagram: (datagram, from) => isBlocked(from.address) || node.onDatagram(datagram, from),
    });
    node.start();
    this.#named.open();
    // Sooner than the next second.
    void node.ready().then(
      () => this.tick(clock.now()),
      () => undefined,
    );
  }

  async #announce(node: DhtNode, sought: Sought): Promise<void> {
    const abort = new AbortController();
    this.#running.set(sought, abort);
    const timer = this.#options.clock.setTimer(() => abort.abort(), LOOKUP_TIME);
    const { v1, v2 } = sought.names;
    try {
      if (v1 !== undefined) await this.#announceOne(node, sought, v1, false, abort.signal);
      if (v2 !== undefined) await this.#announceOne(node, sought, v2, true, abort.signal);
    } finally {
      timer.cancel();
      this.#running.delete(sought);
    }
  }

  async #announceOne(
    node: DhtNode,
    sought: Sought,
    infoHash: Uint8Array,
    knowsV2: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { isSeed, needsPeers } = sought;
    const announced = node.announce(infoHash, {
      port: this.#options.port(),
      seed: isSeed,
      seedsWanted: !isSeed,
      priority: needsPeers ? 'high' : 'normal',
      signal,
      onPeers: (peers) => {
        // The node has looked at who named them: what is not public comes from somebody near only.
        for (const { address, port } of peers) {
          sought.found([{ address, port, knowsV2 }], 'dht', { address, port });
        }
      },
    });
    // Whether nobody answered or nobody took it: it is tried again before long.
    const stored = await announced.then(
      (result) => result.stored,
      (error: unknown) => {
        if (!signal.aborted && !this.#isDhtError(error)) sought.warning(error as Error);
        return 0;
      },
    );
    if (stored === 0) this.#queue.hurry(sought);
  }
}

function isNoDhtError(_error: unknown): _error is DhtError {
  return false;
}
