import type { Endpoint } from '@shoal/net';
import { DhtError } from './errors.ts';
import type { FamilyNode } from './family-node.ts';
import { MAX_SALT_BYTES, type Item } from './items/item.ts';
import { itemFault, replacementFault } from './items/put-rules.ts';
import { itemTarget, mutableTarget } from './items/target.ts';
import { ID_BYTES, KEY_BYTES, type Family, type QueryBody } from './krpc/index.ts';
import type { LookupOutcome, LookupPurpose } from './lookup/lookup.ts';
import type { LookupQueue } from './lookup/lookup-queue.ts';
import {
  GetItemPurpose,
  GetPeersPurpose,
  PeerCollector,
  SamplePurpose,
  ScrapePurpose,
} from './lookup/purposes.ts';
import type { Candidate } from './lookup/shortlist.ts';
import type { DhtCallOptions } from './options.ts';
import type {
  AnnounceResult,
  CallFigures,
  GetResult,
  LookupResult,
  PutResult,
  SampleResult,
  ScrapeResult,
} from './results.ts';
import { ScrapeFilter } from './scrape-filter.ts';
import type { QueryHandler } from './server/query-handler.ts';

/** Options of {@link DhtNode.lookup}. */
export interface LookupOptions extends DhtCallOptions {
  /** Told of peers as they are found, each once. */
  readonly onPeers?: ((peers: readonly Endpoint[]) => void) | undefined;
  /** False when seeds are of no use, because we have everything (BEP 33). Default true. */
  readonly seedsWanted?: boolean | undefined;
}

/** Options of {@link DhtNode.announce}. */
export interface AnnounceOptions extends LookupOptions {
  /** The port peers can connect to, 1–65,535. */
  readonly port: number;
  /** The port our datagrams come from counts instead, as after a NAT: for who has uTP on the same socket. Default false. */
  readonly impliedPort?: boolean | undefined;
  /** We have everything (BEP 33). Default false. */
  readonly seed?: boolean | undefined;
}

/** Options of {@link DhtNode.put}. */
export interface PutOptions extends DhtCallOptions {
  /** Store a mutable item only where the present one has this sequence number. */
  readonly cas?: bigint | undefined;
}

/** Where an item is: its target, or the public key (32 bytes) and salt (at most 64 bytes) of a mutable one. */
export type ItemPlace =
  Uint8Array | { readonly publicKey: Uint8Array; readonly salt?: Uint8Array | undefined };

/** What {@link Searches} need of a node. */
export interface SearchesHost {
  readonly families: readonly FamilyNode[];
  readonly queue: LookupQueue;
  readonly handler: QueryHandler;
  /** Ends everything. */
  readonly closing: AbortSignal;
  /** What replies to a family's lookups should tell nodes of (BEP 32). */
  want(family: Family): readonly Family[];
  /** Resolves when the first bootstrap has ended, whatever came of it. */
  ready(signal: AbortSignal): Promise<void>;
}

/** One lookup in each family, and what came of it. */
interface Search<Purpose> {
  readonly node: FamilyNode;
  readonly purpose: Purpose;
  readonly outcome: LookupOutcome;
}

/** The calls of a node that look something up: each is a lookup in every family, and sometimes a query to the closest nodes. */
export class Searches {
  readonly #host: SearchesHost;

  constructor(host: SearchesHost) {
    this.#host = host;
  }

