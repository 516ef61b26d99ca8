import { isIPv4, isIPv6 } from 'node:net';
import { MetainfoError } from '../errors.ts';
import { fromHex } from '../hex.ts';
import type { MagnetLimits } from '../limits.ts';
import { DEFAULT_MAGNET_LIMITS } from '../limits.ts';
import { decodeBase32 } from './base32.ts';
import { decodeLossy, decodeStrict } from './percent.ts';
import { parseSelectOnly } from './select-only.ts';
import type { MagnetLink, MagnetPeer } from './types.ts';

/** Options of {@link parseMagnet}. */
export interface ParseMagnetOptions {
  /** Limits that differ from {@link DEFAULT_MAGNET_LIMITS}. */
  readonly limits?: Partial<MagnetLimits>;
}

/** `magnet:?`; the scheme in any case (RFC 3986), and as some tools write it. */
const SCHEME = /^magnet:(?:\/\/)?\?/i;

/** `xt.1`, `tr.2`: numbered forms of the magnet draft. */
const NUMBERED = /\.\d+$/;

/** A URL of the web, escaped or not. */
const WEB = /^https?(?::|%3a)/i;

const HEX_40 = /^[0-9a-f]{40}$/i;
const BASE32_32 = /^[a-z2-7]{32}$/i;
/** Multihash: function 0x12 (SHA-256), 0x20 bytes. */
const MULTIHASH = /^1220([0-9a-f]{64})$/i;

const PEER = /^(?:\[([^\]]*)\]|([^:[\]]+)):(\d{1,5})$/;
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i;
const LOOKS_NUMERIC = /^[\d.]+$/;

/**
 * Parse a magnet link. What names the torrent must be right; anything else that is malformed is left out, as is what passes
 * a limit. Throws ERR_METAINFO_INVALID_MAGNET. Linear in the length of the link.
 */
export function parseMagnet(uri: string, options: ParseMagnetOptions = {}): MagnetLink {
  const limits = { ...DEFAULT_MAGNET_LIMITS, ...options.limits };
  if (uri.length > limits.maxLength) {
    throw invalid(`the link is longer than the limit of ${limits.maxLength} characters`);
  }
  const trimmed = uri.trim();
  const scheme = SCHEME.exec(trimmed);
  if (scheme === null) throw invalid('a magnet link starts with "magnet:?"');
  const fragment = trimmed.indexOf('#');
  const query = trimmed.slice(scheme[0].length, fragment < 0 ? undefined : fragment);
  const reader = new MagnetReader(limits);
  let start = 0;
  for (let count = 0; start <= query.length && count < limits.maxParameters; count++) {
    const ampersand = query.indexOf('&', start);
    const end = ampersand < 0 ? query.length : ampersand;
    reader.parameter(query.slice(start, end));
    start = end + 1;
  }
  return reader.finish();
}

class MagnetReader {
  readonly #limits: MagnetLimits;
  readonly #trackers = new Set<string>();
  readonly #webSeeds = new Set<string>();
  readonly #exactSources = new Set<string>();
  readonly #peers = new Map<string, MagnetPeer>();
  #infoHash: Uint8Array | undefined;
  #infoHashV2: Uint8Array | undefined;
  #name: string | undefined;
  #selectOnly: number[] | undefined;
  #exactLength: number | undefined;
  /** Why the first topic that was meant for us could not be read. */
  #problem: string | undefined;

  constructor(limits: MagnetLimits) {
    this.#limits = limits;
  }

