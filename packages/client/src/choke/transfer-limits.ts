import type { Clock } from '@shoal/net';
import { GateTurns } from './gate-turns.ts';
import { RateGate } from './rate-gate.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Bytes per second; 0 or absent: no limit. */
export interface RateLimits {
  readonly download?: number | undefined;
  readonly upload?: number | undefined;
}

/** The rate limits of one torrent, under those of the client. */
export class TransferLimits {
  readonly #download: RateLimiter;
  readonly #upload: RateLimiter;
  readonly downloadGate: RateGate;
  readonly uploadGate: RateGate;

  constructor(
    limits: RateLimits,
    above: { readonly download: RateLimiter; readonly upload: RateLimiter },
    clock: Clock,
    /** Shared by all torrents under the same limits. */
    turns: GateTurns = new GateTurns(clock),
  ) {
    this.#download = new RateLimiter(limits.download, above.download);
    this.#upload = new RateLimiter(limits.upload, above.upload);
    this.downloadGate = new RateGate(this.#download, clock, turns);
    this.uploadGate = new RateGate(this.#upload, clock, turns);
  }

  /** Changes what is named. */
  set(limits: RateLimits): void {
    if (limits.download !== undefined) this.#download.setRate(limits.download);
    if (limits.upload !== undefined) this.#upload.setRate(limits.upload);
  }

  /** Nobody waits any more. */
  close(): void {
    this.downloadGate.close();
    this.uploadGate.close();
  }
}
