/** What a thread that runs targets is given. */
export interface WorkerData {
  /** URL of the targets' bundle. */
  readonly bundle: string;
  /** The input at hand, for whoever watches: {@link BEATS}, {@link INPUT_LENGTH}, and from {@link INPUT_AT} on its bytes. */
  readonly shared: SharedArrayBuffer;
}

/** Index of the 32-bit word that counts inputs. */
export const BEATS = 0;
/** Index of the word with the length of the input at hand. */
export const INPUT_LENGTH = 1;
/** Offset of its bytes. */
export const INPUT_AT = 64;
/** Bytes of it that fit. */
export const INPUT_ROOM = 1024 * 1024;
