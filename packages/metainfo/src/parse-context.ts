import type { BencodeNode, Irregularity } from '@shoal/bencode';
import { BencodeError, parseSteps } from '@shoal/bencode';
import { MetainfoError } from './errors.ts';
import type { MetainfoLimits } from './limits.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { NameRules, TargetPlatform } from './safe-path.ts';
import { rulesFor } from './safe-path.ts';
import type { Steps } from './steps.ts';

/** Options of `parseMetainfo` and `parseInfo`. */
export interface ParseOptions {
  /** Limits that differ from {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<MetainfoLimits>;
  /** Whose rules file names follow. Default: the platform this runs on. */
  readonly platform?: TargetPlatform;
  /**
   * Set where the download folder is known to tell letter case apart: then files whose names differ by case only keep them.
   * Default false: the second one is renamed, as on a file system that ignores case both would be one file.
   */
  readonly caseSensitive?: boolean;
}

/** Options of `parseMetainfoAsync` and `parseInfoAsync`. */
export interface ParseAsyncOptions extends ParseOptions {
  /** Ends the work early. */
  readonly signal?: AbortSignal | undefined;
}

/** Options with all defaults filled in. */
export interface ParseContext {
  readonly limits: MetainfoLimits;
  readonly rules: NameRules;
}

export function contextOf(options: ParseOptions): ParseContext {
  return {
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    rules: rulesFor(options.platform ?? process.platform, options.caseSensitive),
  };
}

/** A scanned torrent. */
export interface BencodeSource {
  readonly root: BencodeNode;
  /** Offsets of what is not canonical. */
  readonly irregular: readonly number[];
  /** False where there is more of that. */
  readonly isAllKnown: boolean;
}

/** Places that are remembered where bencode is not canonical. Torrents that are read though they have any have few. */
const MAX_IRREGULAR = 64;

/** Tokens of a step: a millisecond or two. */
const TOKENS_PER_STEP = 32_768;

/** Read bencode as leniently as torrents in use need it; throws {@link MetainfoError}. */
export function* parseBencode(bytes: Uint8Array, limits: MetainfoLimits): Steps<BencodeSource> {
  if (bytes.length > limits.maxLength) {
    throw new MetainfoError(
      'ERR_METAINFO_TOO_LONG',
      `${bytes.length} bytes are more than the limit of ${limits.maxLength} for a torrent`,
    );
  }
  const irregular: number[] = [];
  let isAllKnown = true;
  const options = {
    ...bencodeLimits(limits),
    lenient: true,
    onIrregularity: ({ offset }: Irregularity) => {
      if (irregular.length < MAX_IRREGULAR) irregular.push(offset);
      else isAllKnown = false;
    },
  };
  try {
    const { root } = yield* parseSteps(bytes, options, TOKENS_PER_STEP);
    return { root, irregular, isAllKnown };
  } catch (error) {
    throw bencodeError(error);
  }
}

/** A v2 info-hash is that of canonical bencode (BEP 52): others decode and encode, and would arrive at another one. */
export function* checkCanonical(
  info: BencodeNode,
  { irregular, isAllKnown }: BencodeSource,
  limits: MetainfoLimits,
): Steps<void> {
  const { start, end } = info;
  if (isAllKnown && !irregular.some((offset) => offset >= start && offset < end)) return;
  try {
    yield* parseSteps(info.source(), bencodeLimits(limits), TOKENS_PER_STEP);
  } catch (cause) {
    if (!(cause instanceof BencodeError)) throw cause;
    throw new MetainfoError(
      'ERR_METAINFO_BENCODE',
      `the info dictionary of a version 2 torrent must be canonical: ${cause.message}`,
      { cause },
    );
  }
}

function bencodeLimits({ maxLength, maxDepth, maxTokens }: MetainfoLimits) {
  return { maxLength, maxDepth, maxTokens };
}

function bencodeError(cause: unknown): unknown {
  if (!(cause instanceof BencodeError)) return cause;
  return new MetainfoError('ERR_METAINFO_BENCODE', `this is no torrent: ${cause.message}`, {
    cause,
  });
}
