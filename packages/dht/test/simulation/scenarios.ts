import { ID_BYTES } from '../../src/index.ts';
import { DhtWorld, type DhtWorldOptions } from './dht-world.ts';

/** So that little virtual time passes, in which thousands of nodes have other things to do. */
const TRIES_AT_ONCE = 20;

/** What came of many lookups. */
export interface LookupFigures {
  readonly tries: number;
  readonly successes: number;
  /** Medians of successful lookups. */
  readonly hops: number;
  readonly queries: number;
  readonly milliseconds: number;
  /** Of all. */
  readonly worstQueries: number;
  readonly worstMilliseconds: number;
  /** Nodes that took an announce, median. */
  readonly stored: number;
}

/**
 * Announces torrents from random nodes and looks them up from other random nodes. A lookup succeeds when it finds the peer that
 * was announced.
 */
export async function tryLookups(dht: DhtWorld, tries: number): Promise<LookupFigures> {
  const hops: number[] = [];
  const queries: number[] = [];
  const times: number[] = [];
  const stored: number[] = [];
  let successes = 0;
  const tryOne = async (): Promise<void> => {
    const infoHash = dht.random.bytes(ID_BYTES);
    const seeder = dht.any();
    const port = 1 + dht.random.integer(65_535);
    const announced = await seeder.node.announce(infoHash, { port });
    stored.push(announced.stored);
    let leecher = dht.any();
    while (leecher === seeder) leecher = dht.any();
    const from = dht.world.now;
    const found = await leecher.node.lookup(infoHash);
    times.push(dht.world.now - from);
    queries.push(found.queries);
    const { address } = seeder.host;
    if (found.peers.some((peer) => peer.address === address && peer.port === port)) successes++;
    hops.push(found.hops);
  };
  for (let done = 0; done < tries; done += TRIES_AT_ONCE) {
    const batch = Math.min(TRIES_AT_ONCE, tries - done);
    await dht.until(Promise.all(Array.from({ length: batch }, tryOne)));
  }
  return {
    tries,
    successes,
    hops: median(hops),
    queries: median(queries),
    milliseconds: Math.round(median(times)),
    worstQueries: Math.max(...queries),
    worstMilliseconds: Math.round(Math.max(...times)),
    stored: median(stored),
  };
}

/** What came of lookups in a network whose nodes come and go. */
export interface ChurnFigures {
  readonly joined: number;
  readonly left: number;
  readonly lookups: LookupFigures;
  /** Datagrams an honest node has sent. */
  readonly sentPerNodeAndSecond: number;
}

/** For `minutes` of virtual time nodes come and go, so that half of them are others after an hour; meanwhile torrents are looked up. */
export async function churn(
  dht: DhtWorld,
  minutes: number,
  triesPerMinute: number,
): Promise<ChurnFigures> {
  const perMinute = Math.max(1, Math.round(dht.members.length / 2 / 60));
  const before = dht.sentDatagrams;
  const started = dht.world.now;
  let left = 0;
  let joined = 0;
  const all: LookupFigures[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    for (let count = 0; count < perMinute; count++) {
      dht.kill(dht.any());
      left++;
      await dht.join();
      joined++;
    }
    const from = dht.world.now;
    all.push(await tryLookups(dht, triesPerMinute));
    await dht.settle(Math.max(0, 60_000 - (dht.world.now - from)));
  }
  const seconds = (dht.world.now - started) / 1000;
  return {
    joined,
    left,
    lookups: together(all),
    sentPerNodeAndSecond: (dht.sentDatagrams - before) / dht.members.length / seconds,
  };
}

function together(all: readonly LookupFigures[]): LookupFigures {
  const sum = (of: (each: LookupFigures) => number): number =>
    all.reduce((total, each) => total + of(each), 0);
  const middle = (of: (each: LookupFigures) => number): number => median(all.map(of));
  return {
    tries: sum(({ tries }) => tries),
    successes: sum(({ successes }) => successes),
    hops: middle(({ hops }) => hops),
    queries: middle(({ queries }) => queries),
    milliseconds: middle(({ milliseconds }) => milliseconds),
    worstQueries: Math.max(...all.map(({ worstQueries }) => worstQueries)),
    worstMilliseconds: Math.max(...all.map(({ worstMilliseconds }) => worstMilliseconds)),
    stored: middle(({ stored }) => stored),
  };
}

/** A world, built. */
export async function buildWorld(options: DhtWorldOptions): Promise<DhtWorld> {
  const dht = new DhtWorld(options);
  await dht.build();
  return dht;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? 0;
}
