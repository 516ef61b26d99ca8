import type { EngineTorrent } from '../engine.ts';

/** Until when a complete torrent is seeded. Without any of the three: not at all. */
export interface SeedGoal {
  readonly forever?: boolean | undefined;
  /** Uploaded bytes over those downloaded, or those that are there where that is more. */
  readonly ratio?: number | undefined;
  /** Milliseconds. */
  readonly time?: number | undefined;
}

/** Milliseconds between two looks at what was uploaded. */
const LOOK_INTERVAL = 500;

/** Waits until the goal is reached; rejects with the signal's reason. */
export function seedUntil(
  torrent: Pick<EngineTorrent, 'progress'>,
  { forever = false, ratio, time }: SeedGoal,
  signal: AbortSignal,
): Promise<void> {
  if (!forever && ratio === undefined && time === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const finish = (): void => {
      clearInterval(ticker);
      signal.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      finish();
      reject(signal.reason as Error);
    };
    const look = (): void => {
      const { totalBytes, ratio: overall } = torrent.progress();
      const reached =
        // Of nothing there is nothing to give.
        (ratio !== undefined && (overall >= ratio || totalBytes === 0)) ||
        (time !== undefined && performance.now() - since >= time);
      if (!reached) return;
      finish();
      resolve();
    };
    // Keeps the process alive, which is what seeding for ever needs too.
    const ticker = setInterval(forever ? () => undefined : look, LOOK_INTERVAL);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else if (!forever) look();
  });
}
