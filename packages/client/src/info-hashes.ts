import type { MagnetLink, TorrentInfo } from '@shoal/metainfo';
import { ClientError } from './errors.ts';

/** The info-hashes of a torrent: a hybrid one (BEP 52) has both, any other one of them. */
export interface InfoHashes {
  /** SHA-1, 20 bytes. */
  readonly v1?: Uint8Array;
  /** SHA-256, 32 bytes. */
  readonly v2?: Uint8Array;
}

/** Throws `ERR_CLIENT_INVALID_TORRENT` where it has none, which no parser lets pass. */
export function infoHashesOf({
  infoHash: v1,
  infoHashV2: v2,
}: TorrentInfo | MagnetLink): InfoHashes {
  if (v1 === undefined && v2 === undefined) {
    throw new ClientError('ERR_CLIENT_INVALID_TORRENT', 'It has no info-hash');
  }
  return { ...(v1 === undefined ? {} : { v1 }), ...(v2 === undefined ? {} : { v2 }) };
}
