import { addressToBytes, parseAddress } from '@shoal/net';
import type { AnnounceEvent } from '../types.ts';
import { decodeComponent, forEachParameter } from './query.ts';

/** Digits of the largest count anyone sends: 2^64. */
const MAX_DIGITS = 20;
const HASH_LENGTH = 20;

/** The parameters of an announce, checked. Byte strings hold one character per byte. */
export interface AnnounceParameters {
  readonly infoHash: string;
  readonly peerId: string;
  readonly port: number;
  /** Bytes, to the precision of a number. */
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  readonly event: AnnounceEvent | undefined;
  /** Undefined when the peer leaves the number to the tracker. */
  readonly numwant: number | undefined;
  readonly compact: boolean;
  readonly noPeerId: boolean;
  /** The address the peer gives for itself, 4 or 16 bytes. */
  readonly address: Uint8Array | undefined;
}

/** A decimal number without sign; -1 for anything else. */
function decimal(text: string, start: number, end: number): number {
  if (end === start || end - start > MAX_DIGITS) return -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** The event; null for one that does not exist. `paused` (BEP 21) is an announce like any other here. */
function eventOf(text: string): AnnounceEvent | undefined | null {
  switch (text) {
    case 'started':
    case 'stopped':
    case 'completed':
      return text;
    case '':
    case 'empty':
    case 'paused':
      return undefined;
    default:
      return null;
  }
}

/**
 * Reads the query of an announce, which begins at `start` of `url`. Gives the reason for refusing it, in words for the
 * peer's user, when a parameter is missing or wrong; nothing of the query is repeated in it. Unknown parameters are ignored.
 *
 * @param honourIp whether the `ip` parameter counts
 */
export function readAnnounce(
  url: string,
  start: number,
  honourIp: boolean,
): AnnounceParameters | string {
  let infoHash: string | undefined;
  let peerId: string | undefined;
  let port = -1;
  let uploaded = -1;
  let downloaded = -1;
  let left = -1;
  let event: AnnounceEvent | undefined;
  let numwant: number | undefined;
  let compact = true;
  let noPeerId = false;
  let address: Uint8Array | undefined;
  let wrong: string | undefined;

  forEachParameter(url, start, (key, from, to) => {
    switch (key) {
      case 'info_hash':
        if (infoHash !== undefined) wrong = 'info_hash may be given only once';
        infoHash = decodeComponent(url, from, to);
        break;
      case 'peer_id':
        peerId = decodeComponent(url, from, to);
        break;
      case 'port':
        port = decimal(url, from, to);
        break;
      case 'uploaded':
        uploaded = decimal(url, from, to);
        break;
      case 'downloaded':
        downloaded = decimal(url, from, to);
        break;
      case 'left':
        left = decimal(url, from, to);
        break;
      case 'event': {
        const named = eventOf(url.slice(from, to));
        if (named === null) wrong = 'event must be started, stopped or completed';
        else event = named;
        break;
      }
      case 'numwant': {
        const wanted = decimal(url, from, to);
        // Some clients say -1 for "as many as you like".
        if (wanted >= 0) numwant = wanted;
        else if (url.slice(from, to) !== '-1') wrong = 'numwant must be a number';
        break;
      }
      case 'compact':
        compact = url.slice(from, to) !== '0';
        break;
      case 'no_peer_id':
        noPeerId = url.slice(from, to) !== '0';
        break;
      case 'ip':
        if (honourIp) {
          const literal = parseAddress(decodeComponent(url, from, to) ?? '');
          if (literal === undefined) wrong = 'ip must be an IP address';
          else address = addressToBytes(literal);
        }
        break;
      default:
    }
    return wrong === undefined;
  });

  if (wrong !== undefined) return wrong;
  if (infoHash?.length !== HASH_LENGTH) return 'info_hash must be 20 bytes';
  if (peerId?.length !== HASH_LENGTH) return 'peer_id must be 20 bytes';
  if (port < 1 || port > 65535) return 'port must be 1 to 65535';
  if (uploaded < 0) return 'uploaded must be a number of bytes';
  if (downloaded < 0) return 'downloaded must be a number of bytes';
  if (left < 0) return 'left must be a number of bytes';
  return {
    infoHash,
    peerId,
    port,
    uploaded,
    downloaded,
    left,
    event,
    numwant,
    compact,
    noPeerId,
    address,
  };
}

/** Reads the info-hashes of a scrape, at most `limit`; or gives the reason for refusing it. */
export function readScrape(url: string, start: number, limit: number): readonly string[] | string {
  const infoHashes: string[] = [];
  let wrong: string | undefined;
  forEachParameter(url, start, (key, from, to) => {
    if (key !== 'info_hash') return true;
    const infoHash = decodeComponent(url, from, to);
    if (infoHash?.length !== HASH_LENGTH) wrong = 'info_hash must be 20 bytes';
    else if (infoHashes.length >= limit) wrong = `at most ${limit} info_hash may be given`;
    else infoHashes.push(infoHash);
    return wrong === undefined;
  });
  if (wrong !== undefined) return wrong;
  return infoHashes.length === 0 ? 'info_hash is missing' : infoHashes;
}
