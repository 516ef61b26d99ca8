import { addressKind, endpointKey, type Clock, type Endpoint, type Random } from '@shoal/net';
import { AddressVotes } from './address-votes.ts';
import {
  decodeEndpoint,
  decodeNodes,
  familyOf,
  type Family,
  type KrpcErrorMessage,
  type KrpcResponse,
  type NodeInfo,
  type QueryBody,
} from './krpc/index.ts';
import {
  BUCKET_SIZE,
  FEW_CONTACTS,
  MAX_ADDED_NODES,
  MAX_NODES_PER_REPLY,
  MAX_VERIFYING,
} from './limits.ts';
import {
  Lookup,
  type LookupHost,
  type LookupOutcome,
  type LookupPurpose,
} from './lookup/lookup.ts';
import type { Messenger } from './rpc/messenger.ts';
import {
  Transactions,
  type FailureReason,
  type OutgoingQuery,
  type TransactionHost,
} from './rpc/transactions.ts';
import { isNodeIdValid, makeNodeId } from './security-id.ts';
import { mayBeTold } from './table/network.ts';
import { RoutingTable } from './table/routing-table.ts';

/** What a {@link FamilyNode} needs. */
export interface FamilyNodeOptions {
  readonly family: Family;
  readonly clock: Clock;
  readonly random: Random;
  readonly messenger: Messenger;
  /** Our own id, 20 bytes. */
  readonly id: Uint8Array;
  /** The id stays, whatever our address turns out to be. */
  readonly fixedId: boolean;
  readonly maxInFlight: number;
  /** Nodes of the other family were told. */
  readonly onOtherFamily: (nodes: NodeInfo[]) => void;
  /** The table was empty, and is not any more. */
  readonly onFirstContact: () => void;
  /** Our external address has become known, or another one. */
  readonly onExternalAddress: (address: string) => void;
  /** The id was changed (BEP 42). */
  readonly onId: (id: Uint8Array) => void;
}

const PING: QueryBody = { method: 'ping' };

/** The DHT of one address family (BEP 32): our id and routing table there, queries and lookups. */
export class FamilyNode implements LookupHost, TransactionHost {
  readonly family: Family;
  readonly table: RoutingTable;
  readonly transactions: Transactions;
  readonly #options: FamilyNodeOptions;
  readonly #votes = new AddressVotes();
  readonly #lookups = new Set<Lookup>();
  /** Endpoints to be pinged, to see whether there are nodes. */
  readonly #toVerify = new Map<string, Endpoint>();
  #verifying = 0;

  constructor(options: FamilyNodeOptions) {
    const { family, clock, random, id } = options;
    this.#options = options;
    this.family = family;
    this.table = new RoutingTable(id, random, clock.now());
    this.transactions = new Transactions(clock, random, options.maxInFlight, this);
  }

  get id(): Uint8Array {
    return this.table.id;
  }

  /** Our address as most nodes see it, if it is clear. */
  get externalAddress(): string | undefined {
    return this.#votes.elected;
  }

  get hasFewContacts(): boolean {
    const now = this.#options.clock.now();
    return this.table.closest(this.id, FEW_CONTACTS, now).length < FEW_CONTACTS;
  }

  start(query: OutgoingQuery): void {
    this.transactions.start(query);
  }

  send(query: OutgoingQuery, transaction: Uint8Array): void {
    this.#options.messenger.query(query.endpoint, transaction, this.id, query.body());
  }

