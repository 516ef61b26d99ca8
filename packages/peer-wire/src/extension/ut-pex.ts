import { encode } from '@shoal/bencode';
import type { BencodeNode } from '@shoal/bencode';
import {
  addressToBytes,
  COMPACT_IPV4_BYTES,
  COMPACT_IPV6_BYTES,
  decodeCompact,
  encodeCompact,
} from '@shoal/net';
import type { Endpoint } from '@shoal/net';
import { checkInteger } from '../bytes.ts';
import { WireError } from '../errors.ts';
import { MAX_PEX_LENGTH, MAX_PEX_PEERS } from '../limits.ts';
import type { Extension } from './extension.ts';
import { bytesIn, parseDictionary } from './fields.ts';

/** What the bits of a peer's `flags` mean (BEP 11). */
export const pexFlags = {
  /** It prefers encrypted connections. */
  encryption: 0x01,
  /** It wants nothing: a seed, or upload-only (BEP 21). */
  seed: 0x02,
  /** It speaks uTP (BEP 29). */
  utp: 0x04,
  /** It speaks `ut_holepunch` (BEP 55). */
  holepunch: 0x08,
  /** The sender has connected to it, so others can. */
  reachable: 0x10,
} as const;

/** A peer that somebody is connected to. */
export interface PexPeer extends Endpoint {
  /** Bits of {@link pexFlags}, and others that later versions may define, 0 to 255. 0 where nothing was said. */
  readonly flags: number;
}

/** A message of {@link utPex}. Both IPv4 and IPv6 peers are in either list, at most 200 of each. */
export interface UtPexMessage {
  /** Peers the sender has become connected to since its last message. */
  readonly added: readonly PexPeer[];
  /** Peers it is connected to no longer. */
  readonly dropped: readonly Endpoint[];
}

/**
 * Peer exchange (BEP 11): which peers the sender is connected to. How often a message may come, how many peers it may name, and
 * which of them can be believed, is the caller's to judge.
 *
 * Of lists that are no whole number of peers, or too long, what is whole and within the limit counts; a list of the wrong type is
 * as if it were not there. What is no dictionary of up to 16 KiB is `ERR_WIRE_EXTENSION_PAYLOAD`.
 */
export const utPex: Extension<UtPexMessage> = {
  name: 'ut_pex',

  decode(payload) {
    const { root } = parseDictionary('a ut_pex message', payload, MAX_PEX_LENGTH);
    return {
      added: [
        ...withFlags(peersIn(root, 'added', 4), bytesIn(root, 'added.f')),
        ...withFlags(peersIn(root, 'added6', 6), bytesIn(root, 'added6.f')),
      ],
      dropped: [...peersIn(root, 'dropped', 4), ...peersIn(root, 'dropped6', 6)],
    };
  },

  encode({ added, dropped }) {
    const added4 = ofFamily(added, 4);
    const added6 = ofFamily(added, 6);
    return encode({
      added: encodeCompact(added4, 4),
      'added.f': flagsOf(added4),
      added6: encodeCompact(added6, 6),
      'added6.f': flagsOf(added6),
      dropped: encodeCompact(ofFamily(dropped, 4), 4),
      dropped6: encodeCompact(ofFamily(dropped, 6), 6),
    });
  },
};

function peersIn(root: BencodeNode, key: string, family: 4 | 6): Endpoint[] {
  const bytes = bytesIn(root, key);
  if (bytes === undefined) return [];
  const each = family === 4 ? COMPACT_IPV4_BYTES : COMPACT_IPV6_BYTES;
  return decodeCompact(bytes.subarray(0, MAX_PEX_PEERS * each), family);
}

function withFlags(peers: readonly Endpoint[], flags: Uint8Array | undefined): PexPeer[] {
  return peers.map(({ address, port }, index) => ({ address, port, flags: flags?.[index] ?? 0 }));
}

/** The peers that have an address of this family, checked. */
function ofFamily<Peer extends Endpoint>(peers: readonly Peer[], family: 4 | 6): Peer[] {
  const length = family === 4 ? 4 : 16;
  const found = peers.filter(({ address, port }) => {
    checkInteger('the port of a peer', port, 0xffff);
    return bytesOf(address).length === length;
  });
  checkInteger('the number of peers', found.length, MAX_PEX_PEERS);
  return found;
}

function bytesOf(address: string): Uint8Array {
  try {
    return addressToBytes(address);
  } catch (error) {
    throw new WireError('ERR_WIRE_INVALID_ARGUMENT', 'a peer has no IP address', { cause: error });
  }
}

function flagsOf(peers: readonly PexPeer[]): Uint8Array {
  return Uint8Array.from(peers, ({ flags }) => {
    checkInteger('the flags of a peer', flags, 0xff);
    return flags;
  });
}
