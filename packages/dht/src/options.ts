import type { Clock, Endpoint, Host, Random, Resolve } from '@shoal/net';
import type { BootstrapNode } from './bootstrap.ts';
import { DEFAULT_MAX_ITEMS, DEFAULT_PUT_LIMIT } from './items/item-store.ts';
import type { Family } from './krpc/index.ts';
import {
  DEFAULT_MAX_IN_FLIGHT,
  DEFAULT_MAX_LOOKUPS,
  DEFAULT_MAX_QUEUED_LOOKUPS,
} from './limits.ts';
import type { LookupPriority } from './lookup/lookup-queue.ts';
import { DEFAULT_MAX_INFO_HASHES, DEFAULT_MAX_PEERS } from './peers/peer-store.ts';
import { DEFAULT_MAX_NETWORKS } from './rate-limits.ts';
import type { SendDatagram } from './rpc/messenger.ts';
import type { RateLimit } from './token-bucket.ts';

/** Where mainline's first nodes are: those that the common clients ask, too. */
export const MAINLINE_BOOTSTRAP: readonly string[] = [
  'router.bittorrent.com:6881',
  'dht.transmissionbt.com:6881',
  'dht.libtorrent.org:25401',
  'router.utorrent.com:6881',
];

/** What one node may use; each has a default. */
export interface DhtLimits {
  /** Queries of ours under way at the same time, per address family. Default 512. */
  readonly maxInFlight: number;
  /** Lookups that run at the same time; others wait. Default 16. */
  readonly maxLookups: number;
  /** Lookups that wait; more are refused with `ERR_DHT_BUSY`. Default 20,000. */
  readonly maxQueuedLookups: number;
  /** Queries answered to one network (an IPv4 address, an IPv6 /64). Default 10 a second, 100 at once. */
  readonly queriesPerNetwork: RateLimit;
  /**
   * Items (BEP 44) taken from one network, whose signatures cost time to verify. Default 2 a second, 60 at once: who keeps up the 50
   * items that one network may have stored puts all of them at once.
   */
  readonly putsPerNetwork: RateLimit;
  /** Queries answered in all. Default 2,000 a second, 4,000 at once. */
  readonly queriesOverall: RateLimit;
  /**
   * Bytes by which replies to one network may be longer than its queries, so that who sends queries with a forged sender gains
   * nothing. Default 4,096 a second, 32,768 at once.
   */
  readonly excessPerNetwork: RateLimit;
  /** Networks of which the above is remembered. Default 16,384. */
  readonly maxNetworks: number;
  /** Peers that are stored for others. Default 1,000,000. */
  readonly maxPeers: number;
  /** Info-hashes that peers are stored for. Default 250,000. */
  readonly maxInfoHashes: number;
  /** Items that are stored for others. Default 1,000. */
  readonly maxItems: number;
}

export const DEFAULT_LIMITS: DhtLimits = {
  maxInFlight: DEFAULT_MAX_IN_FLIGHT,
  maxLookups: DEFAULT_MAX_LOOKUPS,
  maxQueuedLookups: DEFAULT_MAX_QUEUED_LOOKUPS,
  queriesPerNetwork: { rate: 10, burst: 100 },
  putsPerNetwork: DEFAULT_PUT_LIMIT,
  queriesOverall: { rate: 2_000, burst: 4_000 },
  excessPerNetwork: { rate: 4_096, burst: 32_768 },
  maxNetworks: DEFAULT_MAX_NETWORKS,
  maxPeers: DEFAULT_MAX_PEERS,
  maxInfoHashes: DEFAULT_MAX_INFO_HASHES,
  maxItems: DEFAULT_MAX_ITEMS,
};

/** Options that do not depend on who owns the socket. */
interface CommonOptions {
  /**
   * Our own id, 20 bytes, in every family. Default: the one of `state`, else a random one, which is replaced by one that
   * follows from our address (BEP 42) when that is known.
   */
  readonly nodeId?: Uint8Array | undefined;
  /** What {@link DhtNode.state} gave in an earlier run. What cannot be read is ignored. */
  readonly state?: Uint8Array | undefined;
  /** Answer no queries, and say so (BEP 43): for programs that run a moment only, or cannot be reached. Default false. */
  readonly readOnly?: boolean | undefined;
  /** First nodes, as endpoints or as `host:port`. Default: none; see {@link MAINLINE_BOOTSTRAP}. */
  readonly bootstrap?: readonly (string | Endpoint)[] | undefined;
  /** Finds the addresses of names in `bootstrap`. Without it names are left out. */
  readonly resolve?: Resolve | undefined;
  readonly limits?: Partial<DhtLimits> | undefined;
  /** Our address as others see it has become known, or another one. */
  readonly onExternalAddress?: ((address: string) => void) | undefined;
}

/** Options of `new DhtNode`. */
export interface DhtNodeOptions extends CommonOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: SendDatagram;
  /** The address families datagrams can be sent in. Default IPv4 only. */
  readonly families?: readonly Family[] | undefined;
}

/** Options of {@link DhtNode.open}. */
export interface DhtOpenOptions extends CommonOptions {
  /** Network, clock and randomness. Default: those of Node. */
  readonly host?: Host | undefined;
  /** UDP port, the same for all addresses; 0 for any. Default 0. */
  readonly port?: number | undefined;
  /** Local addresses to bind, at most one of each family; `::` serves both. Default `0.0.0.0`. */
  readonly addresses?: readonly string[] | undefined;
}

/** What every call that looks something up takes. */
export interface DhtCallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whose turn it is when many lookups wait. Default `normal`. */
  readonly priority?: LookupPriority | undefined;
}

/** Reads `host:port` and endpoints; undefined for what is neither. */
export function parseBootstrapNode(node: string | Endpoint): BootstrapNode | undefined {
  if (typeof node !== 'string') return { host: node.address, port: node.port };
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):([0-9]{1,5})$/.exec(node);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || !(port >= 1 && port <= 65_535)) return undefined;
  return { host, port };
}
