import { PieceLayers } from '@shoal/metainfo';
import type { Metainfo } from '@shoal/metainfo';
import type { TestTorrent } from '../disk/fixture.ts';

/** A torrent as clients are given it. */
export function metainfoOf(
  torrent: TestTorrent,
  options: { trackers?: string[][]; private?: boolean } = {},
): Metainfo {
  return {
    info: { ...torrent.info, private: options.private ?? false },
    trackers: options.trackers ?? [],
    webSeeds: [],
    httpSeeds: [],
    nodes: [],
    comment: undefined,
    createdBy: undefined,
    creationDate: undefined,
    collections: [],
    similar: [],
    pieceLayers: PieceLayers.unknown(torrent.info),
  };
}
