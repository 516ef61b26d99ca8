/** A connected peer as the choker sees it. */
export interface ChokePeer {
  /** It is interested in what we have. */
  readonly interested: boolean;
  /** Payload bytes per second it sends us. */
  readonly downloadRate: number;
  /** Payload bytes per second we send it. */
  readonly uploadRate: number;
  /** It owes us blocks and sends none. */
  readonly snubbed: boolean;
  /** Monotonic ms at which we unchoked it; undefined while we choke it. */
  readonly unchokedSince: number | undefined;
  /** Payload bytes sent to it since then. */
  readonly uploadedSinceUnchoke: number;
  /** Monotonic ms at which it was connected. */
  readonly connectedAt: number;
}

/** A peer with what the ranking needs besides. */
export interface RankedPeer<R extends object> {
  readonly key: R;
  readonly view: ChokePeer;
  /** Monotonic ms at which its last turn ended; -Infinity: it had none. */
  readonly waitingSince: number;
  /** It has a slot, and not by chance. */
  readonly holds: boolean;
  /** Breaks ties. */
  readonly tie: number;
}

/** Milliseconds a turn lasts at least while we seed, so that a peer can fill its pipeline. */
export const MIN_TURN_TIME = 60_000;
/** Bytes after which a turn may end while we seed. */
export const TURN_BYTES = 16 * 1024 * 1024;
/** Milliseconds after which a turn ends even when few bytes were taken, so that slow peers do not hold their slots. */
export const MAX_TURN_TIME = 180_000;

/**
 * Milliseconds after which a turn ends for a peer that takes nothing: with `RateMeter`'s window of 5 s it has not taken a
 * byte for at least that long. Enough for a request to come at the start, short enough that idle peers do not keep all slots.
 */
export const MAX_IDLE_TURN_TIME = 15_000;

/** Leeching: those that give us most first, then those that earned a slot before, then by chance. */
export function compareLeeching(one: RankedPeer<object>, other: RankedPeer<object>): number {
  if (one.view.snubbed !== other.view.snubbed) return one.view.snubbed ? 1 : -1;
  const rate = other.view.downloadRate - one.view.downloadRate;
  if (rate !== 0) return rate;
  if (one.holds !== other.holds) return one.holds ? -1 : 1;
  return one.tie - other.tie;
}

/**
 * Seeding: those whose turn is under way, the fastest first; then those that wait, the longest first; last those whose turn
 * is over, who keep their slot only while nobody waits.
 */
export function compareSeeding(
  one: RankedPeer<object>,
  other: RankedPeer<object>,
  now: number,
): number {
  const group = groupOf(one.view, now) - groupOf(other.view, now);
  if (group !== 0) return group;
  if (one.view.unchokedSince === undefined || other.view.unchokedSince === undefined) {
    if (one.waitingSince !== other.waitingSince)
      return one.waitingSince < other.waitingSince ? -1 : 1;
    return one.tie - other.tie;
  }
  const rate = other.view.uploadRate - one.view.uploadRate;
  return rate !== 0 ? rate : one.tie - other.tie;
}

/** 0: its turn is under way, 1: it waits, 2: its turn is over. */
function groupOf(view: ChokePeer, now: number): number {
  if (view.unchokedSince === undefined) return 1;
  const time = now - view.unchokedSince;
  if (time >= MAX_IDLE_TURN_TIME && view.uploadRate === 0) return 2;
  if (time < MIN_TURN_TIME) return 0;
  return time < MAX_TURN_TIME && view.uploadedSinceUnchoke < TURN_BYTES ? 0 : 2;
}
