import { BencodeError, decodePrefix } from '@shoal/bencode';
import type { BencodeDictionary, BencodeValue } from '@shoal/bencode';
import { addressFromBytes } from '@shoal/net';
import { TrackerError, TrackerFailure } from './errors.ts';
import {
  DEFAULT_INTERVAL,
  DEFAULT_RESPONSE_LIMITS,
  MAX_RETRY_IN,
  MAX_SCRAPE_FILES,
  MAX_TRACKER_ID_LENGTH,
} from './limits.ts';
import type { ResponseLimits } from './limits.ts';
import { PeerCollector } from './peers.ts';
import { sanitizeBytes } from './text.ts';
import type { AnnounceResponse, ScrapeFile, ScrapeResponse } from './types.ts';

/** Deepest nesting an answer needs is 3; more is not an answer. */
const MAX_DEPTH = 16;
/** Tokens in an answer: room for 20,000 peers written out as dictionaries of four entries. */
const MAX_TOKENS = 200_000;
/** Characters kept of a torrent's name in a scrape. */
const MAX_NAME_LENGTH = 255;

/** ASCII whitespace, which scripts leave before and after what they print. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

/** Reads the dictionary every answer is; bytes after it are ignored, as trackers written as web pages leave some. */
function readDictionary(bytes: Uint8Array): BencodeDictionary {
  let start = 0;
  while (isSpace(bytes[start])) start += 1;
  let value: BencodeValue;
  try {
    value = decodePrefix(bytes.subarray(start), {
      // Trackers in the wild do not sort their keys.
      lenient: true,
      maxDepth: MAX_DEPTH,
      maxTokens: MAX_TOKENS,
    }).value;
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new TrackerError(
      'ERR_TRACKER_RESPONSE',
      bytes.length === 0
        ? "The tracker's answer is empty"
        : "The tracker's answer is not bencode: this may not be a tracker at all",
      { cause: error },
    );
  }
  if (!(value instanceof Map)) {
    throw new TrackerError('ERR_TRACKER_RESPONSE', "The tracker's answer is not a dictionary");
  }
  return value;
}