  lookup(infoHash: Uint8Array, options: LookupOptions): Promise<LookupResult> {
    checkId(infoHash, 'an info-hash');
    return this.#run(options, async (signal) => {
      const { peers, searches } = await this.#findPeers(infoHash, options, signal);
      return { peers, ...figures(searches) };
    });
  }

  announce(infoHash: Uint8Array, options: AnnounceOptions): Promise<AnnounceResult> {
    checkId(infoHash, 'an info-hash');
    const { port, impliedPort = false, seed = false } = options;
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new DhtError('ERR_DHT_ARGUMENT', `a port is 1 to 65,535, not ${port}`);
    }
    return this.#run(options, async (signal) => {
      const { peers, searches } = await this.#findPeers(infoHash, options, signal);
      const { stored } = await this.#store(searches, (token) => {
        return { method: 'announce_peer', infoHash, port, impliedPort, seed, token };
      });
      signal.throwIfAborted();
      return { peers, stored, ...figures(searches) };
    });
  }

  get(place: ItemPlace, options: DhtCallOptions): Promise<GetResult> {
    const [target, salt] = targetOf(place);
    return this.#run(options, async (signal) => {
      const stored = this.#host.handler.items.get(target);
      if (stored?.kind === 'immutable') return { item: stored, queries: 0, answers: 0, hops: 0 };
      const searches = await this.#search(
        (want) => new GetItemPurpose(target, salt, want, false),
        signal,
        stored !== undefined,
      );
      const found = searches.map(({ purpose }) => purpose.item);
      return { item: newest([stored, ...found]), ...figures(searches) };
    });
  }

  put(item: Item, options: PutOptions): Promise<PutResult> {
    const fault = itemFault(item);
    if (fault !== undefined) throw new DhtError('ERR_DHT_ITEM', `the item: ${fault.message}`);
    const target = itemTarget(item);
    const { cas } = options;
    return this.#run(options, async (signal) => {
      const salt = item.kind === 'mutable' ? item.salt : undefined;
      const searches = await this.#search(
        (want) => new GetItemPurpose(target, salt, want, true),
        signal,
      );
      // Nodes that have not heard of a newer item would take this one.
      const present = newest(searches.map(({ purpose }) => purpose.item));
      const conflict = replacementFault(item, present, cas);
      if (conflict !== undefined) {
        throw new DhtError('ERR_DHT_NOT_STORED', `error ${conflict.code}: ${conflict.message}`);
      }
      const { stored, refusal } = await this.#store(searches, (token) =>
        putQuery(item, token, cas),
      );
      signal.throwIfAborted();
      if (stored === 0) {
        throw new DhtError('ERR_DHT_NOT_STORED', `no node took the item: ${refusal}`);
      }
      return { target, stored, ...figures(searches) };
    });
  }

  scrape(infoHash: Uint8Array, options: DhtCallOptions): Promise<ScrapeResult> {
    checkId(infoHash, 'an info-hash');
    return this.#run(options, async (signal) => {
      const own = this.#host.handler.peers.scrape(infoHash);
      const searches = await this.#search(
        (want) => new ScrapePurpose(infoHash, want),
        signal,
        own !== undefined,
      );
      const seeds = own?.seeds ?? ScrapeFilter.empty();
      const peers = own?.peers ?? ScrapeFilter.empty();
      let nodes = 0;
      for (const { purpose } of searches) {
        seeds.merge(purpose.seeds);
        peers.merge(purpose.peers);
        nodes += purpose.tellers;
      }
      return { seeds: sizeOf(seeds), peers: sizeOf(peers), nodes, ...figures(searches) };
    });
  }

  sample(target: Uint8Array, options: DhtCallOptions): Promise<SampleResult> {
    checkId(target, 'a target');
    return this.#run(options, async (signal) => {
      const searches = await this.#search((want) => new SamplePurpose(target, want), signal);
      const found = new Map<string, Uint8Array>();
      let nodes = 0;
      for (const { purpose } of searches) {
        for (const [key, infoHash] of purpose.samples) found.set(key, infoHash);
        nodes += purpose.tellers;
      }
      return { infoHashes: [...found.values()], nodes, ...figures(searches) };
    });
  }

  async #findPeers(
    infoHash: Uint8Array,
    { onPeers, seedsWanted = true }: LookupOptions,
    signal: AbortSignal,
  ): Promise<{ peers: Endpoint[]; searches: Search<GetPeersPurpose>[] }> {
    const collector = new PeerCollector(onPeers);
    for (const { family } of this.#host.families) {
      // What others have announced to us is as good as what they announced to anybody else.
      const own = this.#host.handler.peers.get(infoHash, family, { noSeed: !seedsWanted });
      collector.addOwn(own);
    }
    const searches = await this.#search(
      (want) => new GetPeersPurpose(infoHash, want, !seedsWanted, collector),
      signal,
      collector.peers.length > 0,
    );
    return { peers: collector.peers, searches };
  }

  /** Makes a lookup in each family that has contacts. */
  async #search<Purpose extends LookupPurpose>(
    purposeFor: (want: readonly Family[]) => Purpose,
    signal: AbortSignal,
    mayBeAlone = false,
  ): Promise<Search<Purpose>[]> {
    const nodes = this.#host.families.filter(({ table }) => table.size > 0);
    if (nodes.length === 0 && !mayBeAlone) {
      throw new DhtError('ERR_DHT_NO_NODES', 'no other node of the DHT is known, or none answers');
    }
    return Promise.all(
      nodes.map(async (node) => {
        const purpose = purposeFor(this.#host.want(node.family));
        return { node, purpose, outcome: await node.lookup(purpose, signal) };
      }),
    );
  }

  /** Sends a query with their token to the closest nodes that gave one. Never rejects. */
  async #store(
    searches: readonly Search<LookupPurpose>[],
    queryWith: (token: Uint8Array) => QueryBody,
  ): Promise<{ stored: number; refusal: string }> {
    const answers = searches.flatMap(({ node, outcome }) =>
      outcome.closest.map(async ({ endpoint, id, token }: Candidate) =>
        token === undefined ? 'no token' : node.ask(endpoint, id, queryWith(token)),
      ),
    );
    let stored = 0;
    let refusal = 'none answered';
    for (const answer of await Promise.all(answers)) {
      if (answer === true) stored++;
      else if (typeof answer === 'object') refusal = `error ${answer.code}`;
    }
    return { stored, refusal };
  }

  /** Waits for the first bootstrap and for its turn. */
  async #run<T>(
    { signal, priority = 'normal' }: DhtCallOptions,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { closing, queue } = this.#host;
    closing.throwIfAborted();
    signal?.throwIfAborted();
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal?.reason);
    const onClosing = (): void => controller.abort(closing.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    closing.addEventListener('abort', onClosing, { once: true });
    try {
      await this.#host.ready(controller.signal);
      return await queue.run(priority, controller.signal, () => task(controller.signal));
    } finally {
      signal?.removeEventListener('abort', onAbort);
      closing.removeEventListener('abort', onClosing);
    }
  }
}

