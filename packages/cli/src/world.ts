import type { Early } from './early.ts';
import type { StartClient } from './engine.ts';

/** Where output goes. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Where signals come from: `process`, or a test's emitter. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** The process as the commands see it, so that they run in tests without one. */
export interface World {
  /** What is read from, once somebody asks for it. */
  readonly stdin: () => AsyncIterable<Uint8Array | string>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly signals: SignalSource;
  readonly startClient: StartClient;
  /** What has been started for this command line. */
  readonly early?: Early;
  /** Milliseconds in which a command that ends must have closed everything; default 4,000. */
  readonly closeTimeout?: number;
  /** Runs another command line in this world, as the tour does with each of its steps. */
  readonly runAgain: (args: readonly string[]) => Promise<number>;
  /** Ends the process at once. */
  readonly exitNow: (code: number) => void;
}
