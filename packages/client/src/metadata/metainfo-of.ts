import { type MagnetLink, type Metainfo, PieceLayers, type TorrentInfo } from '@shoal/metainfo';

/**
 * What is known of a torrent whose info dictionary came from peers: the rest is from its magnet link, and from the .torrent file where
 * one was fetched from where the link says.
 */
export function metainfoOf(info: TorrentInfo, link: MagnetLink, file?: Metainfo): Metainfo {
  const trackers = link.trackers.map((url) => [url]);
  if (file !== undefined) {
    const webSeeds = [...new Set([...link.webSeeds, ...file.webSeeds])];
    return { ...file, info, trackers: [...trackers, ...file.trackers], webSeeds };
  }
  return {
    info,
    trackers,
    webSeeds: link.webSeeds,
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