  onAnswered(endpoint: Endpoint, { id, ip }: KrpcResponse): void {
    const before: number = this.table.size;
    this.ping(this.table.replied({ id, endpoint }, this.#options.clock.now()));
    if (before === 0 && this.table.size > 0) this.#options.onFirstContact();
    const external = ip === undefined ? undefined : decodeEndpoint(ip);
    if (external !== undefined && familyOf(external.address) === this.family) {
      this.#vote(external.address, endpoint.address);
    }
  }

  onTimedOut(endpoint: Endpoint): void {
    this.table.failed(endpoint);
  }

  onOtherFamily(bytes: Uint8Array, from: Endpoint): void {
    const kind = addressKind(from.address);
    const nodes = decodeNodes(bytes, this.family === 4 ? 6 : 4, MAX_NODES_PER_REPLY);
    this.#options.onOtherFamily(nodes.filter(({ endpoint }) => mayBeTold(endpoint.address, kind)));
  }

  /** Somebody has queried us. */
  onQueried(node: NodeInfo): void {
    // When more is under way, this one is let go: it will ask again.
    if (this.table.queried(node, this.#options.clock.now()) && this.#verifying < MAX_VERIFYING) {
      this.verify({ address: node.endpoint.address, port: node.endpoint.port });
    }
  }

  /** Pings a contact, unless that is being done. */
  ping(contact: (NodeInfo & { pinging: boolean }) | undefined): void {
    if (contact === undefined || contact.pinging) return;
    contact.pinging = true;
    const settled = (): void => {
      contact.pinging = false;
    };
    this.start(new SimpleQuery(contact.endpoint, contact.id, PING, settled, settled));
  }

  /** Pings an endpoint, to take it into the table if there is a node; soon, when many are being pinged. */
  verify(endpoint: Endpoint): void {
    if (this.#toVerify.size >= MAX_ADDED_NODES) return;
    this.#toVerify.set(endpointKey(endpoint), endpoint);
    this.#verifyMore();
  }

  /** Asks an endpoint whose id is not known for nodes close to our own id. Never rejects: undefined where nothing came of it. */
  askForNodes(endpoint: Endpoint, want: readonly Family[]): Promise<NodeInfo[] | undefined> {
    const query: QueryBody = { method: 'find_node', target: this.id, want };
    return new Promise((resolve) => {
      const onResponse = ({ id, body: { nodes, nodes6 } }: KrpcResponse): void => {
        const [own, other] = this.family === 4 ? [nodes, nodes6] : [nodes6, nodes];
        if (other !== undefined) this.onOtherFamily(other, endpoint);
        const kind = addressKind(endpoint.address);
        const told = own === undefined ? [] : decodeNodes(own, this.family, MAX_NODES_PER_REPLY);
        const usable = told.filter((node) => mayBeTold(node.endpoint.address, kind));
        resolve([{ id: new Uint8Array(id), endpoint }, ...usable]);
      };
      const failed = (): void => resolve(undefined);
      this.start(new SimpleQuery(endpoint, undefined, query, onResponse, failed));
    });
  }

  /** Sends one query to a node; resolves to its error, `true` for a response, or why there was none. Never rejects. */
  ask(
    endpoint: Endpoint,
    id: Uint8Array,
    body: QueryBody,
  ): Promise<true | FailureReason | { readonly code: number; readonly message: string }> {
    return new Promise((resolve) => {
      const onFailure = (reason: FailureReason, error?: KrpcErrorMessage): void =>
        resolve(error === undefined ? reason : { code: error.code, message: error.message });
      this.start(new SimpleQuery(endpoint, id, body, () => resolve(true), onFailure));
    });
  }

  /** Makes a lookup, beginning with our own contacts and `seeds`. Rejects with the signal's reason only. */
  lookup(
    purpose: LookupPurpose,
    signal: AbortSignal,
    seeds: readonly NodeInfo[] = [],
  ): Promise<LookupOutcome> {
    const now = this.#options.clock.now();
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const end = (): void => {
        this.#lookups.delete(lookup);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        lookup.abort();
        end();
        reject(signal.reason as Error);
      };
      const lookup = new Lookup(this, purpose, (outcome) => {
        end();
        resolve(outcome);
      });
      this.#lookups.add(lookup);
      signal.addEventListener('abort', onAbort, { once: true });
      const known = this.table.candidates(purpose.target, 2 * BUCKET_SIZE, now);
      lookup.start([...known, ...seeds]);
    });
  }

  /** Ends all queries and lookups. */
  close(): void {
    this.#toVerify.clear();
    for (const lookup of this.#lookups) lookup.abort();
    this.transactions.close();
  }

  #verifyMore(): void {
    for (const [key, endpoint] of this.#toVerify) {
      if (this.#verifying >= MAX_VERIFYING) return;
      this.#toVerify.delete(key);
      this.#verifying++;
      const settled = (): void => {
        this.#verifying--;
        this.#verifyMore();
      };
      this.start(new SimpleQuery(endpoint, undefined, PING, settled, settled));
    }
  }

  #vote(address: string, voter: string): void {
    if (!this.#votes.add(address, voter)) return;
    const { fixedId, random, clock, onId, onExternalAddress } = this.#options;
    if (!fixedId && !isNodeIdValid(this.id, address)) {
      const id = makeNodeId(address, random);
      this.table.rebase(id, clock.now());
      onId(id);
    }
    onExternalAddress(address);
  }
}

/** A query that is no part of a lookup. */
class SimpleQuery implements OutgoingQuery {
  readonly endpoint: Endpoint;
  readonly expectedId: Uint8Array | undefined;
  readonly onResponse: (response: KrpcResponse) => void;
  readonly onFailure: (reason: FailureReason, error?: KrpcErrorMessage) => void;
  readonly #body: QueryBody;

  constructor(
    endpoint: Endpoint,
    expectedId: Uint8Array | undefined,
    body: QueryBody,
    onResponse: (response: KrpcResponse) => void,
    onFailure: (reason: FailureReason, error?: KrpcErrorMessage) => void,
  ) {
    this.endpoint = endpoint;
    this.expectedId = expectedId;
    this.#body = body;
    this.onResponse = onResponse;
    this.onFailure = onFailure;
  }

  body(): QueryBody {
    return this.#body;
  }
}
