import type { WebAnswer } from './web-transport.ts';
import { webSeedDefaults } from './web-seed-options.ts';

/** Something went wrong at a web seed. */
export interface Fault {
  /** What it concerns: this file only, or whatever the seed is asked for. */
  readonly scope: 'seed' | 'file';
  /** For a person. */
  readonly reason: string;
  /** Asking again is of no use. */
  readonly isFinal: boolean;
  /** Milliseconds after which the server wants to be asked again, where it has said so. */
  readonly retryAfter?: number | undefined;
}

/** What an answer to a request for bytes is. */
export type Verdict =
  /** The body is so many bytes, from the first one asked for on: all of them, or fewer. */
  | { readonly kind: 'bytes'; readonly length: number }
  /** The body is the whole file, which was not asked for: the server knows no ranges. */
  | { readonly kind: 'whole' }
  /** The body says how many seconds to wait (BEP 17). */
  | { readonly kind: 'wait' }
  | { readonly kind: 'fault'; readonly fault: Fault };

/** What was asked for. */
export interface Asked {
  /** Bytes of the file, both included; undefined where no range was asked for. */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  /** Bytes of the file as the torrent has it; of a BEP 17 seed, those asked for. */
  readonly length: number;
  readonly kind: 'url-list' | 'httpseeds';
}

/** Statuses that say to come back later. */
const BUSY = new Set([408, 425, 429, 503]);
/** Statuses that say that a file is not there. */
const MISSING = new Set([404, 410]);
/** Statuses that say that we may not have it: some servers, of one file only, where it is not there. */
const FORBIDDEN = new Map<number, Fault['scope']>([
  [401, 'seed'],
  [403, 'file'],
  [407, 'seed'],
]);
/** Seconds. A date is given instead by few servers, and clocks differ. */
const SECONDS = /^\s*(\d{1,9})\s*$/;

/** Judges the head of an answer. Believes nothing: a wrong length or range would only be found out by a hash, much later. */
export function judgeAnswer(answer: WebAnswer, asked: Asked): Verdict {
  const { status, headers } = answer;
  if (BUSY.has(status)) {
    const retryAfter = retryAfterOf(headers['retry-after']);
    if (status === 503 && asked.kind === 'httpseeds' && retryAfter === undefined) {
      return { kind: 'wait' };
    }
    return fault('seed', `The server is busy (status ${status})`, false, retryAfter);
  }
  if (MISSING.has(status)) return fault('file', `Not found (status ${status})`, true);
  if (status === 416) {
    return fault('file', 'The server has less of the file than the torrent (status 416)', true);
  }
  const forbidden = FORBIDDEN.get(status);
  if (forbidden !== undefined) {
    return fault(forbidden, `The server refuses access (status ${status})`, true);
  }
  if (status !== 200 && status !== 206) {
    return fault('seed', `The server answers with status ${status}`, false);
  }
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding !== '' && encoding !== 'identity') {
    return fault('seed', `The server packs what it sends (${shown(encoding)})`, true);
  }
  return status === 206 ? judgeRange(answer, asked) : judgeWhole(answer, asked);
}

function judgeRange({ headers }: WebAnswer, { range, length }: Asked): Verdict {
  const text = headers['content-range'];
  if (range === undefined) return fault('seed', 'The server answers with a range unasked', true);
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text?.trim() ?? '');
  if (match === null) {
    return fault('seed', `The server names no range: "${shown(text ?? '')}"`, false);
  }
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (match[3] !== '*' && Number(match[3]) !== length) {
    return fault('file', `The file has ${match[3]} bytes there, not ${length}`, true);
  }
  // A server may send less than it was asked for, but not something else.
  if (first !== range.first || last < first || last > range.last) {
    return fault('seed', `The server sends bytes ${first}-${last} unasked`, false);
  }
  const size = last - first + 1;
  const said = headers['content-length'];
  if (said !== undefined && said !== `${size}`) {
    return fault('seed', `The server contradicts itself: ${size} bytes, or ${shown(said)}`, false);
  }
  return { kind: 'bytes', length: size };
}

function judgeWhole({ headers }: WebAnswer, { range, length, kind }: Asked): Verdict {
  const said = headers['content-length'];
  if (said !== undefined && said !== `${length}`) {
    return fault('file', `The file has ${shown(said)} bytes there, not ${length}`, true);
  }
  const isAll = range === undefined || (range.first === 0 && range.last === length - 1);
  return isAll || kind === 'httpseeds' ? { kind: 'bytes', length } : { kind: 'whole' };
}

/** Milliseconds of a `Retry-After`, or of the body of a BEP 17 answer: a number of seconds. */
export function retryAfterOf(text: string | undefined): number | undefined {
  const seconds = SECONDS.exec(text ?? '')?.[1];
  if (seconds === undefined) return undefined;
  return Math.min(Number(seconds) * 1000, webSeedDefaults.maxRetryAfter);
}

function fault(
  scope: Fault['scope'],
  reason: string,
  isFinal: boolean,
  retryAfter?: number,
): Verdict {
  return { kind: 'fault', fault: { scope, reason, isFinal, retryAfter } };
}

/** Text from a server, fit for a terminal. */
function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 60);
}
