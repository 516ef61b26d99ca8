import type { TorrentInfo } from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import type { SwarmOptions, TransferTotals } from './swarm-options.ts';
import { Swarm } from './swarm.ts';

/**
 * Milliseconds that a complete torrent keeps its swarm without a peer, where something was transferred. Longer than the window
 * of its rates, so that nothing is lost, and long enough for a peer that comes back at once.
 */
const SLEEP_AFTER = 10_000;

/** Nothing was transferred yet. */
const NOTHING: TransferTotals = {
  downloadedBytes: 0,
  uploadedBytes: 0,
  wastedBytes: 0,
  reusedBytes: 0,
};

/** What a swarm is made of besides its pieces. */
export type SwarmParts = Omit<SwarmOptions, 'info' | 'have' | 'unverified' | 'before'>;

/**
 * The swarm of a torrent, and what is known of its pieces while there is none: a complete torrent without peers is asleep, and
 * keeps a bitfield (none where all is there) and three numbers instead of a picker, a choker and what belongs to them.
 */
export class SwarmKeeper {
  readonly #info: TorrentInfo;
  #swarm: Swarm | undefined;
  /** The pieces that are there while there is no swarm to say so; undefined until the first check is over. */
  #have: Bitfield | 'all' | undefined;
  /** As a swarm has it: what it has yet to look at on disk. */
  #unverified: Bitfield | undefined;
  /** The totals of the swarms before this one. */
  #before = NOTHING;
  /** Since when the swarm has had no peer, monotonic ms. */
  #emptySince: number | undefined;

  constructor(info: TorrentInfo) {
    this.#info = info;
  }

  /** Undefined until the first check is over, and while the torrent is asleep. */
  get swarm(): Swarm | undefined {
    return this.#swarm;
  }

  /** The first check is over. */
  get isMeasured(): boolean {
    return this.#swarm !== undefined || this.#have !== undefined;
  }

  /** Verified pieces, by number. */
  get haveCount(): number {
    const have = this.#swarm?.picker.have ?? this.#have;
    return have === 'all' ? this.#info.pieceCount : (have?.count ?? 0);
  }

  /** Verified pieces; where there is no swarm, a copy. */
  get have(): Bitfield {
    const have = this.#swarm?.picker.have ?? this.#have;
    if (have instanceof Bitfield) return have;
    const all = new Bitfield(this.#info.pieceCount);
    if (have === 'all') all.setAll();
    return all;
  }

  /** Whether a piece is verified. */
  has(piece: number): boolean {
    const have = this.#swarm?.picker.have ?? this.#have;
    return have === 'all' || have?.get(piece) === true;
  }

  /** Bytes of this session. */
  get totals(): TransferTotals {
    return this.#swarm ?? this.#before;
  }

  /** Nothing is left to be fetched, as a sleeping torrent has nothing. */
  get wantsNothing(): boolean {
    return this.#swarm === undefined || this.#swarm.picker.wantedLeft === 0;
  }

  /**
   * Which pieces are there is known anew, and which may be, but could not be verified. The swarm of before, which was stopped, is given up.
   */
  measured(have: Bitfield | 'all', unverified?: Bitfield): void {
    this.#unverified = unverified;
    this.#rest(have);
  }

  /** The swarm, made where the torrent was asleep; `wake` is called with a new one. Undefined until the first check is over. */
  awake(parts: () => SwarmParts, wake: (swarm: Swarm) => void): Swarm | undefined {
    if (this.#swarm !== undefined || this.#have === undefined) return this.#swarm;
    const swarm = new Swarm({
      ...parts(),
      info: this.#info,
      have: this.have,
      unverified: this.#unverified,
      before: this.#before,
    });
    this.#swarm = swarm;
    this.#have = undefined;
    this.#emptySince = undefined;
    wake(swarm);
    return swarm;
  }

  /** Once a second, while the torrent seeds: true when it has just fallen asleep. */
  sleepWhenIdle(now: number): boolean {
    const swarm = this.#swarm;
    if (swarm === undefined) return false;
    if (swarm.peers.size > 0 || swarm.isAtDisk || !this.wantsNothing) {
      this.#emptySince = undefined;
      return false;
    }
    this.#emptySince ??= now;
    // A swarm that has moved nothing has nothing to remember: many peers only look whether somebody is there.
    const isUsed = !sameTotals(swarm, this.#before);
    if (isUsed && now - this.#emptySince < SLEEP_AFTER) return false;
    swarm.stop();
    const { have } = swarm.picker;
    this.#rest(have.isFull ? 'all' : have);
    return true;
  }

  #rest(have: Bitfield | 'all'): void {
    this.#before = copyOf(this.totals);
    this.#swarm = undefined;
    this.#have = have;
  }
}

function sameTotals(one: TransferTotals, other: TransferTotals): boolean {
  return (
    one.downloadedBytes === other.downloadedBytes &&
    one.uploadedBytes === other.uploadedBytes &&
    one.wastedBytes === other.wastedBytes &&
    one.reusedBytes === other.reusedBytes
  );
}

/** As they are now, without what they are part of. */
function copyOf(totals: TransferTotals): TransferTotals {
  const { downloadedBytes, uploadedBytes, wastedBytes, reusedBytes } = totals;
  return sameTotals(totals, NOTHING)
    ? NOTHING
    : { downloadedBytes, uploadedBytes, wastedBytes, reusedBytes };
}
