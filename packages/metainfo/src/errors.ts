/** Every code a {@link MetainfoError} can carry. They are part of the API and do not change meaning. */
export type MetainfoErrorCode =
  | 'ERR_METAINFO_BENCODE'
  | 'ERR_METAINFO_TOO_LONG'
  | 'ERR_METAINFO_NOT_A_TORRENT'
  | 'ERR_METAINFO_INVALID_NAME'
  | 'ERR_METAINFO_INVALID_LENGTH'
  | 'ERR_METAINFO_INVALID_FILES'
  | 'ERR_METAINFO_INVALID_PATH'
  | 'ERR_METAINFO_UNSAFE_SYMLINK'
  | 'ERR_METAINFO_TOO_MANY_FILES'
  | 'ERR_METAINFO_INVALID_PIECE_LENGTH'
  | 'ERR_METAINFO_INVALID_PIECES'
  | 'ERR_METAINFO_TOO_MANY_PIECES'
  | 'ERR_METAINFO_UNSUPPORTED_VERSION'
  | 'ERR_METAINFO_INVALID_FILE_TREE'
  | 'ERR_METAINFO_HYBRID_MISMATCH'
  | 'ERR_METAINFO_INVALID_PIECE_LAYERS'
  | 'ERR_METAINFO_MISSING_PIECE_LAYERS'
  | 'ERR_METAINFO_INVALID_MAGNET'
  | 'ERR_METAINFO_INVALID_HEX'
  | 'ERR_METAINFO_INVALID_HASH_REQUEST'
  | 'ERR_METAINFO_OUT_OF_RANGE'
  | 'ERR_METAINFO_EDIT_OPTION'
  | `ERR_METAINFO_CREATE_${string}`;

/** The one error class of this package. */
export class MetainfoError extends Error {
  /** What went wrong, to switch on. */
  readonly code: MetainfoErrorCode;

  constructor(code: MetainfoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MetainfoError';
    this.code = code;
  }
}