function putQuery(item: Item, token: Uint8Array, cas: bigint | undefined): QueryBody {
  if (item.kind === 'immutable') return { method: 'put', token, value: item.value };
  const { value, key, seq, signature } = item;
  const salt = item.salt.length === 0 ? undefined : item.salt;
  return { method: 'put', token, value, key, seq, signature, salt, cas };
}

function figures(searches: readonly Search<LookupPurpose>[]): CallFigures {
  let queries = 0;
  let answers = 0;
  let hops = 0;
  for (const { outcome } of searches) {
    queries += outcome.queries;
    answers += outcome.answers;
    hops = Math.max(hops, outcome.hops);
  }
  return { queries, answers, hops };
}

function newest(items: readonly (Item | undefined)[]): Item | undefined {
  let best: Item | undefined;
  for (const item of items) {
    if (item === undefined) continue;
    const better = best?.kind !== 'mutable' || (item.kind === 'mutable' && item.seq > best.seq);
    if (better) best = item;
  }
  return best;
}

function sizeOf(filter: ScrapeFilter): number {
  return filter.isEmpty ? 0 : filter.estimate();
}

function checkId(id: Uint8Array, what: string): void {
  if (id.length !== ID_BYTES) {
    throw new DhtError('ERR_DHT_ARGUMENT', `${what} has ${ID_BYTES} bytes, not ${id.length}`);
  }
}

function targetOf(place: ItemPlace): [target: Uint8Array, salt: Uint8Array | undefined] {
  if (place instanceof Uint8Array) {
    checkId(place, 'a target');
    // Copied, as what the caller does to his bytes later is his affair.
    return [new Uint8Array(place), undefined];
  }
  const { publicKey, salt } = place;
  if (publicKey.length !== KEY_BYTES || (salt?.length ?? 0) > MAX_SALT_BYTES) {
    throw new DhtError(
      'ERR_DHT_ARGUMENT',
      `a public key has ${KEY_BYTES} bytes, a salt at most ${MAX_SALT_BYTES}`,
    );
  }
  return [mutableTarget(publicKey, salt), salt];
}
