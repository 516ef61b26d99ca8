import type { Clock } from '@shoal/net';
import type { TorrentProgress } from './events.ts';

/** Options of `Torrent.watch`. */
export interface WatchOptions {
  /** Milliseconds between two snapshots. Default 1,000. */
  readonly interval?: number;
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal;
}

/** What is watched. */
export interface Watched {
  progress(): TorrentProgress;
  on(event: 'state', listener: () => void): unknown;
  off(event: 'state', listener: () => void): unknown;
}

/** Snapshots at once, on every change of state and at every interval, until the torrent is closed. */
export async function* watchProgress(
  torrent: Watched,
  clock: Clock,
  options: WatchOptions = {},
): AsyncGenerator<TorrentProgress, void, undefined> {
  const { interval = 1_000, signal } = options;
  let wake: () => void = () => undefined;
  const onChange = (): void => wake();
  torrent.on('state', onChange);
  signal?.addEventListener('abort', onChange);
  try {
    while (signal?.aborted !== true) {
      let timer = { cancel: (): void => undefined };
      const next = new Promise<void>((resolve) => {
        wake = resolve;
        timer = clock.setTimer(resolve, interval);
      });
      try {
        const progress = torrent.progress();
        yield progress;
        if (progress.state === 'closed') return;
        await next;
      } finally {
        timer.cancel();
      }
    }
  } finally {
    torrent.off('state', onChange);
    signal?.removeEventListener('abort', onChange);
  }
}
