import type { TrackerReport } from '@shoal/client';
import { plainText } from './plain-text.ts';
import type { TransferRow } from './transfer-view.ts';

/** How both swarms of a hybrid torrent fare at one tracker: what it said last where it failed, `true` where it works. */
interface Fates {
  v1: string | true | undefined;
  v2: string | true | undefined;
}

/**
 * What to say of trackers that fail. Each is asked for both swarms of a hybrid torrent: what goes wrong for both in the same
 * way is said once, and what goes wrong for one of them says for which.
 */
export class TrackerFailures {
  /** Of hybrids only: by torrent and URL. */
  readonly #fates = new WeakMap<TransferRow, Map<string, Fates>>();

  /** For a person; undefined where there is nothing to say. */
  describe(row: TransferRow, report: TrackerReport): string | undefined {
    const { url, swarm, state, message = 'no answer' } = report;
    const isFailed = state === 'failed';
    if (swarm === undefined) return isFailed ? `${hostOf(url)}: ${message}` : undefined;
    const fates = this.#fatesOf(row, url);
    fates[swarm] = isFailed ? message : true;
    if (!isFailed || (swarm === 'v2' && fates.v1 === message)) return undefined;
    const other = swarm === 'v1' ? fates.v2 : fates.v1;
    // Of v1, which is asked first, nothing is known of the other at first.
    const isAlone = other !== undefined && other !== message;
    return `${hostOf(url)}${isAlone ? ` (${swarm} swarm)` : ''}: ${message}`;
  }

  #fatesOf(row: TransferRow, url: string): Fates {
    const ofRow = this.#fates.get(row) ?? new Map<string, Fates>();
    this.#fates.set(row, ofRow);
    const fates = ofRow.get(url) ?? { v1: undefined, v2: undefined };
    ofRow.set(url, fates);
    return fates;
  }
}

/** The host of a tracker or web seed, in ASCII: the rest of its address may hold a passkey. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : plainText(url);
}

/** An address of a tracker without user name and password. */
export function withoutUser(url: string): string {
  if (!URL.canParse(url)) return url;
  const { username, password } = new URL(url);
  // As it stands otherwise: `URL` would write some of it differently.
  return username === '' && password === '' ? url : url.replace(/^([^/?#]*\/\/)[^/?#]*@/, '$1');
}
