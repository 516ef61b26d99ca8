import type { BencodeValue } from '@shoal/bencode';
import {
  addressKind,
  COMPACT_IPV4_BYTES,
  COMPACT_IPV6_BYTES,
  decodeCompact,
  parseAddress,
} from '@shoal/net';
import type { NamedTrackerPeer, TrackerPeer } from './types.ts';

/** Longest address text worth looking at: a DNS name has at most 253 characters. */
const MAX_HOST_LENGTH = 253;
const PEER_ID_LENGTH = 20;

const latin1 = new TextDecoder('latin1');

/** A DNS name. A last label of digits or hexadecimal would be read as an odd form of an IPv4 address. */
function isHostName(text: string): boolean {
  return (
    /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?$/i.test(text) &&
    !/(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$/i.test(text)
  );
}

function isReachable(address: string): boolean {
  const kind = addressKind(address);
  return kind !== 'unspecified' && kind !== 'multicast';
}

/** Gathers the peers of one answer: drops what cannot be read or reached, and what was there already. */
export class PeerCollector {
  readonly peers: TrackerPeer[] = [];
  readonly namedPeers: NamedTrackerPeer[] = [];
  readonly #limit: number;
  readonly #seen = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds peers in compact form; bytes at the end that are no whole peer are ignored. */
  addCompact(bytes: Uint8Array, family: 4 | 6): void {
    const size = family === 4 ? COMPACT_IPV4_BYTES : COMPACT_IPV6_BYTES;
    const whole = Math.min(Math.floor(bytes.length / size), this.#limit - this.#seen.size) * size;
    if (whole <= 0) return;
    for (const { address, port } of decodeCompact(bytes.subarray(0, whole), family)) {
      this.#addAddress(address, port, undefined);
    }
  }

  /** Adds peers written out as dictionaries with `ip`, `port` and possibly `peer id` (BEP 3). */
  addList(list: readonly BencodeValue[]): void {
    for (const entry of list) {
      if (this.#seen.size >= this.#limit) return;
      if (!(entry instanceof Map)) continue;
      const ip = entry.get('ip');
      const port = entry.get('port');
      if (!(ip instanceof Uint8Array) || ip.length > MAX_HOST_LENGTH) continue;
      if (typeof port !== 'number') continue;
      const id = entry.get('peer id');
      const peerId =
        id instanceof Uint8Array && id.length === PEER_ID_LENGTH ? Uint8Array.from(id) : undefined;
      const host = latin1.decode(ip);
      const address = parseAddress(host);
      if (address !== undefined) this.#addAddress(address, port, peerId);
      else if (isHostName(host)) this.#addNamed(host.toLowerCase(), port, peerId);
    }
  }

  #addAddress(address: string, port: number, peerId: Uint8Array | undefined): void {
    if (isReachable(address) && this.#isNew(address, port)) {
      this.peers.push(peerId === undefined ? { address, port } : { address, port, peerId });
    }
  }

  #addNamed(host: string, port: number, peerId: Uint8Array | undefined): void {
    if (this.#isNew(host, port)) {
      this.namedPeers.push(peerId === undefined ? { host, port } : { host, port, peerId });
    }
  }

  #isNew(host: string, port: number): boolean {
    if (!Number.isInteger(port) || port < 1 || port > 65535) return false;
    const key = `${host} ${port}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}
