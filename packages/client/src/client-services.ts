import { addressKind, type Host, parseAddress, type Reach, systemResolve } from '@shoal/net';
import { EncoderBufferPool } from '@shoal/peer-wire';
import {
  AnnounceScheduler,
  HttpTrackerClient,
  SchemeTrackerClient,
  type TrackerClient,
  UdpTrackerClient,
} from '@shoal/tracker';
import { CheckQueue } from './check-queue.ts';
import { GateTurns } from './choke/gate-turns.ts';
import { RateLimiter } from './choke/rate-limiter.ts';
import type { DatagramHub } from './datagram/datagram-hub.ts';
import { DhtDiscovery } from './discovery/dht-discovery.ts';
import { DhtStateFile } from './discovery/dht-state.ts';
import type { LocalDiscovery } from './discovery/local-discovery.ts';
import type { DiskStores } from './disk/disk-stores.ts';
import { LeafTurns } from './hashes/leaf-turns.ts';
import { MetadataMemory } from './metadata/metadata-memory.ts';
import { OpenTurns } from './open-turns.ts';
import { lookupWith } from './lookup-with.ts';
import { clientDefaults, type ClientOptions, type LocalServers } from './options.ts';
import type { Acceptor } from './peer/acceptor.ts';
import { PieceBuffers } from './piece/piece-buffers.ts';
import type { Lender } from './reuse/lender.ts';
import { LocalData } from './reuse/local-data.ts';
import type { ServerAccess } from './server-access.ts';
import type { TorrentHost } from './torrent-host.ts';
import type { WebSeedHost } from './web-seed/web-seeds.ts';

/** What torrents tell the manager and ask of it; implemented by `Client`. */
export interface TorrentManager extends Pick<TorrentHost, 'dial' | 'busy' | 'renamed' | 'forget'> {
  /** The torrent that has the data of this info-hash. */
  lenderOf(infoHash: Uint8Array): Lender | undefined;
}

/** What the client has that all its torrents share. */
export interface ClientServices {
  readonly peerId: Uint8Array;
  readonly acceptor: Acceptor;
  readonly hub: DatagramHub;
  readonly disk: DiskStores;
  readonly trackerClient: TrackerClient;
  readonly dht: DhtDiscovery | undefined;
  readonly localDiscovery: LocalDiscovery | undefined;
  readonly webSeeds: WebSeedHost | undefined;
  readonly isBlocked: (address: string) => boolean;
  readonly manager: TorrentManager;
}

/** Asks trackers over HTTP and UDP, the latter through the socket that all UDP goes through. */
export function openTrackerClient(
  { clock, random }: Host,
  hub: DatagramHub,
  { bind, resolve, isBlocked }: ServerAccess,
): TrackerClient {
  const web = new HttpTrackerClient({
    isBlocked,
    ...(bind === undefined ? {} : { bind }),
    ...(resolve === undefined ? {} : { lookup: lookupWith(resolve) }),
  });
  const overUdp = async (): Promise<TrackerClient> => {
    await hub.open();
    const client = new UdpTrackerClient({
      clock,
      random,
      families: hub.families,
      isBlocked,
      send: (datagram, to) => hub.send(datagram, to),
      ...(resolve === undefined ? {} : { resolve }),
    });
    hub.use('tracker', client);
    return client;
  };
  return new SchemeTrackerClient({ http: web, https: web, udp: overUdp });
}

/** The client's part in the DHT; undefined where it takes none. */
export function openDht(
  options: ClientOptions,
  host: Host,
  hub: DatagramHub,
  isBlocked: (address: string) => boolean,
  port: () => number,
): DhtDiscovery | undefined {
  const { dht = defaultDht(options), resumeDirectory } = options;
  if (dht === false) return undefined;
  const {
    bootstrap,
    readOnly = false,
    resolve = options.resolve ?? systemResolve,
  } = dht === true ? {} : dht;
  const { clock, random } = host;
  return new DhtDiscovery({
    clock,
    random,
    hub,
    isBlocked,
    port,
    bootstrap,
    resolve,
    readOnly,
    stateFile: resumeDirectory === undefined ? undefined : new DhtStateFile(resumeDirectory),
  });
}

/** Where the trackers that torrents name may be. */
const TRACKER_REACH: Readonly<Record<LocalServers, Reach>> = {
  none: 'public',
  trackers: 'local',
  all: 'any',
};

/** What the client lends to each of its torrents. */
export function torrentHostOf(
  options: ClientOptions,
  { clock, random }: Host,
  services: ClientServices,
): TorrentHost {
  const { acceptor, disk, hub, manager } = services;
  return {
    clock,
    random,
    peerId: services.peerId,
    get port() {
      return acceptor.port;
    },
    uploadSlots: options.uploadSlots ?? clientDefaults.uploadSlots,
    maxPeersPerTorrent: options.maxPeersPerTorrent ?? clientDefaults.maxPeersPerTorrent,
    buffers: new PieceBuffers({
      budget: options.pieceBufferBudget ?? clientDefaults.pieceBufferBudget,
    }),
    encoderPool: new EncoderBufferPool(),
    leafTurns: new LeafTurns(),
    localData:
      options.reuseLocalData === false
        ? undefined
        : new LocalData((infoHash) => manager.lenderOf(infoHash)),
    metadataMemory: new MetadataMemory(options.metadataBudget ?? clientDefaults.metadataBudget),
    checks: new CheckQueue(),
    openTurns: new OpenTurns(),
    saves: new CheckQueue(),
    isBlocked: services.isBlocked,
    trackerClient: services.trackerClient,
    trackerReach: TRACKER_REACH[options.localServers ?? 'trackers'],
    peerServices: [services.dht, services.localDiscovery].filter((each) => each !== undefined),
    dht: services.dht,
    get datagramPort() {
      return hub.port;
    },
    exchangesPeers: options.pex ?? true,
    announceScheduler: new AnnounceScheduler({ clock }),
    resumeDirectory: options.resumeDirectory,
    peerListOptions: {
      random,
      isBlocked: services.isBlocked,
      get ownPort() {
        return acceptor.port;
      },
    },
    downloadLimiter: new RateLimiter(options.maxDownloadRate),
    uploadLimiter: new RateLimiter(options.maxUploadRate),
    gateTurns: new GateTurns(clock),
    webSeeds: services.webSeeds,
    openStorage: (info, add, hashes) =>
      add.storage?.(info, add.directory, hashes) ??
      disk.open(info, add.directory, hashes, add.preallocate),
    uploadReader: (storage) => disk.uploadReader(storage),
    dial: (torrent) => manager.dial(torrent),
    busy: (torrent) => manager.busy(torrent),
    renamed: (torrent, names, rename) => manager.renamed(torrent, names, rename),
    forget: (torrent) => manager.forget(torrent),
  };
}

/** A client of a world of its own has no business in the real one. */
function defaultDht(options: ClientOptions): boolean {
  return options.host === undefined && !isBoundToLoopback(options);
}

/** It is to talk to this machine alone. */
export function isBoundToLoopback({ bind }: ClientOptions): boolean {
  return bind !== undefined && parseAddress(bind) !== undefined && addressKind(bind) === 'loopback';
}
