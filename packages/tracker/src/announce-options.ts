import type { Clock, Random, Reach } from '@shoal/net';
import type { AnnounceScheduler } from './announce-scheduler.ts';
import type { NamedTrackerPeer, TrackerClient, TrackerPeer } from './types.ts';

/** Payload figures of a torrent, in bytes, since the session began. */
export interface TransferStats {
  /** Bytes of payload sent. */
  readonly uploaded: number | bigint;
  /** Bytes of payload received. */
  readonly downloaded: number | bigint;
  /** Bytes still missing of the whole torrent; 0 for a seed. */
  readonly left: number | bigint;
}

/** How one tracker is doing, for a user interface. */
export interface TrackerStatus {
  /** May hold a passkey: think before logging it. */
  readonly url: string;
  /** Index of its tier; lower ones are tried first. */
  readonly tier: number;
  /**
   * `idle`: not asked yet, or stopped; `announcing`: an answer is awaited; `working`: the last answer was good; `failing`:
   * the last try was not; `disabled`: it asked never to be called again, or cannot be called at all.
   */
  readonly state: 'idle' | 'announcing' | 'working' | 'failing' | 'disabled';
  /** Why the last try failed; undefined once it works. */
  readonly error: Error | undefined;
  /** The tracker's message in its last good answer, fit for a terminal. */
  readonly warning: string | undefined;
  /** Wall time in milliseconds of the next announce to it; undefined when none is planned. */
  readonly nextAnnounce: number | undefined;
  /** Wall time in milliseconds of its last good answer. */
  readonly lastAnnounce: number | undefined;
  /** Peers with the whole torrent, as the tracker counts. */
  readonly seeds: number | undefined;
  /** Peers without the whole torrent, as the tracker counts. */
  readonly leechers: number | undefined;
  /** Times the torrent was downloaded in full, as the tracker counts. */
  readonly downloaded: number | undefined;
  /** Peers in its last good answer. */
  readonly peers: number;
}

/** Options of `Announcer`. */
export interface AnnouncerOptions {
  /** Talks to the trackers. It is not closed with the announcer. */
  readonly client: TrackerClient;
  /** When to announce. */
  readonly clock: Clock;
  /** The schedule shared with the announcers of other torrents, on the same clock. Default: one of its own. */
  readonly scheduler?: AnnounceScheduler;
  /** The order within a tier, the spread of retries, the key of BEP 7. */
  readonly random: Random;
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** The port peers can connect to; a function when it may change. */
  readonly port: number | (() => number);
  /** Announce URLs in tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  /** Where a tracker may be; see `TrackerCallOptions.reach`. Default: anywhere. */
  readonly reach?: (url: string) => Reach;
  /** Asked for the current figures at each announce. */
  readonly stats: () => TransferStats;
  /** Called with the peers of each good answer; they may be known already. */
  readonly onPeers: (
    peers: readonly TrackerPeer[],
    url: string,
    named: readonly NamedTrackerPeer[],
  ) => void;
  /** Called when a tracker's status changes. */
  readonly onStatus?: (status: TrackerStatus) => void;
  /** Called with this machine's address as a tracker sees it (BEP 24). */
  readonly onExternalIp?: (address: string, url: string) => void;
  /** Peers to ask for; a function when it depends. Default {@link DEFAULT_NUMWANT}. 0 when stopping. */
  readonly numwant?: number | (() => number);
  /**
   * Whether the next tracker is asked only when all before it have failed, to the letter of BEP 12. Default: also while one that
   * has not worked before has said nothing for 3 s, without giving up on it.
   */
  readonly inOrder?: () => boolean;
  /** Announce to every tracker of every tier, each on its own schedule. Default false: to one, as BEP 12 says. */
  readonly announceToAll?: boolean;
  /** Sent as `ip`, `ipv4`, `ipv6`. */
  readonly ip?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** Peers asked for: what a client that has none needs to begin with. */
export const DEFAULT_NUMWANT = 50;
/** Seconds before another announce out of turn, for trackers that name no minimum of their own. */
export const DEFAULT_MIN_INTERVAL = 300;
/** Milliseconds `stop` waits for trackers that have confirmed `started`. */
export const DEFAULT_STOP_WAIT = 5_000;
/** Milliseconds `stop` waits for trackers that were still to answer to `started`: they may know this peer, or be dead. */
export const UNCONFIRMED_STOP_WAIT = 1_000;
