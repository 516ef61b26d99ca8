import { addressFromBytes, addressToBytes } from '@shoal/net';
import { type Candidate, type NamedPeer, type PeerSource, SOURCES } from './candidate.ts';

/** Peers of a torrent that are remembered for its next run: as many as it may want to dial before others are found. */
export const MAX_REMEMBERED = 100;
/** Runs in a row in which a peer could not be reached, after which it is forgotten. */
const MAX_MISSED = 3;

/** A peer that has worked: a connection to it was there, in this run or an earlier one. */
export interface RememberedPeer extends NamedPeer {
  /** The most trusted one that had named it. */
  readonly source: PeerSource;
  /** Runs in a row in which it could not be reached: 0 to {@link MAX_MISSED}. */
  readonly missed: number;
}

/**
 * Whom a torrent remembers: those who are connected, those who were last connected before, and those of earlier runs, in that order.
 * Who was merely named is not among them: nobody's lie is worth being dialled in run after run.
 */
export function rememberedOf(candidates: Iterable<Candidate>): RememberedPeer[] {
  const known: Candidate[] = [];
  let isOnline = false;
  for (const candidate of candidates) {
    if (candidate.workedAt > -Infinity) isOnline = true;
    else if (candidate.missedBefore === undefined) continue;
    known.push(candidate);
  }
  known.sort(comesFirst);
  const peers: RememberedPeer[] = [];
  for (const candidate of known) {
    const { endpoint, seed, knowsV2, workedAt, missedBefore = 0, failures } = candidate;
    // While nobody can be reached it says nothing about this one.
    const isMissed = isOnline && failures > 0;
    const missed = workedAt > -Infinity ? 0 : missedBefore + Number(isMissed);
    const source = SOURCES[candidate.trust];
    if (source === undefined || missed > MAX_MISSED) continue;
    peers.push({ ...endpoint, isSeed: seed, knowsV2, source, missed });
    if (peers.length === MAX_REMEMBERED) break;
  }
  return peers;
}

function comesFirst(one: Candidate, other: Candidate): number {
  if (one.workedAt !== other.workedAt) return one.workedAt < other.workedAt ? 1 : -1;
  return (one.missedBefore ?? 0) - (other.missedBefore ?? 0);
}

// A record: a byte of what is known, the address (4 or 16 bytes) and the port, both in network byte order (as in BEP 23, BEP 7).
const SOURCE_BITS = 0b0000_0111;
const SEED_BIT = 0b0000_1000;
const V2_BIT = 0b0001_0000;
const IPV6_BIT = 0b0010_0000;
const MISSED_SHIFT = 6;

/** Bytes of a record without its address. */
const RECORD_BYTES = 3;
/** Bytes of a list, at most. */
export const MAX_REMEMBERED_BYTES = MAX_REMEMBERED * (RECORD_BYTES + 16);

/** Peers as resume data has them: a record of 7 bytes for each, or 19 with an IPv6 address. */
export function encodeRemembered(peers: readonly RememberedPeer[]): Uint8Array {
  const bytes = new Uint8Array(MAX_REMEMBERED_BYTES);
  let at = 0;
  for (const { address, port, source, missed, isSeed, knowsV2 } of peers.slice(0, MAX_REMEMBERED)) {
    const binary = addressToBytes(address);
    bytes[at] =
      SOURCES.indexOf(source) |
      (isSeed === true ? SEED_BIT : 0) |
      (knowsV2 === true ? V2_BIT : 0) |
      (binary.length === 16 ? IPV6_BIT : 0) |
      (missed << MISSED_SHIFT);
    bytes.set(binary, at + 1);
    at += RECORD_BYTES + binary.length;
    bytes[at - 2] = port >>> 8;
    bytes[at - 1] = port;
  }
  return bytes.slice(0, at);
}

/** Reads what {@link encodeRemembered} writes. Total: any bytes give a list, of at most {@link MAX_REMEMBERED} peers. */
export function decodeRemembered(bytes: Uint8Array): RememberedPeer[] {
  const peers: RememberedPeer[] = [];
  let at = 0;
  while (at < bytes.length && peers.length < MAX_REMEMBERED) {
    const known = bytes[at] ?? 0;
    const end = at + RECORD_BYTES + ((known & IPV6_BIT) === 0 ? 4 : 16);
    const source = SOURCES[known & SOURCE_BITS];
    if (end > bytes.length || source === undefined) break;
    peers.push({
      address: addressFromBytes(bytes.subarray(at + 1, end - 2)),
      port: ((bytes[end - 2] ?? 0) << 8) | (bytes[end - 1] ?? 0),
      source,
      isSeed: (known & SEED_BIT) !== 0,
      knowsV2: (known & V2_BIT) !== 0,
      missed: known >>> MISSED_SHIFT,
    });
    at = end;
  }
  return peers;
}
