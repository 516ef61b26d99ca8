import type { Clock } from '@shoal/net';
import { type BannedPeer, bannedPeer } from './ban-list.ts';
import { type KnownPeer, knownPeer } from './known-peer.ts';
import { PeerList, type PeerListOptions } from './peer-list.ts';
import type { RememberedPeer } from './remembered-peers.ts';

/** The peer list of a torrent, made when there is first somebody to put on it: most torrents that are seeded have nobody. */
export class KnownPeers {
  readonly #options: PeerListOptions;
  #list: PeerList | undefined;
  #seeding = false;

  /** @param options may be shared by many */
  constructor(options: PeerListOptions) {
    this.#options = options;
  }

  get list(): PeerList {
    if (this.#list === undefined) {
      this.#list = new PeerList(this.#options);
      this.#list.seeding = this.#seeding;
    }
    return this.#list;
  }

  /** Candidates that are neither connected nor being dialled. */
  get idle(): number {
    return this.#list?.size ?? 0;
  }

  /** All candidates. */
  get total(): number {
    return this.#list?.total ?? 0;
  }

  /** Who is banned at present, the oldest ban first. */
  banned(clock: Clock): BannedPeer[] {
    const bans = this.#list?.bans(clock.now()) ?? [];
    return bans.map(([address, ban]) => bannedPeer(address, ban, clock));
  }

  /** @param now monotonic ms */
  isBanned(address: string, now: number): boolean {
    return this.#list?.banOf(address, now) !== undefined;
  }

  /** See `PeerList.unban`. */
  unban(address: string): boolean {
    return this.#list?.unban(address) === true;
  }

  /** All candidates, as they are told. */
  all(clock: Clock): KnownPeer[] {
    return [...(this.#list?.candidates ?? [])].map((candidate) => knownPeer(candidate, clock));
  }

  /** See `PeerList.remembered`. */
  remembered(): RememberedPeer[] {
    return this.#list?.remembered() ?? [];
  }

  /** See `PeerList.seeding`. */
  set seeding(value: boolean) {
    this.#seeding = value;
    if (this.#list !== undefined) this.#list.seeding = value;
  }

  /** Whoever is known may be dialled at once; false where there is nobody. */
  retryNow(): boolean {
    this.#list?.retryNow();
    return this.idle > 0;
  }

  /** See `PeerList.blockedChanged`. */
  blockedChanged(): void {
    this.#list?.blockedChanged();
  }

  /** Nobody is connected: a list that remembers nothing is given up. */
  rest(): void {
    if (this.#list?.isBlank === true) this.#list = undefined;
  }
}
