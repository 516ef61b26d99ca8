/** Base of every error this package throws on purpose. `code` is stable and listed in the README. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError';
  /** Stable, `ERR_…`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `ERR_CLIENT_TORRENT_CLOSED`, for whatever waited for a torrent. */
export function torrentClosedError(): ClientError {
  return new ClientError('ERR_CLIENT_TORRENT_CLOSED', 'The torrent was closed');
}

/**
 * `ERR_CLIENT_CONTRADICTORY_MAGNET`: the two info-hashes of a magnet link are those of different torrents. There is metadata for
 * one of them, and none can be for both; who gave it is not to blame.
 */
export class MagnetContradictionError extends ClientError {
  override readonly name: string = 'MagnetContradictionError';

  constructor() {
    super(
      'ERR_CLIENT_CONTRADICTORY_MAGNET',
      'The version 1 and version 2 info-hashes of the magnet link belong to different torrents',
    );
  }
}

/**
 * `ERR_CLIENT_INCONSISTENT_HASHES`: data matches one of the two hashes that a hybrid torrent has of a piece, but not the
 * other. The torrent contradicts itself, and nobody who sent or stored the data is to blame.
 */
export class InconsistentHashesError extends ClientError {
  override readonly name: string = 'InconsistentHashesError';
  /** The first piece it was found in. */
  readonly piece: number;

  constructor(piece: number) {
    const message = `The version 1 and version 2 hashes of piece ${piece} do not describe the same data`;
    super('ERR_CLIENT_INCONSISTENT_HASHES', message);
    this.piece = piece;
  }
}

/**
 * What can go wrong with a torrent's files:
 * - `ERR_DISK_FULL`: no space left, or the quota is used up
 * - `ERR_DISK_PERMISSION`: not allowed, or the file system is read-only
 * - `ERR_DISK_MISSING`: a file or folder that should be there is gone, or shorter than the data read from it
 * - `ERR_DISK_WRONG_TYPE`: a folder stands where a file is needed, a file where a folder is, or something that is neither
 * - `ERR_DISK_UNSAFE_PATH`: a symbolic link on the way leads out of the download folder, so nothing is written through it
 * - `ERR_DISK_TOO_MANY_FILES`: the process may not open more files
 * - `ERR_DISK_IO`: any other failure of the device or file system
 * - `ERR_DISK_WORKER`: a worker thread ended unexpectedly
 * - `ERR_DISK_LOCKED`: another process, or another client of this one, works on the same download
 * - `ERR_DISK_UNSUPPORTED`: the torrent has no SHA-1 piece hashes, and the storage was not told the SHA-256 ones; or data was to be
 *   read or written of a torrent of which only the metadata is wanted
 * - `ERR_DISK_STORAGE`: a storage handed in with `AddOptions.storage` did not keep to its contract
 * - `ERR_DISK_CLOSED`: the storage or pool was closed
 */
export type DiskErrorCode =
  | 'ERR_DISK_FULL'
  | 'ERR_DISK_PERMISSION'
  | 'ERR_DISK_MISSING'
  | 'ERR_DISK_WRONG_TYPE'
  | 'ERR_DISK_UNSAFE_PATH'
  | 'ERR_DISK_TOO_MANY_FILES'
  | 'ERR_DISK_IO'
  | 'ERR_DISK_WORKER'
  | 'ERR_DISK_LOCKED'
  | 'ERR_DISK_UNSUPPORTED'
  | 'ERR_DISK_STORAGE'
  | 'ERR_DISK_CLOSED';

export interface DiskErrorOptions extends ErrorOptions {
  /** The file or folder concerned. */
  readonly path?: string | undefined;
}

/** A failure of the files a torrent is kept in. */
export class DiskError extends ClientError {
  override readonly name: string = 'DiskError';
  declare readonly code: DiskErrorCode;
  /** The file or folder concerned, where there is one. */
  readonly path: string | undefined;

  constructor(code: DiskErrorCode, message: string, options: DiskErrorOptions = {}) {
    super(code, message, 'cause' in options ? { cause: options.cause } : undefined);
    this.path = options.path;
  }
}

/**
 * Why a connection to a peer was ended by this client:
 * - `ERR_PEER_HANDSHAKE_TIMEOUT`: it sent no complete handshake in time
 * - `ERR_PEER_UNWANTED`: it asked for a torrent that is not here, or that takes no more peers
 * - `ERR_PEER_SELF`: it is this very client
 * - `ERR_PEER_IDLE`: it has sent nothing for a long time
 * - `ERR_PEER_MISBEHAVED`: it broke the protocol in a way that only the engine can see
 */
export type PeerErrorCode =
  | 'ERR_PEER_HANDSHAKE_TIMEOUT'
  | 'ERR_PEER_UNWANTED'
  | 'ERR_PEER_SELF'
  | 'ERR_PEER_IDLE'
  | 'ERR_PEER_BLOCKED'
  | 'ERR_PEER_MISBEHAVED';

/** The stable code of an error, where it has one. */
export function codeOf(error: Error | undefined): string | undefined {
  return error !== undefined && 'code' in error ? String(error.code) : undefined;
}

/** `ERR_PEER_BLOCKED`, for connections that are ended by an IP filter. */
export function blockedError(): PeerError {
  return new PeerError('ERR_PEER_BLOCKED', 'The IP filter blocks its address');
}

/** A peer had to go. */
export class PeerError extends ClientError {
  override readonly name: string = 'PeerError';
  declare readonly code: PeerErrorCode;
}
