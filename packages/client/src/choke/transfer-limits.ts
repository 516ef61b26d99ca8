import type { Clock } from '@shoal/net';
import { GateTurns } from './gate-turns.ts';
import { RateGate } from './rate-gate.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Bytes per second; 0 or absent: no limit. */
export interface RateLimits {
  readonly download?: number | undefined;
  readonly upload?: number | undefined;
}

/** The rate limits of one torrent, under those of the client. Made of nothing but numbers until somebody transfers. */
export class TransferLimits {
  readonly #above: { readonly download: RateLimiter; readonly upload: RateLimiter };
  readonly #clock: Clock;
  readonly #turns: GateTurns;
  #rates: RateLimits;
  #download: LimitedGate | undefined;
  #upload: LimitedGate | undefined;

  constructor(
    limits: RateLimits,
    above: { readonly download: RateLimiter; readonly upload: RateLimiter },
    clock: Clock,
    /** Shared by all torrents under the same limits. */
    turns: GateTurns = new GateTurns(clock),
  ) {
    this.#rates = limits;
    this.#above = above;
    this.#clock = clock;
    this.#turns = turns;
  }

  get downloadGate(): RateGate {
    this.#download ??= this.#open(this.#rates.download, this.#above.download);
    return this.#download.gate;
  }

  get uploadGate(): RateGate {
    this.#upload ??= this.#open(this.#rates.upload, this.#above.upload);
    return this.#upload.gate;
  }

  /** Gives up a place in line. */
  forget(who: object): void {
    this.#download?.gate.forget(who);
    this.#upload?.gate.forget(who);
  }

  /** Nobody is connected: a gate that remembers nothing is given up. */
  rest(): void {
    if (this.#download?.gate.unlimited === true) this.#download = undefined;
    if (this.#upload?.gate.unlimited === true) this.#upload = undefined;
  }

  /** Changes what is named. */
  set({ download = this.#rates.download, upload = this.#rates.upload }: RateLimits): void {
    this.#rates = { download, upload };
    this.#download?.limiter.setRate(download);
    this.#upload?.limiter.setRate(upload);
  }

  /** Nobody waits any more. */
  close(): void {
    this.#download?.gate.close();
    this.#upload?.gate.close();
  }

  #open(rate: number | undefined, above: RateLimiter): LimitedGate {
    const limiter = new RateLimiter(rate, above);
    return { limiter, gate: new RateGate(limiter, this.#clock, this.#turns) };
  }
}

interface LimitedGate {
  readonly limiter: RateLimiter;
  readonly gate: RateGate;
}
