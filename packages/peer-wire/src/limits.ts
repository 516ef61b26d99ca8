import { checkInteger } from './bytes.ts';

/** Bytes of a block as everyone requests it: 16 KiB (BEP 3). The last block of a torrent may be shorter. */
export const BLOCK_LENGTH = 16_384;

/**
 * Most bytes of one block we take or give: 128 KiB. Requests are 16 KiB in practice, but old clients ask for up to
 * 128 KiB and the field answers them; what is above that is an attack on memory.
 */
export const MAX_BLOCK_LENGTH = 131_072;

/** Most pieces a torrent may have: 2,097,152, the field's common bound. */
export const MAX_PIECE_COUNT = 2_097_152;

/** Bytes of one hash of a v2 torrent: SHA-256 (BEP 52). */
export const HASH_LENGTH = 32;

/** Most hashes of the base layer one `hash request` of ours asks for: BEP 52 has it that there should be no more. */
export const MAX_REQUESTED_HASHES = 512;

/**
 * Most hashes of the base layer a peer may ask for and one `hashes` message may hold. BEP 52 forbids no length, and clients
 * ask for the leaves of a whole piece at once: 8,192 of them are a piece of 128 MiB.
 */
export const MAX_HASHES = 8_192;

/** Most proof layers of a hash request: the tree of a file of 2^63 bytes has 48 layers between its leaves and its root. */
export const MAX_PROOF_LAYERS = 48;

/**
 * Most hash requests of ours one peer may have unanswered. Each covers up to {@link MAX_REQUESTED_HASHES} hashes, so these
 * reach far ahead of any download.
 */
export const MAX_OUTSTANDING_HASH_REQUESTS = 64;

/** Most hash requests of one peer that wait for our answer. Honest peers send a few; each costs some 200 bytes here. */
export const MAX_PENDING_HASH_REQUESTS = 256;

/** Most bytes read of an extended handshake (BEP 10), 64 KiB: they have a few hundred. */
export const MAX_EXTENSION_HANDSHAKE_LENGTH = 65_536;

/** Most extensions taken from the `m` of one extended handshake, where peers name about ten. What follows is ignored. */
export const MAX_EXTENSION_COUNT = 128;

/** Most characters of the name of an extension, and of a client (`v`). */
export const MAX_NAME_LENGTH = 64;

/** Bytes of each piece of metadata but the last (BEP 9): 16 KiB. */
export const METADATA_PIECE_LENGTH = 16_384;

/** Most bytes of metadata, that is of an info dictionary, a peer may speak of: 30 MiB, as of a whole .torrent file. */
export const MAX_METADATA_LENGTH = 31_457_280;

/** Most bytes read of one message of peer exchange (BEP 11), 16 KiB: a list of {@link MAX_PEX_PEERS} of each kind has 12. */
export const MAX_PEX_LENGTH = 16_384;

/**
 * Most peers taken from each of the four lists of one message of peer exchange. The BEP has 50 in a message, and no number for
 * the first one, in which clients send up to some 200; what follows is ignored.
 */
export const MAX_PEX_PEERS = 200;

/** What a {@link WireDecoder} accepts. All are lengths in bytes. */
export interface WireLimits {
  /** Payload of one `piece` message. Default {@link MAX_BLOCK_LENGTH}. */
  readonly maxBlockLength: number;
  /**
   * Payload of a `bitfield` message. Default 262,144: one bit for each of {@link MAX_PIECE_COUNT} pieces. Narrow it with
   * {@link WireDecoder.maxBitfieldLength} when the piece count is known.
   */
  readonly maxBitfieldLength: number;
  /**
   * Payload of an `extended` message after its extended id. Default 1 MiB: far above the 16 KiB pieces of metadata and
   * the few KiB of a handshake or of peer exchange, small enough to hold in memory.
   */
  readonly maxExtendedLength: number;
  /**
   * Hashes of one `hashes` message (BEP 52). Default 263,680: {@link MAX_HASHES} and {@link MAX_PROOF_LAYERS} of 32 bytes.
   * They are stored only where the sink names a place for them.
   */
  readonly maxHashesLength: number;
  /** Payload of a message that is skipped. Default 1 MiB: it costs no memory, only the peer's time. */
  readonly maxUnknownLength: number;
}

/** What a {@link WireDecoder} accepts unless told otherwise. */
export const DEFAULT_WIRE_LIMITS: WireLimits = {
  maxBlockLength: MAX_BLOCK_LENGTH,
  maxBitfieldLength: MAX_PIECE_COUNT / 8,
  maxExtendedLength: 1_048_576,
  maxHashesLength: (MAX_HASHES + MAX_PROOF_LAYERS) * HASH_LENGTH,
  maxUnknownLength: 1_048_576,
};

/** Most bytes a message of any kind may be allowed, so that sums stay exact: 1 GiB. */
export const MAX_LIMIT = 1_073_741_824;

/** Throws `ERR_WIRE_INVALID_ARGUMENT` for a limit that is out of range; the defaults are as they are for every peer. */
export function limitsOf(given: Partial<WireLimits> | undefined): WireLimits {
  if (given === undefined) return DEFAULT_WIRE_LIMITS;
  const limits = { ...DEFAULT_WIRE_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) checkInteger(name, value, MAX_LIMIT);
  return limits;
}
