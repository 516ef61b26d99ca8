/** Bounds on what is read; each is checked before anything is allocated for what would pass it. */
export interface BencodeLimits {
  /** Containers open at once. Torrents need 5; a file tree (BEP 52) needs one per folder. Default 100. */
  readonly maxDepth?: number;
  /**
   * Entries of the token tape: every key, every value and every end of a container counts as one. A torrent of
   * 100,000 files has about 1,000,000. Default 3,000,000, which is 24 MB of tape.
   */
  readonly maxTokens?: number;
  /** Bytes of input. Default 64 MiB, twice the largest .torrent files in use. */
  readonly maxLength?: number;
  /**
   * Characters of one integer, sign included. Converting decimal digits takes more than linear time, so their number is
   * bounded; 2^64 has 20. Default 1,024.
   */
  readonly maxIntegerLength?: number;
}

/** Default of {@link BencodeLimits.maxDepth}: containers open at once. */
export const DEFAULT_MAX_DEPTH = 100;
/** Default of {@link BencodeLimits.maxTokens}: entries of the token tape. */
export const DEFAULT_MAX_TOKENS = 3_000_000;
/** Default of {@link BencodeLimits.maxLength}, in bytes. */
export const DEFAULT_MAX_LENGTH = 64 * 1024 * 1024;
/** Default of {@link BencodeLimits.maxIntegerLength}, in characters. */
export const DEFAULT_MAX_INTEGER_LENGTH = 1_024;

/** Offsets are kept as 32-bit numbers, so no `maxLength` reaches further (bytes). */
export const ABSOLUTE_MAX_LENGTH = 0xffff_ffff;
