import { checkLength, equalBytes, hexOf } from './bytes.ts';
import { WireError } from './errors.ts';

/** Bytes of a handshake: 1 + 19 + 8 + 20 + 20 (BEP 3). */
export const HANDSHAKE_LENGTH = 68;

/** Length byte and protocol name: what every handshake starts with. */
const PREFIX = Uint8Array.of(19, ...new TextEncoder().encode('BitTorrent protocol'));
const RESERVED_AT = 20;
const INFO_HASH_AT = 28;
const PEER_ID_AT = 48;

/** What the eight reserved bytes of a handshake say the sender can do. Bits not named here are ignored. */
export interface ReservedBits {
  /** Runs a DHT node (BEP 5): the last bit of the last byte. */
  readonly dht: boolean;
  /** Fast extension (BEP 6): 0x04 of the last byte. */
  readonly fast: boolean;
  /** Extension protocol (BEP 10): 0x10 of the sixth byte. */
  readonly extension: boolean;
  /** Can upgrade a hybrid torrent to v2 (BEP 52): 0x10 of the last byte. */
  readonly v2: boolean;
}

/** What the two sides of a new connection tell each other (BEP 3). */
export interface Handshake {
  /** What the sender can do. */
  readonly reserved: ReservedBits;
  /** 20 bytes; for a v2 torrent the first 20 of its SHA-256. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
}

/** What {@link HandshakeReader.push} gives when the handshake is complete. */
export interface HandshakeResult {
  /** What the peer said; copies. */
  readonly handshake: Handshake;
  /** How many bytes of the last chunk belonged to the handshake. */
  readonly consumed: number;
  /** The bytes of the last chunk after the handshake: a view, valid as long as the chunk is. Often empty. */
  readonly rest: Uint8Array;
}

/** The eight reserved bytes for these abilities; what is left out counts as false. */
export function encodeReserved(bits: Partial<ReservedBits>): Uint8Array {
  const bytes = new Uint8Array(8);
  if (bits.extension === true) bytes[5] = 0x10;
  bytes[7] =
    (bits.dht === true ? 0x01 : 0) |
    (bits.fast === true ? 0x04 : 0) |
    (bits.v2 === true ? 0x10 : 0);
  return bytes;
}

/** Reads the eight reserved bytes. Throws `ERR_WIRE_INVALID_ARGUMENT` unless there are eight. */
export function decodeReserved(bytes: Uint8Array): ReservedBits {
  checkLength('the reserved bytes', bytes, 8);
  const sixth = bytes[5] ?? 0;
  const last = bytes[7] ?? 0;
  return {
    dht: (last & 0x01) !== 0,
    fast: (last & 0x04) !== 0,
    extension: (sixth & 0x10) !== 0,
    v2: (last & 0x10) !== 0,
  };
}

/** The 68 bytes of a handshake (BEP 3). Throws `ERR_WIRE_INVALID_ARGUMENT` unless info-hash and peer id have 20 bytes. */
export function encodeHandshake(handshake: {
  readonly reserved?: Partial<ReservedBits>;
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
}): Uint8Array {
  checkLength('the info-hash', handshake.infoHash, 20);
  checkLength('the peer id', handshake.peerId, 20);
  const bytes = new Uint8Array(HANDSHAKE_LENGTH);
  bytes.set(PREFIX);
  bytes.set(encodeReserved(handshake.reserved ?? {}), RESERVED_AT);
  bytes.set(handshake.infoHash, INFO_HASH_AT);
  bytes.set(handshake.peerId, PEER_ID_AT);
  return bytes;
}

/**
 * Reads a whole handshake; the result holds copies. Throws `ERR_WIRE_NOT_BITTORRENT` when it starts with something else,
 * `ERR_WIRE_HANDSHAKE_LENGTH` unless there are exactly 68 bytes.
 */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  const result = new HandshakeReader().push(bytes);
  if (result === undefined || result.rest.length > 0) {
    throw new WireError(
      'ERR_WIRE_HANDSHAKE_LENGTH',
      `a handshake has ${HANDSHAKE_LENGTH} bytes, not ${bytes.length}`,
    );
  }
  return result.handshake;
}

/**
 * Reads a handshake as its bytes come in, however they are cut. It holds 68 bytes and never more. The accepting side
 * answers as soon as {@link infoHash} is known and need not wait for the peer id.
 */
export class HandshakeReader {
  readonly #bytes = new Uint8Array(HANDSHAKE_LENGTH);
  #length = 0;

  /** How many bytes have come, 0 to 68. */
  get receivedBytes(): number {
    return this.#length;
  }

  /** A copy of the info-hash once 48 bytes have come. */
  get infoHash(): Uint8Array | undefined {
    return this.#length < PEER_ID_AT ? undefined : this.#bytes.slice(INFO_HASH_AT, PEER_ID_AT);
  }

  /** The reserved bits once 28 bytes have come. */
  get reserved(): ReservedBits | undefined {
    return this.#length < INFO_HASH_AT
      ? undefined
      : decodeReserved(this.#bytes.subarray(RESERVED_AT, INFO_HASH_AT));
  }

  /**
   * Takes the next bytes. Gives the handshake once it is complete, undefined before. Throws `ERR_WIRE_NOT_BITTORRENT` at
   * the first wrong byte, and `ERR_WIRE_HANDSHAKE_LENGTH` when it is called again after completion.
   */
  push(chunk: Uint8Array): HandshakeResult | undefined {
    if (this.#length === HANDSHAKE_LENGTH) {
      throw new WireError('ERR_WIRE_HANDSHAKE_LENGTH', 'the handshake has already been read');
    }
    const consumed = Math.min(chunk.length, HANDSHAKE_LENGTH - this.#length);
    for (let i = 0; i < consumed && this.#length + i < PREFIX.length; i++) {
      if (chunk[i] !== PREFIX[this.#length + i]) {
        throw new WireError(
          'ERR_WIRE_NOT_BITTORRENT',
          `byte ${this.#length + i} is not that of a BitTorrent handshake`,
        );
      }
    }
    this.#bytes.set(chunk.subarray(0, consumed), this.#length);
    this.#length += consumed;
    if (this.#length < HANDSHAKE_LENGTH) return undefined;
    const handshake = {
      reserved: decodeReserved(this.#bytes.subarray(RESERVED_AT, INFO_HASH_AT)),
      infoHash: this.#bytes.slice(INFO_HASH_AT, PEER_ID_AT),
      peerId: this.#bytes.slice(PEER_ID_AT),
    };
    return { handshake, consumed, rest: chunk.subarray(consumed) };
  }
}

/**
 * Compares a peer's handshake with what was expected. Throws `ERR_WIRE_INFO_HASH_MISMATCH`, or, where a peer id was
 * expected (a tracker named it), `ERR_WIRE_PEER_ID_MISMATCH`; BEP 3 has the connection dropped then.
 */
export function checkHandshake(
  handshake: Handshake,
  expected: { readonly infoHash: Uint8Array; readonly peerId?: Uint8Array | undefined },
): void {
  if (!equalBytes(handshake.infoHash, expected.infoHash)) {
    throw new WireError(
      'ERR_WIRE_INFO_HASH_MISMATCH',
      `the peer serves ${hexOf(handshake.infoHash)}, not ${hexOf(expected.infoHash)}`,
    );
  }
  if (expected.peerId !== undefined && !equalBytes(handshake.peerId, expected.peerId)) {
    throw new WireError(
      'ERR_WIRE_PEER_ID_MISMATCH',
      `the peer's id is ${hexOf(handshake.peerId)}, not the announced ${hexOf(expected.peerId)}`,
    );
  }
}
