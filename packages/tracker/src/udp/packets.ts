import {
  addressFromBytes,
  addressToBytes,
  COMPACT_IPV4_BYTES,
  COMPACT_IPV6_BYTES,
  readUint32,
  writeUint32,
} from '@shoal/net';
import type { AnnounceEvent } from '../types.ts';
import { readCount, readUint64, writeCount, writeUint64 } from './bytes.ts';
import { readAnnounceOptions, urlDataLength, writeUrlData } from './url-data.ts';
import type { UdpAnnounceOptions } from './url-data.ts';

/** What a connect request has in place of a connection id: the magic number of BEP 15. */
export const UDP_PROTOCOL_ID = 0x417_2710_1980n;
/** Actions of BEP 15, at byte 8 of a request and at byte 0 of a reply. */
export const UDP_CONNECT = 0;
export const UDP_ANNOUNCE = 1;
export const UDP_SCRAPE = 2;
export const UDP_ERROR = 3;
/** Info-hashes in one scrape: BEP 15 says that about 74 fit into a packet, and trackers stop there. */
export const UDP_SCRAPE_BATCH = 74;

/** Bytes of an info-hash and of a peer id. */
const HASH_LENGTH = 20;
/** Bytes of a connect request and of its reply. */
const CONNECT_LENGTH = 16;
/** Bytes of an announce request without options. */
const ANNOUNCE_LENGTH = 98;
/** Bytes before the info-hashes of a scrape request. */
const SCRAPE_HEADER = 16;
/** Bytes before the peers of an announce reply. */
const ANNOUNCE_REPLY_HEADER = 20;
/** Bytes before the figures of a scrape reply, and before the message of an error. */
const REPLY_HEADER = 8;
/** Bytes of one swarm's figures in a scrape reply. */
const FIGURES_LENGTH = 12;
/** `num_want` that leaves the number to the tracker. */
const DEFAULT_NUM_WANT = -1;

/** By their numbers in the packet; 0 is a regular announce. */
const EVENTS: readonly (AnnounceEvent | undefined)[] = [
  undefined,
  'completed',
  'started',
  'stopped',
];

/** Asks for a connection id. */
export interface UdpConnectRequest {
  readonly kind: 'connect';
  /** Unsigned 32 bits; the reply has the same. */
  readonly transactionId: number;
}

/** An announce as it stands in its packet. */
export interface UdpAnnounceFields {
  /** Unsigned 64 bits, as the tracker gave it. */
  readonly connectionId: bigint;
  /** Unsigned 32 bits; the reply has the same. */
  readonly transactionId: number;
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Bytes of payload received. */
  readonly downloaded: number | bigint;
  /** Bytes still missing. */
  readonly left: number | bigint;
  /** Bytes of payload sent. */
  readonly uploaded: number | bigint;
  /** Undefined for a regular announce. */
  readonly event?: AnnounceEvent | undefined;
  /** IPv4 literal to be announced in place of the sender's address; undefined for the sender's own. */
  readonly ip?: string | undefined;
  /** Unsigned 32 bits that stay the same for a session. */
  readonly key: number;
  /** Peers wanted, signed 32 bits; undefined, or −1 in the packet, leaves it to the tracker. */
  readonly numWant?: number | undefined;
  /** 0–65535. */
  readonly port: number;
}

/** An announce with its options (BEP 15, BEP 41). Byte fields are views of the packet it was read from. */
export interface UdpAnnounceRequest extends UdpAnnounceFields, UdpAnnounceOptions {
  readonly kind: 'announce';
}

/** Asks for the figures of swarms. */
export interface UdpScrapeRequest {
  readonly kind: 'scrape';
  /** Unsigned 64 bits. */
  readonly connectionId: bigint;
  /** Unsigned 32 bits. */
  readonly transactionId: number;
  /** 1 to {@link UDP_SCRAPE_BATCH} info-hashes of 20 bytes, views of the packet. */
  readonly infoHashes: readonly Uint8Array[];
}

/** What a tracker is sent. */
export type UdpRequest = UdpConnectRequest | UdpAnnounceRequest | UdpScrapeRequest;

/** Gives a connection id. */
export interface UdpConnectReply {
  readonly kind: 'connect';
  readonly transactionId: number;
  /** Unsigned 64 bits. */
  readonly connectionId: bigint;
}

/** The numbers in the answer to an announce. */
export interface UdpAnnounceFigures {
  /** Seconds to the next announce, unsigned 32 bits. */
  readonly interval: number;
  readonly leechers: number;
  readonly seeders: number;
}

/** The answer to an announce. */
export interface UdpAnnounceReply extends UdpAnnounceFigures {
  readonly kind: 'announce';
  readonly transactionId: number;
  /** Peers in compact form, whole ones only, 6 or 18 bytes each by the family of the packet; a view of the packet. */
  readonly peers: Uint8Array;
}

