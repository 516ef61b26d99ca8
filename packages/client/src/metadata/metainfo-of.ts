import { type MagnetLink, type Metainfo, PieceLayers, type TorrentInfo } from '@shoal/metainfo';

/** What is known of a torrent whose info dictionary came from peers: the rest is from its magnet link. */
export function metainfoOf(info: TorrentInfo, { trackers, webSeeds }: MagnetLink): Metainfo {
  return {
    info,
    trackers: trackers.map((url) => [url]),
    webSeeds,
    httpSeeds: [],
    nodes: [],
    comment: undefined,
    createdBy: undefined,
    creationDate: undefined,
    collections: [],
    similar: [],
    pieceLayers: PieceLayers.unknown(info),
  };
}
