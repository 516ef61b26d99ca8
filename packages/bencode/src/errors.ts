/** Every code a {@link BencodeError} can carry. They are part of the API and do not change meaning. */
export type BencodeErrorCode =
  | 'ERR_BENCODE_TRUNCATED'
  | 'ERR_BENCODE_UNEXPECTED_BYTE'
  | 'ERR_BENCODE_INVALID_INTEGER'
  | 'ERR_BENCODE_INVALID_STRING_LENGTH'
  | 'ERR_BENCODE_KEY_NOT_BYTES'
  | 'ERR_BENCODE_MISSING_VALUE'
  | 'ERR_BENCODE_LEADING_ZERO'
  | 'ERR_BENCODE_NEGATIVE_ZERO'
  | 'ERR_BENCODE_UNSORTED_KEYS'
  | 'ERR_BENCODE_DUPLICATE_KEY'
  | 'ERR_BENCODE_TRAILING_DATA'
  | 'ERR_BENCODE_TOO_DEEP'
  | 'ERR_BENCODE_TOO_MANY_TOKENS'
  | 'ERR_BENCODE_TOO_LONG'
  | 'ERR_BENCODE_INTEGER_TOO_LONG'
  | 'ERR_BENCODE_WRONG_TYPE'
  | 'ERR_BENCODE_UNENCODABLE'
  | 'ERR_BENCODE_INVALID_KEY'
  | 'ERR_BENCODE_CYCLE';

/** The one error class of this package. */
export class BencodeError extends Error {
  /** What went wrong, to switch on. */
  readonly code: BencodeErrorCode;
  /** Byte offset in the input at which the problem was found; undefined for errors of `encode`. */
  readonly offset: number | undefined;

  constructor(code: BencodeErrorCode, message: string, offset?: number) {
    super(offset === undefined ? message : `${message} (at byte ${offset})`);
    this.name = 'BencodeError';
    this.code = code;
    this.offset = offset;
  }
}
