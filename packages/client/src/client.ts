import type { DhtNode } from '@shoal/dht';
import {
  type MagnetLink,
  type Metainfo,
  parseMagnet,
  parseMetainfo,
  parseMetainfoAsync,
} from '@shoal/metainfo';
import { type Host, nodeHost, type Timer } from '@shoal/net';
import { makePeerId, type ReservedBits } from '@shoal/peer-wire';
import type { TrackerClient } from '@shoal/tracker';
import { checkClientOptions } from './check-options.ts';
import {
  isBoundToLoopback,
  openDht,
  openTrackerClient,
  torrentHostOf,
  type TorrentManager,
} from './client-services.ts';
import { DatagramHub } from './datagram/datagram-hub.ts';
import type { DhtDiscovery } from './discovery/dht-discovery.ts';
import { LocalDiscovery } from './discovery/local-discovery.ts';
import { DiskStores } from './disk/disk-stores.ts';
import { ClientError } from './errors.ts';
import { Torrent } from './known-torrent.ts';
import { clientDefaults, type AddOptions, type ClientOptions } from './options.ts';
import { Acceptor } from './peer/acceptor.ts';
import { type AddressFilter, BlockedAddresses } from './peer/blocked-addresses.ts';
import { Dialer } from './peer/dialer.ts';
import { OpenConnections } from './peer/open-connections.ts';
import { type SwarmNames, swarmNamesOf } from './peer/swarm-names.ts';
import type { AnyTorrent } from './torrent.ts';
import { TorrentRegistry } from './torrent-registry.ts';
import type { TorrentHost } from './torrent-host.ts';
import { PEER_ID_VERSION } from './version.ts';
import { openWebSeeds } from './web-seed/open-web-seeds.ts';
import type { WebSeedHost } from './web-seed/web-seeds.ts';

/** What our handshake offers: the fast extension (BEP 6) and the extension protocol (BEP 10). */
const RESERVED: ReservedBits = { dht: false, fast: true, extension: true, v2: false };

/** The two letters that name this client in peer ids (BEP 20). */
const PEER_ID_CLIENT = 'SH';

/** Milliseconds at the end for peers to take our last bytes and close their side. */
const CLOSE_GRACE = 500;

/** Milliseconds between two looks at everything that depends on time. */
const TICK_PERIOD = 1_000;

/** Bytes of a .torrent file from which on it is read in slices: some milliseconds of work. */
const LARGE_LENGTH = 256 * 1024;

/** What a torrent is added from: a .torrent file's bytes, what was read from one, or a magnet link. */
export type TorrentSource = Uint8Array | Metainfo | string | MagnetLink;

/**
 * The manager: owns the torrents, the listening port, the workers and the budgets they share (connections, memory, rates,
 * open files).
 */
export class Client implements AsyncDisposable {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  readonly #options: ClientOptions;
  readonly #host: Host;
  readonly #torrents = new TorrentRegistry();
  /** Those that something may be due for: they have a swarm, or something to save. */
  readonly #busy = new Set<AnyTorrent>();
  /** Those that somebody to dial was named for. */
  readonly #dialling = new Set<AnyTorrent>();
  readonly #dialer: Dialer;
  readonly #acceptor: Acceptor;
  readonly #connections: OpenConnections;
  readonly #trackerClient: TrackerClient;
  readonly #hub: DatagramHub;
  readonly #blocked: BlockedAddresses;
  readonly #dht: DhtDiscovery | undefined;
  readonly #localDiscovery: LocalDiscovery | undefined;
  readonly #disk: DiskStores;
  readonly #webSeeds: WebSeedHost | undefined;
  readonly #torrentHost: TorrentHost;
  #ticker: Timer | undefined;
  #closing: Promise<void> | undefined;
  #dialDue = false;

