import { infoHashHex, type MagnetLink, type TorrentInfo } from '@shoal/metainfo';
import { type InfoHashes, infoHashesOf } from './info-hashes.ts';
import { type SwarmNames, swarmNamesOf } from './peer/swarm-names.ts';

/** What a torrent is called. */
export interface TorrentNames {
  readonly infoHashes: InfoHashes;
  /** The SHA-1 info-hash, 40 lower-case digits; where there is none the SHA-256 one, 64. */
  readonly infoHashHex: string;
  /** On the wire. */
  readonly swarmNames: SwarmNames;
}

/** Throws `ERR_CLIENT_INVALID_TORRENT` where it has no info-hash, which no parser lets pass. */
export function torrentNamesOf(named: TorrentInfo | MagnetLink): TorrentNames {
  return {
    infoHashes: infoHashesOf(named),
    infoHashHex: infoHashHex(named),
    swarmNames: swarmNamesOf(named),
  };
}
