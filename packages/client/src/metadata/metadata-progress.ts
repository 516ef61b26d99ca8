import type { TorrentProgress, TorrentState } from '../events.ts';
import type { MetadataStage } from './metadata-stage.ts';

/** The figures of a torrent of which nothing is known yet but its info-hash. */
export function metadataProgress(
  state: TorrentState,
  stage: MetadataStage | undefined,
): TorrentProgress {
  return {
    state,
    totalBytes: 0,
    completedBytes: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
    downloadRate: 0,
    uploadRate: 0,
    peers: stage?.swarm.peers.size ?? 0,
    seeds: 0,
    webSeeds: 0,
    ratio: 0,
    eta: undefined,
    pieces: { total: 0, have: 0 },
    checkedPieces: undefined,
    wastedBytes: 0,
    reusedBytes: 0,
    metadata: stage?.progress ?? { length: 0, received: 0 },
  };
}