function asBytes(value: BencodeValue | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

function asText(value: BencodeValue | undefined): string | undefined {
  const bytes = asBytes(value);
  if (bytes === undefined) return undefined;
  const text = sanitizeBytes(bytes);
  return text === '' ? undefined : text;
}

/** An integer as a number; beyond 2^53 the nearest one, as it will be clamped anyway. */
function asNumber(value: BencodeValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : undefined;
}

function asCount(value: BencodeValue | undefined): number | undefined {
  const count = asNumber(value);
  return count !== undefined && count >= 0 && count <= Number.MAX_SAFE_INTEGER ? count : undefined;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** `retry in` (BEP 31): minutes as an integer or as text, or `never`. Gives seconds. */
function readRetryIn(value: BencodeValue | undefined): number | 'never' | undefined {
  let minutes = asNumber(value);
  const bytes = asBytes(value);
  if (bytes !== undefined) {
    const text = sanitizeBytes(bytes, 20);
    if (text === 'never') return 'never';
    if (/^\d{1,9}$/.test(text)) minutes = Number(text);
  }
  return minutes === undefined || minutes <= 0 ? undefined : Math.min(minutes * 60, MAX_RETRY_IN);
}

function throwIfFailed(dictionary: BencodeDictionary): void {
  const reason = asBytes(dictionary.get('failure reason'));
  if (reason === undefined) return;
  throw new TrackerFailure(sanitizeBytes(reason), readRetryIn(dictionary.get('retry in')));
}

/**
 * Reads the answer to an announce over HTTP (BEP 3, 7, 23, 24, 31). Total: whatever the bytes, it gives an answer or throws
 * a `TrackerError`, in time linear in their number. Fields of a wrong type are treated as missing, and peers that cannot
 * be read are left out.
 *
 * @throws TrackerFailure when the tracker refused (a `failure reason` wins over everything else)
 * @throws TrackerError `ERR_TRACKER_RESPONSE`
 */
export function parseAnnounceResponse(
  bytes: Uint8Array,
  limits: Partial<ResponseLimits> = {},
): AnnounceResponse {
  const {
    minInterval: low,
    maxInterval: high,
    maxPeers,
  } = { ...DEFAULT_RESPONSE_LIMITS, ...limits };
  const dictionary = readDictionary(bytes);
  throwIfFailed(dictionary);

  const collector = new PeerCollector(maxPeers);
  const peers = dictionary.get('peers');
  if (peers instanceof Uint8Array) collector.addCompact(peers, 4);
  else if (Array.isArray(peers)) collector.addList(peers);
  const peers6 = dictionary.get('peers6');
  if (peers6 instanceof Uint8Array) collector.addCompact(peers6, 6);
  else if (Array.isArray(peers6)) collector.addList(peers6);

  const minInterval = asNumber(dictionary.get('min interval'));
  const trackerId = asBytes(dictionary.get('tracker id'));
  const external = asBytes(dictionary.get('external ip'));
  return {
    interval: clamp(asNumber(dictionary.get('interval')) ?? DEFAULT_INTERVAL, low, high),
    minInterval:
      minInterval === undefined || minInterval <= 0 ? undefined : clamp(minInterval, low, high),
    peers: collector.peers,
    namedPeers: collector.namedPeers,
    complete: asCount(dictionary.get('complete')),
    incomplete: asCount(dictionary.get('incomplete')),
    downloaded: asCount(dictionary.get('downloaded')),
    // Copied, so that the small field does not hold the whole answer in memory.
    trackerId:
      trackerId === undefined || trackerId.length > MAX_TRACKER_ID_LENGTH
        ? undefined
        : Uint8Array.from(trackerId),
    externalIp:
      external?.length === 4 || external?.length === 16 ? addressFromBytes(external) : undefined,
    warning: asText(dictionary.get('warning message')),
  };
}

function readScrapeFile(value: BencodeDictionary): ScrapeFile {
  const name = asBytes(value.get('name'));
  return {
    complete: asCount(value.get('complete')) ?? 0,
    incomplete: asCount(value.get('incomplete')) ?? 0,
    downloaded: asCount(value.get('downloaded')) ?? 0,
    name: name === undefined ? undefined : sanitizeBytes(name, MAX_NAME_LENGTH),
  };
}

/**
 * Reads the answer to a scrape over HTTP (BEP 48). Total, like {@link parseAnnounceResponse}; entries whose key is not an
 * info-hash of 20 bytes, or whose value is not a dictionary, are left out.
 *
 * @throws TrackerFailure when the tracker refused
 * @throws TrackerError `ERR_TRACKER_RESPONSE`
 */
export function parseScrapeResponse(
  bytes: Uint8Array,
  limits: Partial<ResponseLimits> = {},
): ScrapeResponse {
  const { minInterval, maxInterval } = { ...DEFAULT_RESPONSE_LIMITS, ...limits };
  const dictionary = readDictionary(bytes);
  throwIfFailed(dictionary);
  const entries = dictionary.get('files');
  if (!(entries instanceof Map)) {
    throw new TrackerError('ERR_TRACKER_RESPONSE', "The tracker's answer to a scrape has no files");
  }
  const files = new Map<string, ScrapeFile>();
  for (const [key, value] of entries) {
    if (files.size >= MAX_SCRAPE_FILES) break;
    if (key.length === 20 && value instanceof Map) {
      // Keys hold one byte per character.
      files.set(Buffer.from(key, 'latin1').toString('hex'), readScrapeFile(value));
    }
  }
  const flags = dictionary.get('flags');
  const wait = flags instanceof Map ? asNumber(flags.get('min_request_interval')) : undefined;
  return {
    files,
    minRequestInterval:
      wait === undefined || wait <= 0 ? undefined : clamp(wait, minInterval, maxInterval),
  };
}
