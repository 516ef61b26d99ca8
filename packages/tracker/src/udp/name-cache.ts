import type { Clock, Resolve } from '@shoal/net';

/** Milliseconds for which addresses are kept: a start asks once for each tracker, and a tracker that moves is found soon. */
const LIFETIME = 5 * 60_000;
/** Milliseconds for which a failure is kept, so that thousands of torrents do not ask for the same dead name. */
const FAILURE_LIFETIME = 30_000;
/** Names kept. */
const MAX_NAMES = 1024;

interface Entry {
  readonly addresses: Promise<readonly string[]>;
  /** Clock time in milliseconds; infinite while the answer is waited for. */
  until: number;
}

/** Asks for each name once, however many want it, and keeps the answer for a while. */
export class NameCache {
  readonly #resolve: Resolve;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #entries = new Map<string, Entry>();

  constructor(resolve: Resolve, clock: Clock) {
    this.#resolve = resolve;
    this.#clock = clock;
  }

  /** Like `Resolve`; an aborted call leaves the look-up to the others that wait for it. */
  async resolve(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    const { addresses } = this.#entryOf(hostname);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      addresses.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** Ends the look-ups under way. */
  close(reason: Error): void {
    this.#closing.abort(reason);
    this.#entries.clear();
  }

  #entryOf(hostname: string): Entry {
    const known = this.#entries.get(hostname);
    if (known !== undefined && known.until > this.#clock.now()) return known;
    this.#entries.delete(hostname);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < MAX_NAMES) break;
      this.#entries.delete(oldest);
    }
    const entry: Entry = {
      addresses: this.#resolve(hostname, { signal: this.#closing.signal }),
      until: Infinity,
    };
    this.#entries.set(hostname, entry);
    entry.addresses.then(
      () => (entry.until = this.#clock.now() + LIFETIME),
      () => (entry.until = this.#clock.now() + FAILURE_LIFETIME),
    );
    return entry;
  }
}
