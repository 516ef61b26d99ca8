/** How an input is made of another one, besides what is done to any bytes. */
export type InputShape = 'bytes' | 'bencode' | 'text';

/** One property of one parser, that must hold for every input. */
export interface Target {
  /** `package-what`, unique. */
  readonly name: string;
  /** The package whose code it is about. */
  readonly area: string;
  /** What must hold, in a line. */
  readonly property: string;
  /** Default `bytes`. */
  readonly shape?: InputShape;
  /** Inputs to begin with, besides the corpus that is kept. */
  readonly seeds?: () => Iterable<Uint8Array>;
  /** Words of the format: put in and over other bytes. */
  readonly tokens?: readonly string[];
  /** Bytes of an input, at most. Default 4,096. */
  readonly maxLength?: number;
  /** Milliseconds one input may take, besides {@link TIME_PER_BYTE} for each byte of it. Default {@link BASE_TIME}. */
  readonly baseTime?: number;
  /** Called once before the first input. */
  readonly open?: () => Promise<void> | void;
  /** Called once behind the last input. */
  readonly close?: () => Promise<void> | void;
  /**
   * Tries one input; throws where the property does not hold. The text it gives is what came of it, in a few words (a code of an
   * error, the kind of a message): an input that leads to a new one is kept.
   */
  readonly run: (input: Uint8Array) => string | undefined | Promise<string | undefined>;
}

/** Default of {@link Target.maxLength}, in bytes. */
export const MAX_LENGTH = 4_096;
/** Milliseconds for one input of any kind. Generous: other work on the machine must not look like a find. */
export const BASE_TIME = 150;
/** Milliseconds for each byte of an input: a hundred times what the slowest parser needs. */
export const TIME_PER_BYTE = 0.02;

/** The property does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Throws a {@link Violation} unless something holds. */
export function must(holds: boolean, what: string | (() => string)): asserts holds {
  if (!holds) throw new Violation(typeof what === 'string' ? what : what());
}