  parameter(text: string): void {
    const equals = text.indexOf('=');
    if (equals < 0) return;
    // "&amp;" comes with links copied out of HTML.
    const key = text.slice(0, equals).toLowerCase().replace(/^amp;/, '').replace(NUMBERED, '');
    const value = text.slice(equals + 1);
    switch (key) {
      case 'xt':
        this.#topic(value);
        return;
      case 'dn':
        this.#displayName(value);
        return;
      case 'tr':
        this.#url(value, this.#trackers, this.#limits.maxTrackers);
        return;
      case 'ws':
        this.#url(value, this.#webSeeds, this.#limits.maxWebSeeds);
        return;
      case 'xs':
      case 'as':
        // Other schemes are those of other networks, or of BEP 46.
        if (WEB.test(value)) {
          this.#url(value, this.#exactSources, this.#limits.maxExactSources);
        }
        return;
      case 'x.pe':
        this.#peer(value);
        return;
      case 'so':
        this.#selectOnly ??= parseSelectOnly(decodeStrict(value) ?? '', this.#limits.maxSelected);
        return;
      case 'xl':
        if (/^\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value))) {
          this.#exactLength ??= Number(value);
        }
        return;
      default:
    }
  }

  finish(): MagnetLink {
    if (this.#infoHash === undefined && this.#infoHashV2 === undefined) {
      throw invalid(this.#problem ?? 'the link names no BitTorrent info-hash (xt=urn:btih:…)');
    }
    return {
      infoHash: this.#infoHash,
      infoHashV2: this.#infoHashV2,
      name: this.#name,
      trackers: [...this.#trackers],
      webSeeds: [...this.#webSeeds],
      exactSources: [...this.#exactSources],
      peers: [...this.#peers.values()],
      selectOnly: this.#selectOnly,
      exactLength: this.#exactLength,
    };
  }

  #topic(value: string): void {
    const topic = decodeStrict(value);
    if (topic === undefined) {
      this.#problem ??= 'the topic of the link is badly escaped';
      return;
    }
    const urn = /^urn:(btih|btmh):/i.exec(topic);
    if (urn === null) return;
    const text = topic.slice(urn[0].length);
    if (urn[1]?.toLowerCase() === 'btih') {
      const hash = parseBtih(text);
      if (hash === undefined) {
        this.#problem ??= 'an info-hash (btih) has 40 hexadecimal or 32 base32 digits';
      } else this.#infoHash = sameOrFirst(this.#infoHash, hash);
    } else {
      const digits = MULTIHASH.exec(text)?.[1];
      if (digits === undefined) {
        this.#problem ??= 'an info-hash (btmh) is "1220" and 64 hexadecimal digits';
      } else this.#infoHashV2 = sameOrFirst(this.#infoHashV2, fromHex(digits));
    }
  }

  #displayName(value: string): void {
    const { maxNameLength } = this.#limits;
    // An escaped character takes at most twelve.
    const name = decodeLossy(value.slice(0, maxNameLength * 12)).slice(0, maxNameLength);
    if (name !== '') this.#name ??= name;
  }

  #url(value: string, into: Set<string>, limit: number): void {
    const { maxUrlLength } = this.#limits;
    if (into.size >= limit || value.length > maxUrlLength * 3) return;
    const url = decodeStrict(value)?.trim();
    if (url === undefined || url === '' || url.length > maxUrlLength) return;
    if (!/[\p{Cc}\s]/u.test(url)) into.add(url);
  }

  #peer(value: string): void {
    if (this.#peers.size >= this.#limits.maxPeers) return;
    if (value.length > this.#limits.maxUrlLength) return;
    const text = decodeStrict(value) ?? '';
    const peer = parsePeer(text);
    if (peer !== undefined) this.#peers.set(`${peer.host} ${peer.port}`, peer);
  }
}

function parseBtih(text: string): Uint8Array | undefined {
  if (HEX_40.test(text)) return fromHex(text);
  return BASE32_32.test(text) ? decodeBase32(text) : undefined;
}

function parsePeer(text: string): MagnetPeer | undefined {
  const match = PEER.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port < 1 || port > 0xffff) return undefined;
  const address = match[1];
  // A zone (`%eth0`) means something on the machine it was written on only.
  if (address !== undefined) {
    return isIPv6(address) && !address.includes('%') ? { host: address, port } : undefined;
  }
  const host = match[2] ?? '';
  if (LOOKS_NUMERIC.test(host) ? !isIPv4(host) : !HOST_NAME.test(host)) return undefined;
  return { host, port };
}

/** Two hashes of one kind name two torrents, and nobody knows which one is meant. */
function sameOrFirst(known: Uint8Array | undefined, found: Uint8Array): Uint8Array {
  if (known === undefined) return found;
  if (Buffer.compare(known, found) !== 0) throw invalid('the link names two different torrents');
  return known;
}

function invalid(message: string): MetainfoError {
  return new MetainfoError('ERR_METAINFO_INVALID_MAGNET', message);
}
