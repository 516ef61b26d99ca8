import type { Endpoint } from '@shoal/net';
import type { Item } from './items/item.ts';
import type { Family } from './krpc/index.ts';
import type { TransactionCounts } from './rpc/transactions.ts';
import type { QueryCounts } from './server/query-handler.ts';

/** How a call has gone, all families together. */
export interface CallFigures {
  /** Nodes asked. */
  readonly queries: number;
  /** Nodes that answered. */
  readonly answers: number;
  /** Replies it took to hear of the node closest to the target; 1 when we knew it, 0 when nobody answered. */
  readonly hops: number;
}

/** What {@link DhtNode.lookup} has found. */
export interface LookupResult extends CallFigures {
  /** Peers of the torrent, without duplicates, at most 2,000 per call; unverified, as anybody may announce anything. */
  readonly peers: readonly Endpoint[];
}

/** What {@link DhtNode.announce} has found and done. */
export interface AnnounceResult extends LookupResult {
  /** Nodes that took the announce; 0 when none did. They forget it after about half an hour. */
  readonly stored: number;
}

/** What {@link DhtNode.get} has found. */
export interface GetResult extends CallFigures {
  /** The item, its hash or signature verified; undefined where there is none. */
  readonly item: Item | undefined;
}

/** What {@link DhtNode.put} has done. */
export interface PutResult extends CallFigures {
  /** Where the item is found, 20 bytes. */
  readonly target: Uint8Array;
  /** Nodes that took the item, at least 1. They forget it after two hours. */
  readonly stored: number;
}

/** What {@link DhtNode.scrape} has found (BEP 33): estimates. */
export interface ScrapeResult extends CallFigures {
  /** Peers that have everything. */
  readonly seeds: number;
  /** Peers that do not. */
  readonly peers: number;
  /** Nodes that answered the scrape; the estimates are 0 where none did. */
  readonly nodes: number;
}

/** What {@link DhtNode.sample} has found (BEP 51). */
export interface SampleResult extends CallFigures {
  /** Info-hashes, 20 bytes each, without duplicates; at most 10,000. */
  readonly infoHashes: readonly Uint8Array[];
  /** Nodes that gave samples. */
  readonly nodes: number;
}

/** Figures of one address family. */
export interface FamilyStats {
  readonly family: Family;
  /** Our id, 20 bytes. */
  readonly id: Uint8Array;
  readonly externalAddress: string | undefined;
  /** Nodes in the routing table. */
  readonly contacts: number;
  readonly buckets: number;
  /** Queries of ours under way, and those that wait. */
  readonly inFlight: number;
  readonly waiting: number;
  /** Milliseconds, smoothed; 0 before the first answer. */
  readonly roundTrip: number;
  /** Times bootstrapping was tried. */
  readonly bootstraps: number;
  readonly transactions: Readonly<TransactionCounts>;
}

/** Figures of a node since it was made. */
export interface DhtStats {
  readonly families: readonly FamilyStats[];
  /** Queries of others. */
  readonly queries: Readonly<QueryCounts>;
  /** Datagrams that are no KRPC message. */
  readonly malformed: number;
  readonly receivedDatagrams: number;
  readonly receivedBytes: number;
  readonly sentDatagrams: number;
  readonly sentBytes: number;
  /** Lookups that run, and those that wait. */
  readonly lookups: { readonly running: number; readonly waiting: number };
  /** What is stored for others. */
  readonly stored: {
    readonly torrents: number;
    readonly peers: number;
    readonly items: number;
  };
}
