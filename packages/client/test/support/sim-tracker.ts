import type { Clock, Random } from '@shoal/net';
import {
  type AnnounceRequest,
  type AnnounceResponse,
  type ScrapeResponse,
  type TrackerCallOptions,
  type TrackerClient,
  TrackerError,
  type TrackerPeer,
} from '@shoal/tracker';

/** The announce URL of a {@link SimTracker}. */
export const TRACKER_URL = 'http://tracker.test/announce';

/** One announce, as the tracker saw it. */
export interface SeenAnnounce {
  readonly from: string;
  readonly at: number;
  readonly request: AnnounceRequest;
}

/** A tracker inside a simulated world: swarms in memory, answers after a round trip of virtual time. */
export class SimTracker {
  readonly seen: SeenAnnounce[] = [];
  /** Milliseconds from the announce to its answer. */
  latency = 60;
  /** Milliseconds; tells clients when to come back. */
  interval = 1_800;
  minInterval = 60;
  /** While false, every announce fails. */
  up = true;
  /** An info-hash it will not serve. */
  refuses: Uint8Array | undefined;
  /** Answers with the peers' ids, as trackers do whose lists are not compact. */
  namesPeerIds = false;
  readonly #random: Random;
  /** By info-hash, and who in it is. Those under no info-hash are in every swarm. */
  readonly #swarms = new Map<string, Map<string, TrackerPeer>>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Makes a peer known that does not announce itself; by default in every swarm. */
  put(peer: TrackerPeer, infoHash?: Uint8Array): void {
    this.#swarmOf(infoHash).set(`${peer.address} ${peer.port}`, peer);
  }

  /**
   * What `from` said, in order: `started`, `completed`, `stopped`, or `` for a regular announce; of one swarm where an info-hash
   * is given.
   */
  eventsOf(from: string, infoHash?: Uint8Array): string[] {
    return this.seen
      .filter((each) => each.from === from)
      .filter(({ request }) => infoHash === undefined || isSame(infoHash, request.infoHash))
      .map(({ request }) => request.event ?? '');
  }

  /** The tracker as one host sees it. */
  clientFor(host: { readonly address: string; readonly clock: Clock }): TrackerClient {
    return {
      announce: (_url, request, options) => this.#announce(host, request, options),
      scrape: () =>
        Promise.resolve<ScrapeResponse>({ files: new Map(), minRequestInterval: undefined }),
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  #announce(
    host: { readonly address: string; readonly clock: Clock },
    request: AnnounceRequest,
    options: TrackerCallOptions = {},
  ): Promise<AnnounceResponse> {
    return new Promise((resolve, reject) => {
      const timer = host.clock.setTimer(() => {
        options.signal?.removeEventListener('abort', aborted);
        const isRefused = this.refuses !== undefined && isSame(this.refuses, request.infoHash);
        if (this.up && !isRefused) resolve(this.#answer(host.address, host.clock.now(), request));
        else reject(new TrackerError('ERR_TRACKER_TIMEOUT', 'The tracker is down'));
      }, this.latency);
      const aborted = (): void => {
        timer.cancel();
        reject(options.signal?.reason as Error);
      };
      options.signal?.addEventListener('abort', aborted);
    });
  }

  #answer(from: string, at: number, request: AnnounceRequest): AnnounceResponse {
    this.seen.push({ from, at, request });
    const { infoHash, port, peerId, event, numwant = 50 } = request;
    const key = `${from} ${port}`;
    const swarm = this.#swarmOf(infoHash);
    const others = [...this.#swarmOf(undefined), ...swarm]
      .filter(([other]) => other !== key)
      .map(([, peer]) => peer);
    for (let index = others.length - 1; index > 0; index -= 1) {
      const other = this.#random.integer(index + 1);
      [others[index], others[other]] = [others[other]!, others[index]!];
    }
    if (event === 'stopped') swarm.delete(key);
    else this.put({ address: from, port, ...(this.namesPeerIds ? { peerId } : {}) }, infoHash);
    return {
      interval: this.interval,
      minInterval: this.minInterval,
      peers: others.slice(0, numwant),
      namedPeers: [],
      complete: undefined,
      incomplete: undefined,
      downloaded: undefined,
      trackerId: undefined,
      externalIp: undefined,
      warning: undefined,
    };
  }

  #swarmOf(infoHash: Uint8Array | undefined): Map<string, TrackerPeer> {
    const name = Buffer.from(infoHash ?? []).toString('hex');
    const swarm = this.#swarms.get(name) ?? new Map<string, TrackerPeer>();
    this.#swarms.set(name, swarm);
    return swarm;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