/** One swarm in the answer to a scrape. */
export interface UdpScrapeFigures {
  readonly seeders: number;
  /** Downloads that ended. */
  readonly completed: number;
  readonly leechers: number;
}

/** The answer to a scrape. */
export interface UdpScrapeReply {
  readonly kind: 'scrape';
  readonly transactionId: number;
  /** In the order of the question; may be fewer than were asked for. */
  readonly files: readonly UdpScrapeFigures[];
}

/** The tracker refuses. */
export interface UdpErrorReply {
  readonly kind: 'error';
  readonly transactionId: number;
  /** The tracker's words, as they came; a view of the packet. */
  readonly message: Uint8Array;
}

/** What a tracker answers. */
export type UdpReply = UdpConnectReply | UdpAnnounceReply | UdpScrapeReply | UdpErrorReply;

export function encodeConnectRequest(transactionId: number): Uint8Array {
  const packet = new Uint8Array(CONNECT_LENGTH);
  writeUint64(packet, 0, UDP_PROTOCOL_ID);
  writeUint32(packet, 8, UDP_CONNECT);
  writeUint32(packet, 12, transactionId);
  return packet;
}

/** `urlData`: path and query of the announce URL, one character per byte; without it no option is sent (BEP 41). */
export function encodeAnnounceRequest(request: UdpAnnounceFields, urlData?: string): Uint8Array {
  const packet = new Uint8Array(
    ANNOUNCE_LENGTH + (urlData === undefined ? 0 : urlDataLength(urlData)),
  );
  writeUint64(packet, 0, request.connectionId);
  writeUint32(packet, 8, UDP_ANNOUNCE);
  writeUint32(packet, 12, request.transactionId);
  packet.set(request.infoHash, 16);
  packet.set(request.peerId, 36);
  writeCount(packet, 56, request.downloaded);
  writeCount(packet, 64, request.left);
  writeCount(packet, 72, request.uploaded);
  writeUint32(packet, 80, EVENTS.indexOf(request.event));
  if (request.ip !== undefined) packet.set(addressToBytes(request.ip), 84);
  writeUint32(packet, 88, request.key);
  writeUint32(packet, 92, request.numWant ?? DEFAULT_NUM_WANT);
  packet[96] = request.port >>> 8;
  packet[97] = request.port;
  if (urlData !== undefined) writeUrlData(packet, ANNOUNCE_LENGTH, urlData);
  return packet;
}

/** `infoHashes`: 1 to {@link UDP_SCRAPE_BATCH}, 20 bytes each. */
export function encodeScrapeRequest(
  connectionId: bigint,
  transactionId: number,
  infoHashes: readonly Uint8Array[],
): Uint8Array {
  const packet = new Uint8Array(SCRAPE_HEADER + infoHashes.length * HASH_LENGTH);
  writeUint64(packet, 0, connectionId);
  writeUint32(packet, 8, UDP_SCRAPE);
  writeUint32(packet, 12, transactionId);
  infoHashes.forEach((hash, index) => packet.set(hash, SCRAPE_HEADER + index * HASH_LENGTH));
  return packet;
}

/**
 * Reads what a client sends. Total: undefined for anything that is no request. Bytes beyond what a request needs are ignored,
 * as BEP 15 asks; an event of no meaning is a regular announce. The answer holds views of `packet`.
 */
export function parseUdpRequest(packet: Uint8Array): UdpRequest | undefined {
  if (packet.length < CONNECT_LENGTH) return undefined;
  const transactionId = readUint32(packet, 12);
  switch (readUint32(packet, 8)) {
    case UDP_CONNECT:
      return readUint64(packet, 0) === UDP_PROTOCOL_ID
        ? { kind: 'connect', transactionId }
        : undefined;
    case UDP_ANNOUNCE:
      return packet.length < ANNOUNCE_LENGTH ? undefined : readAnnounce(packet, transactionId);
    case UDP_SCRAPE:
      return readScrape(packet, transactionId);
    default:
      return undefined;
  }
}

function readAnnounce(packet: Uint8Array, transactionId: number): UdpAnnounceRequest {
  const { urlData, optionsCut } = readAnnounceOptions(packet, ANNOUNCE_LENGTH);
  const numWant = readUint32(packet, 92) | 0;
  return {
    kind: 'announce',
    connectionId: readUint64(packet, 0),
    transactionId,
    infoHash: packet.subarray(16, 36),
    peerId: packet.subarray(36, 56),
    downloaded: readCount(packet, 56),
    left: readCount(packet, 64),
    uploaded: readCount(packet, 72),
    event: EVENTS[readUint32(packet, 80)],
    ip: readUint32(packet, 84) === 0 ? undefined : addressFromBytes(packet.subarray(84, 88)),
    key: readUint32(packet, 88),
    numWant: numWant < 0 ? undefined : numWant,
    port: ((packet[96] ?? 0) << 8) | (packet[97] ?? 0),
    urlData,
    optionsCut,
  };
}

