import { ClientError, torrentClosedError } from './errors.ts';
import type { TorrentState } from './events.ts';

/** A call that may take long. */
export interface WaitOptions {
  /** Ends the wait; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What is waited for. */
export interface Stateful {
  readonly state: TorrentState;
  readonly error: Error | undefined;
  on(event: 'state' | 'complete' | 'hashes', listener: () => void): unknown;
  off(event: 'state' | 'complete' | 'hashes', listener: () => void): unknown;
}

/** Resolves once `reached` holds; rejects when the torrent fails or is closed before, or the signal fires. */
export function waitForState(
  torrent: Stateful,
  reached: (state: TorrentState) => boolean,
  { signal }: WaitOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      torrent.off('state', look);
      torrent.off('complete', look);
      torrent.off('hashes', look);
      signal?.removeEventListener('abort', aborted);
      finish();
    };
    const aborted = (): void => settle(() => reject(signal?.reason as Error));
    const look = (): void => {
      const { state, error } = torrent;
      if (state === 'error') {
        settle(() => reject(error ?? new ClientError('ERR_CLIENT_FAILED', 'The torrent failed')));
      } else if (state === 'closed') {
        settle(() => reject(torrentClosedError()));
      } else if (reached(state)) settle(resolve);
    };
    torrent.on('state', look);
    // A torrent may be complete without a new state: its last piece was written while it was paused.
    torrent.on('complete', look);
    torrent.on('hashes', look);
    signal?.addEventListener('abort', aborted);
    if (signal?.aborted === true) aborted();
    else look();
  });
}
