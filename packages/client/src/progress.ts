import type { TorrentProgress, TorrentState } from './events.ts';
import type { FileProgress } from './file-progress.ts';
import type { TransferTotals } from './swarm-options.ts';
import type { Swarm } from './swarm.ts';

/** What a snapshot is made of. */
export interface ProgressParts {
  readonly state: TorrentState;
  /** Monotonic ms. */
  readonly now: number;
  readonly files: FileProgress;
  /** Undefined while nobody is connected. */
  readonly swarm: Swarm | undefined;
  /** Payload bytes of this session. */
  readonly totals: TransferTotals;
  readonly pieceCount: number;
  /** Verified pieces. */
  readonly haveCount: number;
  readonly checked: number | undefined;
  /** Web seeds at work. */
  readonly webSeeds: number;
  /** Payload bytes of earlier sessions. */
  readonly before: { readonly uploaded: number; readonly downloaded: number };
}

/** One snapshot of a torrent's figures. */
export function progressOf(parts: ProgressParts): TorrentProgress {
  const { state, now, files, swarm, totals, pieceCount, haveCount, checked, webSeeds, before } =
    parts;
  const { totalBytes, completedBytes } = files;
  const downloadRate = swarm?.downloadRate.rate(now) ?? 0;
  const { downloadedBytes, uploadedBytes, wastedBytes, reusedBytes } = totals;
  const downloaded = before.downloaded + downloadedBytes;
  // Whoever had the data from elsewhere owes as much as whoever downloaded it.
  const taken = Math.max(downloaded, completedBytes);
  const left = totalBytes - completedBytes;
  let seeds = 0;
  for (const peer of swarm?.peers ?? []) if (peer.isSeed) seeds += 1;
  return {
    state,
    totalBytes,
    completedBytes,
    downloadedBytes,
    uploadedBytes,
    downloadRate,
    uploadRate: swarm?.uploadRate.rate(now) ?? 0,
    peers: swarm?.peers.size ?? 0,
    seeds,
    webSeeds,
    ratio: taken === 0 ? 0 : (before.uploaded + uploadedBytes) / taken,
    eta: state === 'downloading' && downloadRate >= 1 ? left / downloadRate : undefined,
    pieces: { total: pieceCount, have: haveCount },
    checkedPieces: checked,
    wastedBytes,
    reusedBytes,
  };
}
