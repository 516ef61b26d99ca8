/** Bytes of a block as everyone requests it: 16 KiB (BEP 3). The last block of a torrent may be shorter. */
export const BLOCK_LENGTH = 16_384;

/**
 * Most bytes of one block we take or give: 128 KiB. Requests are 16 KiB in practice, but old clients ask for up to
 * 128 KiB and the field answers them; what is above that is an attack on memory.
 */
export const MAX_BLOCK_LENGTH = 131_072;

/** Most pieces a torrent may have: 2,097,152, the field's common bound. */
export const MAX_PIECE_COUNT = 2_097_152;

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
  /** Payload of a message that is skipped. Default 1 MiB: it costs no memory, only the peer's time. */
  readonly maxUnknownLength: number;
}

/** What a {@link WireDecoder} accepts unless told otherwise. */
export const DEFAULT_WIRE_LIMITS: WireLimits = {
  maxBlockLength: MAX_BLOCK_LENGTH,
  maxBitfieldLength: MAX_PIECE_COUNT / 8,
  maxExtendedLength: 1_048_576,
  maxUnknownLength: 1_048_576,
};
