/** Seconds between announces when the tracker names none: what trackers commonly ask for. */
export const DEFAULT_INTERVAL = 1800;
/** Shortest interval in seconds that is honoured, so that an answer of 0 or less does not make a client a flood. */
export const MIN_INTERVAL = 60;
/** Longest interval in seconds that is honoured: no tracker keeps a silent peer for longer than this (6 hours). */
export const MAX_INTERVAL = 21_600;
/** Longest wait in seconds that `retry in` or `Retry-After` can ask for (24 hours); beyond that only `never` counts. */
export const MAX_RETRY_IN = 86_400;
/** Most peers taken from one answer; a client rarely tries more than a few hundred. */
export const MAX_PEERS = 5000;
/** Longest tracker id in bytes that is kept: it is sent back in every URL, three characters a byte. */
export const MAX_TRACKER_ID_LENGTH = 256;
/** Most swarms taken from one scrape answer. */
export const MAX_SCRAPE_FILES = 10_000;

/** What is taken from a tracker's answer. */
export interface ResponseLimits {
  /** Seconds. Default {@link MIN_INTERVAL}. */
  readonly minInterval: number;
  /** Seconds. Default {@link MAX_INTERVAL}. */
  readonly maxInterval: number;
  /** Peers, of both address families together. Default {@link MAX_PEERS}. */
  readonly maxPeers: number;
}

export const DEFAULT_RESPONSE_LIMITS: ResponseLimits = {
  minInterval: MIN_INTERVAL,
  maxInterval: MAX_INTERVAL,
  maxPeers: MAX_PEERS,
};
