/** Every code a {@link WireError} can carry. Codes are stable: they change only with a major version. */
export const WIRE_ERROR_CODES = [
  'ERR_WIRE_NOT_BITTORRENT',
  'ERR_WIRE_HANDSHAKE_LENGTH',
  'ERR_WIRE_INFO_HASH_MISMATCH',
  'ERR_WIRE_PEER_ID_MISMATCH',
  'ERR_WIRE_MESSAGE_TOO_LONG',
  'ERR_WIRE_MESSAGE_LENGTH',
  'ERR_WIRE_BITFIELD_LENGTH',
  'ERR_WIRE_BITFIELD_SPARE_BITS',
  'ERR_WIRE_UNEXPECTED_MESSAGE',
  'ERR_WIRE_FAST_NOT_NEGOTIATED',
  'ERR_WIRE_PIECE_OUT_OF_RANGE',
  'ERR_WIRE_BLOCK_OUT_OF_RANGE',
  'ERR_WIRE_NOT_REQUESTED',
  'ERR_WIRE_TOO_MANY_HASH_REQUESTS',
  'ERR_WIRE_EXTENSION_PAYLOAD',
  'ERR_WIRE_DECODER_FAILED',
  'ERR_WIRE_BLOCK_TARGET',
  'ERR_WIRE_INVALID_ARGUMENT',
] as const;

/** The stable code of a {@link WireError}; the package's README says what each means. */
export type WireErrorCode = (typeof WIRE_ERROR_CODES)[number];

/**
 * What goes wrong in this package: a peer that breaks the protocol, or a caller that passes an impossible value
 * (`ERR_WIRE_INVALID_ARGUMENT`, `ERR_WIRE_BLOCK_TARGET`, `ERR_WIRE_DECODER_FAILED`).
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  /** What went wrong, to switch on. */
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
