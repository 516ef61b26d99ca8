import { TrackerError } from './errors.ts';
import type { AnnounceRequest } from './types.ts';

/** Bytes of an info-hash and of a peer id (BEP 3). */
const HASH_LENGTH = 20;

/** @throws TrackerError `ERR_TRACKER_REQUEST` */
export function checkHash(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length !== HASH_LENGTH) {
    throw new TrackerError(
      'ERR_TRACKER_REQUEST',
      `${name} must be ${HASH_LENGTH} bytes, not ${bytes.length}`,
    );
  }
  return bytes;
}

function checkCount(value: number | bigint, name: string): void {
  if (typeof value === 'bigint' ? value < 0n : !(Number.isFinite(value) && value >= 0)) {
    throw new TrackerError('ERR_TRACKER_REQUEST', `${name} must be a number of bytes, 0 or more`);
  }
}

/**
 * Refuses what no tracker can be told, over HTTP or UDP.
 *
 * @throws TrackerError `ERR_TRACKER_REQUEST` when a field is out of its range
 */
export function checkAnnounce(request: AnnounceRequest): void {
  const { port, numwant } = request;
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new TrackerError('ERR_TRACKER_REQUEST', 'port must be 1 to 65535');
  }
  if (numwant !== undefined && (!Number.isInteger(numwant) || numwant < 0)) {
    throw new TrackerError('ERR_TRACKER_REQUEST', 'numwant must be an integer, 0 or more');
  }
  checkHash(request.infoHash, 'infoHash');
  checkHash(request.peerId, 'peerId');
  checkCount(request.uploaded, 'uploaded');
  checkCount(request.downloaded, 'downloaded');
  checkCount(request.left, 'left');
}
