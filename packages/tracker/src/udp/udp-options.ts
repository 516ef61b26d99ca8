import type { AddressKind, Clock, Endpoint, Host, Random, Resolve } from '@shoal/net';
import type { ResponseLimits } from '../limits.ts';
import type { UdpReplyCounts } from './transactions.ts';

/**
 * Milliseconds for one call: time for an answer to the second try, 15 s after the first. An announcer goes on to its next tracker
 * then, and comes back later.
 */
export const DEFAULT_UDP_TIMEOUT = 20_000;
/** The same for `stopped`: someone is waiting for the program to end. */
export const DEFAULT_UDP_STOP_TIMEOUT = 5_000;
/** Calls under way at once. They cost memory only, about a kilobyte each. */
export const DEFAULT_UDP_MAX_CONCURRENT = 4096;
/** Milliseconds the answer of a host's other address family is waited for after the first answer. */
export const FAMILY_GRACE = 1_000;
/** Addresses of one family that are tried of one host. */
export const MAX_ADDRESSES = 4;

/** What a `UdpTrackerClient` may be told, whoever owns its socket. */
export interface UdpTrackerSettings {
  /** Resolves names. Default: the system's resolver. */
  readonly resolve?: Resolve;
  /** Milliseconds for one call. Default {@link DEFAULT_UDP_TIMEOUT}. */
  readonly timeout?: number;
  /** Milliseconds for an announce of `stopped`. Default {@link DEFAULT_UDP_STOP_TIMEOUT}. */
  readonly stopTimeout?: number;
  /** Calls at once; others wait. Default {@link DEFAULT_UDP_MAX_CONCURRENT}. */
  readonly maxConcurrent?: number;
  /** What is taken from answers. */
  readonly limits?: Partial<ResponseLimits>;
  /**
   * Kinds of addresses no datagram is sent to, whether a URL names them or a name resolves to them. Default: `multicast` and
   * `unspecified`, where no tracker can be. See also `TrackerCallOptions.reach`.
   */
  readonly refuseAddresses?: readonly AddressKind[];
  /** Addresses that nothing is sent to: an IP filter. */
  readonly isBlocked?: (address: string) => boolean;
}

/** Options of the constructor of `UdpTrackerClient`. */
export interface UdpTrackerClientOptions extends UdpTrackerSettings {
  /** Sends a datagram; its bytes are not used again. What cannot be sent may be dropped. */
  readonly send: (datagram: Uint8Array, to: Endpoint) => void;
  readonly clock: Clock;
  /** Where transaction ids come from: it must not be guessable on a real network. */
  readonly random: Random;
  /** Address families that `send` can reach. Default both. */
  readonly families?: readonly (4 | 6)[];
}

/** Options of `UdpTrackerClient.open`. */
export interface UdpTrackerOpenOptions extends UdpTrackerSettings {
  /** Default: Node's sockets, the system's clock and randomness. */
  readonly host?: Host;
  /** Local IP literal to send from; also decides the address family. Default: all addresses of both families. */
  readonly bind?: string;
}

/** What has become of a client's datagrams. */
export interface UdpTrackerCounts extends UdpReplyCounts {
  /** Datagrams sent, retransmissions included. */
  readonly sent: number;
}