function readScrape(packet: Uint8Array, transactionId: number): UdpScrapeRequest | undefined {
  const whole = Math.floor((packet.length - SCRAPE_HEADER) / HASH_LENGTH);
  if (whole === 0) return undefined;
  const infoHashes: Uint8Array[] = [];
  for (let index = 0; index < Math.min(whole, UDP_SCRAPE_BATCH); index += 1) {
    const at = SCRAPE_HEADER + index * HASH_LENGTH;
    infoHashes.push(packet.subarray(at, at + HASH_LENGTH));
  }
  return { kind: 'scrape', connectionId: readUint64(packet, 0), transactionId, infoHashes };
}

export function encodeConnectReply(transactionId: number, connectionId: bigint): Uint8Array {
  const packet = new Uint8Array(CONNECT_LENGTH);
  writeUint32(packet, 0, UDP_CONNECT);
  writeUint32(packet, 4, transactionId);
  writeUint64(packet, 8, connectionId);
  return packet;
}

/** `peers`: compact form, all of the family of the packet. */
export function encodeAnnounceReply(
  transactionId: number,
  figures: UdpAnnounceFigures,
  peers: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(ANNOUNCE_REPLY_HEADER + peers.length);
  writeUint32(packet, 0, UDP_ANNOUNCE);
  writeUint32(packet, 4, transactionId);
  writeUint32(packet, 8, figures.interval);
  writeUint32(packet, 12, figures.leechers);
  writeUint32(packet, 16, figures.seeders);
  packet.set(peers, ANNOUNCE_REPLY_HEADER);
  return packet;
}

export function encodeScrapeReply(
  transactionId: number,
  files: readonly UdpScrapeFigures[],
): Uint8Array {
  const packet = new Uint8Array(REPLY_HEADER + files.length * FIGURES_LENGTH);
  writeUint32(packet, 0, UDP_SCRAPE);
  writeUint32(packet, 4, transactionId);
  files.forEach(({ seeders, completed, leechers }, index) => {
    const at = REPLY_HEADER + index * FIGURES_LENGTH;
    writeUint32(packet, at, seeders);
    writeUint32(packet, at + 4, completed);
    writeUint32(packet, at + 8, leechers);
  });
  return packet;
}

/** `message`: UTF-8. */
export function encodeErrorReply(transactionId: number, message: Uint8Array): Uint8Array {
  const packet = new Uint8Array(REPLY_HEADER + message.length);
  writeUint32(packet, 0, UDP_ERROR);
  writeUint32(packet, 4, transactionId);
  packet.set(message, REPLY_HEADER);
  return packet;
}

/**
 * Reads what a tracker answers over packets of `family`, which decides how long a peer is. Total: undefined for anything that
 * is no reply; a partial peer or swarm at the end is dropped. The answer holds views of `packet`.
 */
export function parseUdpReply(packet: Uint8Array, family: 4 | 6): UdpReply | undefined {
  if (packet.length < REPLY_HEADER) return undefined;
  const transactionId = readUint32(packet, 4);
  switch (readUint32(packet, 0)) {
    case UDP_CONNECT:
      return packet.length < CONNECT_LENGTH
        ? undefined
        : { kind: 'connect', transactionId, connectionId: readUint64(packet, 8) };
    case UDP_ANNOUNCE: {
      if (packet.length < ANNOUNCE_REPLY_HEADER) return undefined;
      const size = family === 4 ? COMPACT_IPV4_BYTES : COMPACT_IPV6_BYTES;
      const partial = (packet.length - ANNOUNCE_REPLY_HEADER) % size;
      return {
        kind: 'announce',
        transactionId,
        interval: readUint32(packet, 8),
        leechers: readUint32(packet, 12),
        seeders: readUint32(packet, 16),
        peers: packet.subarray(ANNOUNCE_REPLY_HEADER, packet.length - partial),
      };
    }
    case UDP_SCRAPE: {
      const files: UdpScrapeFigures[] = [];
      for (let at = REPLY_HEADER; at + FIGURES_LENGTH <= packet.length; at += FIGURES_LENGTH) {
        files.push({
          seeders: readUint32(packet, at),
          completed: readUint32(packet, at + 4),
          leechers: readUint32(packet, at + 8),
        });
      }
      return { kind: 'scrape', transactionId, files };
    }
    case UDP_ERROR:
      return { kind: 'error', transactionId, message: packet.subarray(REPLY_HEADER) };
    default:
      return undefined;
  }
}
