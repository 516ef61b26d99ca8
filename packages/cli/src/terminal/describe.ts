import type { TorrentProgress } from '@shoal/client';
import { fit, formatBytes, formatDuration, formatPercent, formatRate } from './format.ts';
import { plainText } from './plain-text.ts';
import type { TransferSummary } from './transfer-view.ts';

/** Done and total of what a torrent is busy with: bytes of metadata, then pieces while it checks, bytes afterwards. */
export function extent(progress: TorrentProgress): {
  readonly done: number;
  readonly total: number;
} {
  if (progress.metadata !== undefined) {
    const { received, length } = progress.metadata;
    // While nobody has said how long it is, all of it is still to come.
    return { done: received, total: Math.max(1, length) };
  }
  if (progress.state === 'checking') {
    return { done: progress.checkedPieces ?? 0, total: progress.pieces.total };
  }
  return { done: progress.completedBytes, total: progress.totalBytes };
}

/** Figures by place, in the order in which they are left out for want of room: upload, peers, state, ETA, download. */
const DISPENSABLE = [2, 3, 5, 4, 1];

/**
 * `42.0% ↓ 1.5 MiB/s ↑ 0 B/s 12 peers ETA 3m04s downloading`, in columns; with fewer figures where they would take more than
 * `width` columns.
 */
export function describeProgress(
  progress: TorrentProgress,
  width = Number.POSITIVE_INFINITY,
): string {
  const { done, total } = extent(progress);
  const eta = progress.state === 'downloading' ? formatDuration(progress.eta) : '-';
  const figures = [
    `${formatPercent(done, total)}%`.padStart(6),
    `↓ ${formatRate(progress.downloadRate)}`.padEnd(12),
    `↑ ${formatRate(progress.uploadRate)}`.padEnd(12),
    describeSources(progress).padEnd(9),
    `ETA ${eta}`.padEnd(10),
    progress.state.padEnd('downloading'.length),
  ];
  const left = new Set(figures.keys());
  const join = (): string => figures.filter((_figure, index) => left.has(index)).join(' ');
  for (const index of DISPENSABLE) {
    if (join().length <= width) break;
    left.delete(index);
  }
  return join();
}

/** `12 peers`; where web seeds send as well, `12 + web`, which takes no more room. */
function describeSources({ peers, webSeeds }: TorrentProgress): string {
  if (webSeeds > 0) return `${peers} + web`;
  return `${peers} ${peers === 1 ? 'peer' : 'peers'}`;
}

/** What became of a torrent, in one line. */
export function describeSummary({ row, progress, seconds }: TransferSummary): string {
  const name = plainText(row.torrent.name);
  const { completedBytes, totalBytes, downloadedBytes, uploadedBytes, reusedBytes } = progress;
  const there = isWhole(progress)
    ? `complete, ${formatBytes(totalBytes)}`
    : `${formatPercent(completedBytes, totalBytes)}% of ${formatBytes(totalBytes)}`;
  const whole = progress.metadata === undefined ? there : 'no metadata';
  const average = seconds > 0 ? `, ${formatRate(downloadedBytes / seconds)}` : '';
  return `${name}: ${whole}; ↓ ${formatBytes(downloadedBytes)} in ${formatDuration(seconds)}${average}${describeReused(reusedBytes)}; ↑ ${formatBytes(uploadedBytes)}`;
}

/** What became of more torrents than one would read about, in one line. */
export function describeTotals(summaries: readonly TransferSummary[]): string {
  const sum = (figure: (summary: TransferSummary) => number): number =>
    summaries.reduce((total, summary) => total + figure(summary), 0);
  const complete = sum(({ progress, refused }) => (!refused && isWhole(progress) ? 1 : 0));
  const bytes = formatBytes(sum(({ progress }) => progress.totalBytes));
  const down = formatBytes(sum(({ progress }) => progress.downloadedBytes));
  const up = formatBytes(sum(({ progress }) => progress.uploadedBytes));
  const reused = describeReused(sum(({ progress }) => progress.reusedBytes));
  return `${complete} of ${summaries.length} torrents complete, ${bytes} in all; ↓ ${down}${reused}; ↑ ${up}`;
}

/** What was copied from files that were here already; nothing where nothing was. */
function describeReused(bytes: number): string {
  return bytes === 0 ? '' : `; reused ${formatBytes(bytes)}`;
}

/** All that is wanted is there, and it is known what that is. */
function isWhole({ metadata, completedBytes, totalBytes }: TorrentProgress): boolean {
  return metadata === undefined && completedBytes >= totalBytes;
}

/** A torrent's name in a column. */
export function nameColumn(name: string, width: number): string {
  return fit(plainText(name), width);
}
