import { MAX_PER_ADDRESS } from '../../../packages/client/src/peer/peer-list.ts';
import { clientDefaults, type Torrent } from '../../../packages/client/src/index.ts';
import type { Node, SimSwarm } from '../../../packages/client/test/support/sim-swarm.ts';

/** Virtual milliseconds between two looks. */
const PERIOD = 1_000;
/** Bytes that may wait to be sent to one peer: what `Peer` allows, one batch of blocks more, and some headers. */
const MOST_PENDING = (4 + 1 + 1) * 2 ** 20;

export interface WatchOptions {
  /** Addresses that may be banned. Anybody else is innocent. */
  readonly liars?: ReadonlySet<string>;
  /** Nodes may come to be in the state `error`. Default false. */
  readonly errorsAllowed?: boolean;
}

/** One client's torrent under watch. */
interface Followed {
  readonly torrent: Torrent;
  readonly address: string;
  readonly maxPeers: number;
  bytes: number;
  since: number;
}

/**
 * Looks at all clients of a swarm every virtual second, for what must hold in every scenario: bounded connections and queues,
 * nobody banned who did no wrong, no torrent failed. And it knows how long the longest stall was.
 */
export class Watch {
  readonly bannedAddresses = new Set<string>();
  /** Of one peer, over all clients and all looks: bytes waiting to be sent, blocks waiting to be read. */
  mostPending = 0;
  mostQueued = 0;
  /** Connections of one client. */
  mostPeers = 0;
  /** Bytes of pieces being downloaded, of one client. */
  mostPartialBytes = 0;
  /** Virtual ms for which a torrent that was downloading, with somebody to download from, verified nothing. */
  longestStall = 0;
  readonly #swarm: SimSwarm;
  readonly #options: WatchOptions;
  readonly #followed = new Map<Node, Followed>();
  readonly #failures = new Set<string>();
  #stopped = false;

  constructor(swarm: SimSwarm, options: WatchOptions) {
    this.#swarm = swarm;
    this.#options = options;
    swarm.onNode = (node) => void this.#follow(node);
    this.#lookLater();
  }

  /** Ends it; what did not hold. */
  stop(): string[] {
    if (!this.#stopped) this.#look();
    this.#stopped = true;
    const { liars } = this.#options;
    for (const address of this.bannedAddresses)
      if (liars?.has(address) !== true)
        this.#failures.add(`${address} was banned, which is innocent`);
    return [...this.#failures];
  }

  #lookLater(): void {
    this.#swarm.world.at(this.#swarm.world.now + PERIOD, () => {
      if (this.#stopped) return;
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    const { now } = this.#swarm.world;
    for (const node of this.#swarm.nodes) this.#lookAt(node, this.#follow(node), now);
  }

  #follow(node: Node): Followed {
    const known = this.#followed.get(node);
    if (known !== undefined) return known;
    const { torrent, host } = node;
    torrent.on('peer', ({ event, endpoint }) => {
      if (event === 'banned') this.bannedAddresses.add(endpoint.address);
    });
    const maxPeers = node.maxPeers ?? clientDefaults.maxPeersPerTorrent;
    const followed = { torrent, address: host.address, maxPeers, bytes: -1, since: 0 };
    this.#followed.set(node, followed);
    return followed;
  }

  #lookAt({ torrent }: Node, followed: Followed, now: number): void {
    const { address } = followed;
    if (torrent.state === 'error' && this.#options.errorsAllowed !== true)
      this.#failures.add(`${address} failed`);
    const { swarm } = torrent;
    this.#lookForStall(followed, now);
    if (swarm === undefined) return;
    this.mostPeers = Math.max(this.mostPeers, swarm.peers.size);
    if (swarm.peers.size > followed.maxPeers)
      this.#failures.add(`${address} has ${swarm.peers.size} connections`);
    const ofAddress = new Map<string, number>();
    for (const peer of swarm.peers) {
      this.mostPending = Math.max(this.mostPending, peer.connection.pendingBytes);
      this.mostQueued = Math.max(this.mostQueued, peer.uploads.length);
      const other = peer.endpoint.address;
      ofAddress.set(other, (ofAddress.get(other) ?? 0) + 1);
    }
    if (this.mostPending > MOST_PENDING)
      this.#failures.add(`${this.mostPending} bytes wait for one peer`);
    if (this.mostQueued > clientDefaults.maxQueuedRequests)
      this.#failures.add(`${this.mostQueued} requests of one peer wait`);
    for (const [other, count] of ofAddress)
      if (count > MAX_PER_ADDRESS)
        this.#failures.add(`${address} has ${count} connections to ${other}`);
    const partial = swarm.picker.partialCount * swarm.info.pieceLength;
    this.mostPartialBytes = Math.max(this.mostPartialBytes, partial);
  }

  #lookForStall(followed: Followed, now: number): void {
    const { torrent } = followed;
    const peers = torrent.swarm?.peers.size ?? 0;
    const bytes = torrent.swarm?.downloadedBytes ?? 0;
    if (torrent.state !== 'downloading' || peers === 0 || bytes !== followed.bytes) {
      followed.bytes = bytes;
      followed.since = now;
      return;
    }
    this.longestStall = Math.max(this.longestStall, now - followed.since);
  }
}
