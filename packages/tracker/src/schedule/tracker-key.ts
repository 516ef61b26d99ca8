import { TrackerError } from '../errors.ts';
import type { TurnOutcome } from './announce-turns.ts';

/** Errors that say that the tracker could not be reached, whatever it was asked. */
const UNREACHABLE: ReadonlySet<string> = new Set(['ERR_TRACKER_TIMEOUT', 'ERR_TRACKER_CONNECTION']);

/** What announces to the same tracker have in common: scheme, host and port. */
export function trackerKey(url: string): string {
  return (/^\s*([^/?#]+:\/\/[^/?#]*)/.exec(url)?.[1] ?? url).toLowerCase();
}

/** What an error of one announce says about the tracker to all others. */
export function unreachable(error: Error): TurnOutcome {
  return error instanceof TrackerError && UNREACHABLE.has(error.code) ? error : 'answered';
}
