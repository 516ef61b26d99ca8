import { SignalError } from './errors.ts';
import { ExitCode } from './exit-codes.ts';
import type { SignalSource } from './world.ts';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/**
 * Milliseconds. A Ctrl-C reaches a command twice where a runner in the same terminal passes on what the terminal has
 * already sent to every process; a person's second Ctrl-C comes later.
 */
const ECHO = 300;

/**
 * Turns the first signal into an abort, so that the command ends in order. A second SIGINT ends the process at once; any
 * further SIGTERM or SIGHUP only repeats what was asked. With `hangUp`, SIGHUP calls that instead.
 */
export class SignalGate implements Disposable {
  readonly #source: SignalSource;
  readonly #exitNow: (code: number) => void;
  readonly #now: () => number;
  readonly #hangUp: (() => void) | undefined;
  readonly #controller = new AbortController();
  #firstInterrupt: number | undefined;

  constructor(
    source: SignalSource,
    exitNow: (code: number) => void,
    now: () => number = () => performance.now(),
    hangUp?: () => void,
  ) {
    this.#source = source;
    this.#exitNow = exitNow;
    this.#now = now;
    this.#hangUp = hangUp;
    for (const signal of SIGNALS) source.on(signal, this.#onSignal);
  }

  /** Aborted, with a {@link SignalError} as its reason, once a signal has come. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) this.#source.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGHUP' && this.#hangUp !== undefined) {
      this.#hangUp();
      return;
    }
    this.#controller.abort(new SignalError(signal));
    if (signal !== 'SIGINT') return;
    const now = this.#now();
    this.#firstInterrupt ??= now;
    if (now - this.#firstInterrupt >= ECHO) this.#exitNow(ExitCode.interrupted);
  };
}