  private constructor(options: ClientOptions) {
    checkClientOptions(options);
    const host = options.host ?? nodeHost;
    const { clock, network, random } = host;
    this.#options = options;
    this.#host = host;
    this.peerId = options.peerId ?? makePeerId(PEER_ID_CLIENT, PEER_ID_VERSION, random.bytes(12));
    this.#hub = new DatagramHub({ network, bind: options.bind, port: () => this.port });
    this.#blocked = new BlockedAddresses(options.ipFilter);
    const { isBlocked } = this.#blocked;
    const servers = {
      bind: options.bind,
      resolve: options.resolve,
      isBlocked: options.ipFilterServers === false ? () => false : isBlocked,
    };
    this.#trackerClient = options.trackerClient ?? openTrackerClient(host, this.#hub, servers);
    const { diskWorkers, diskThreads } = options;
    this.#disk = new DiskStores({
      threads: diskThreads,
      ...(diskWorkers === undefined ? {} : { workers: diskWorkers }),
    });
    const publicOnly = options.localServers !== 'all';
    this.#webSeeds = openWebSeeds(options.webSeeds, host, servers, publicOnly);
    this.#connections = new OpenConnections(clock);
    const shared = {
      network,
      clock,
      connections: this.#connections,
      peerId: this.peerId,
      reserved: RESERVED,
      freeConnections: () => this.#freeConnections(),
    };
    this.#dialer = new Dialer({
      ...shared,
      bind: options.bind,
      maxHalfOpen: options.maxHalfOpen ?? clientDefaults.maxHalfOpen,
      torrents: () => this.#withPeers(),
    });
    this.#acceptor = new Acceptor({
      ...shared,
      isBlocked,
      find: (name) => this.#torrents.named(name),
    });
    this.#dht = openDht(options, host, this.#hub, isBlocked, () => this.port);
    if (options.localDiscovery ?? !isBoundToLoopback(options)) {
      this.#localDiscovery = new LocalDiscovery({
        network,
        clock,
        random,
        find: (infoHash) => this.#torrents.find(infoHash)?.discovery,
        port: () => this.port,
        bind: options.bind,
      });
    }
    this.#torrentHost = torrentHostOf(options, host, {
      peerId: this.peerId,
      acceptor: this.#acceptor,
      hub: this.#hub,
      disk: this.#disk,
      trackerClient: this.#trackerClient,
      dht: this.#dht,
      localDiscovery: this.#localDiscovery,
      webSeeds: this.#webSeeds,
      isBlocked,
      manager: this.#manager(),
    });
  }

  /**
   * Starts a client that listens. Rejects with a `NetError` where that is not possible, and with `ERR_CLIENT_OPTION` for an
   * option out of its range.
   */
  static async start(options: ClientOptions = {}): Promise<Client> {
    let client: Client | undefined;
    try {
      client = new Client(options);
      await client.#acceptor.listen(options.port ?? 0, options.bind);
    } catch (error) {
      await (client ?? options.diskThreads)?.close();
      throw error;
    }
    client.#ticker = client.#host.clock.setRepeating(() => client.#tick(), TICK_PERIOD);
    return client;
  }

  /** The TCP port it listens on. */
  get port(): number {
    return this.#acceptor.port;
  }

  /** Its node of the DHT; undefined where it has none, and until a torrent first needs it. */
  get dht(): DhtNode | undefined {
    return this.#dht?.node;
  }

  /** The addresses that it has nothing to do with; undefined: there are none. */
  get ipFilter(): AddressFilter | undefined {
    return this.#blocked.filter;
  }

  /**
   * From now on has nothing to do with other addresses than before: connections to those among them are ended (`peer` events say why),
   * and they are forgotten. Who was blocked before is not dialled until somebody names him again.
   */
  setIpFilter(filter: AddressFilter | undefined): void {
    this.#blocked.filter = filter;
    for (const torrent of this.#torrents) torrent.blockedChanged();
    this.#webSeeds?.transport.blockedChanged?.();
  }

  /** In the order in which they were added. `hasMetadata()` tells of each whether its files are known. */
  get torrents(): readonly AnyTorrent[] {
    return [...this.#torrents];
  }

  /**
   * The torrent of an info-hash: v1 (40 hexadecimal digits), or v2 (64, or the first 40 of them, as handshakes and trackers have
   * it). Undefined where there is none.
   */
  find(infoHash: string): AnyTorrent | undefined {
    return this.#torrents.find(infoHash);
  }

  /**
   * Adds a torrent, which then checks its data and starts. Rejects with a `MetainfoError` for a broken torrent and with
   * `ERR_CLIENT_DUPLICATE` for one that is there already, by either of its hashes; what goes wrong later is the torrent's own
   * state `error`.
   */
  add(source: Uint8Array | Metainfo, options: AddOptions): Promise<Torrent>;
  /**
   * Adds the torrent of a magnet link (BEP 9), which first gets its metadata from peers: those of its trackers (`tr`), those the
   * link names by address (`x.pe`; host names are not looked up), and those of the options. `so` chooses files unless the options
   * do. {@link AnyTorrent.metadata} says when the files are known. Rejects as above.
   */
  add(source: TorrentSource, options: AddOptions): Promise<AnyTorrent>;
  add(source: TorrentSource, options: AddOptions): Promise<AnyTorrent> {
    if (source instanceof Uint8Array && source.length > LARGE_LENGTH) {
      return parseMetainfoAsync(source).then((metainfo) => this.#add(metainfo, options));
    }
    return new Promise((resolve) => resolve(this.#add(source, options)));
  }

  #add(source: TorrentSource, options: AddOptions): Torrent {
    if (this.#closing !== undefined) {
      throw new ClientError('ERR_CLIENT_CLOSED', 'The client is closed');
    }
    const parsed = parsedFrom(source);
    this.#checkFree(swarmNamesOf('info' in parsed ? parsed.info : parsed));
    const torrent = new Torrent(this.#torrentHost, parsed, options);
    this.#torrents.add(torrent);
    return torrent;
  }

  /**
   * Closes every torrent (resume data is saved, trackers hear `stopped`), then all sockets, files and workers. Idempotent.
   */
  close(options: { timeout?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeout ?? clientDefaults.closeTimeout);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeout: number): Promise<void> {
    this.#ticker?.cancel();
    this.#dialer.close();
    // Whatever cannot be closed, the rest is; then the first failure is told.
    const failures: unknown[] = [];
    for (const step of [
      () => Promise.all(this.torrents.map((torrent) => torrent.close(timeout))),
      () => this.#localDiscovery?.close(),
      () => this.#dht?.close(),
      () => this.#acceptor.close(),
      () => this.#connections.close(CLOSE_GRACE),
      () => this.#trackerClient.close(),
      () => this.#webSeeds?.transport.close(),
      () => this.#hub.close(),
      () => this.#disk.close(),
    ]) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** What torrents tell the manager and ask of it. */
  #manager(): TorrentManager {
    return {
      lenderOf: (infoHash) => this.#torrents.named(infoHash)?.lender,
      dial: (torrent) => {
        this.#dialling.add(torrent);
        this.#dialSoon();
      },
      busy: (torrent) => this.#busy.add(torrent),
      renamed: (torrent, names, rename) => {
        this.#checkFree(names, torrent);
        this.#torrents.rename(torrent, rename);
      },
      forget: (torrent) => {
        this.#busy.delete(torrent);
        this.#dialling.delete(torrent);
        this.#torrents.delete(torrent);
      },
    };
  }

  /** Throws `ERR_CLIENT_DUPLICATE` where a torrent other than `torrent` has one of these names. */
  #checkFree(names: SwarmNames, torrent?: AnyTorrent): void {
    const known = this.#torrents.clash(names, torrent);
    if (known === undefined) return;
    const { infoHashHex } = known;
    throw new ClientError('ERR_CLIENT_DUPLICATE', `The torrent ${infoHashHex} is there already`);
  }

  #tick(): void {
    const now = this.#host.clock.now();
    for (const torrent of this.#busy) if (!torrent.tick(now)) this.#busy.delete(torrent);
    this.#dht?.tick(now);
    this.#localDiscovery?.tick(now);
    this.#dialer.run();
  }

  /** Dials once the present turn of events is over, however many ask for it. */
  #dialSoon(): void {
    if (this.#dialDue) return;
    this.#dialDue = true;
    queueMicrotask(() => {
      this.#dialDue = false;
      if (this.#closing === undefined) this.#dialer.run();
    });
  }

  *#withPeers(): Generator<AnyTorrent, void, undefined> {
    for (const torrent of this.#dialling) {
      if (torrent.knowsPeers) yield torrent;
      else if (!torrent.remembersPeers) this.#dialling.delete(torrent);
    }
  }

  #freeConnections(): number {
    const used = this.#connections.size + this.#dialer.connecting;
    return Math.max(0, (this.#options.maxPeers ?? clientDefaults.maxPeers) - used);
  }
}

function parsedFrom(source: TorrentSource): Metainfo | MagnetLink {
  if (typeof source === 'string') return parseMagnet(source);
  return source instanceof Uint8Array ? parseMetainfo(source) : source;
}
