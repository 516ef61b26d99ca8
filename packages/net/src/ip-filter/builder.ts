import { setImmediate } from 'node:timers/promises';
import { IpFilterError } from './error.ts';
import { parseFilterLine } from './filter-line.ts';
import { IpFilter } from './ip-filter.ts';
import { plainChunks } from './plain-chunks.ts';
import { RangeSorter } from './range-sorter.ts';

/** The bounds of IP filters: one place, each with its unit and reason. */
export const ipFilterLimits = {
  /** Bytes of a list when it is unpacked: the largest in use have some 30 MiB. */
  maxBytes: 256 * 1024 * 1024,
  /** Ranges of one filter and family: several times the largest lists, and 16 MiB of IPv4 or 64 MiB of IPv6. */
  maxRanges: 2_000_000,
  /** Malformed lines that are told of one by one; all are counted. */
  maxProblems: 10,
} as const;

/** Milliseconds of work after which others have their turn. */
const TURN_TIME = 8;
/** Characters of a malformed line that are shown. */
const EXCERPT_LENGTH = 60;

/** A line that cannot be read. */
export interface IpFilterProblem {
  /** From 1. */
  readonly line: number;
  /** For a person; free of control characters. */
  readonly reason: string;
}

/** What was found in one list. */
export interface IpFilterReport {
  /** Lines, those without a range included. */
  readonly lines: number;
  /** Ranges to block, as they stand there. */
  readonly ranges: number;
  /** Lines of ranges that a .dat list says are allowed (access level above 127). */
  readonly allowed: number;
  /** Lines that cannot be read, and were left out. */
  readonly malformed: number;
  /** The first of them. */
  readonly problems: readonly IpFilterProblem[];
}

/** Options of {@link IpFilterBuilder.read}. */
export interface IpFilterReadOptions {
  /** Refuse a list with a line that cannot be read, rather than leave out the line. Default false. */
  readonly strict?: boolean;
  /** Ends the reading; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Makes an {@link IpFilter} of lists: PeerGuardian text (`name:1.2.3.0-1.2.3.255`), .dat (`1.2.3.0 - 1.2.3.255 , 100 , name`), and
 * plain lines (`1.2.3.0/24`, `1.2.3.4-1.2.3.9`, `2001:db8::/32`), mixed and in any order, packed by gzip or not. Lines that begin
 * with `#`, `;` or `//` are comments. It works in turns of some milliseconds.
 *
 * ```ts
 * const builder = new IpFilterBuilder();
 * const { ranges, malformed } = await builder.read(createReadStream('ipfilter.dat.gz'));
 * client.setIpFilter(await builder.build());
 * ```
 */
export class IpFilterBuilder {
  readonly #ipv4 = new RangeSorter(1);
  readonly #ipv6 = new RangeSorter(4);
  #turnEnds = 0;

  /** Ranges that were added since the last {@link build}. */
  get ranges(): number {
    return this.#ipv4.size + this.#ipv6.size;
  }

  /**
   * Adds one range, as a line of a list has it.
   *
   * @throws IpFilterError `ERR_NET_IP_FILTER`
   */
  add(line: string): void {
    const read = parseFilterLine(line);
    if (read.kind === 'malformed') throw new IpFilterError(read.reason);
    if (read.kind === 'blocked') this.#block(read.range);
  }

  /**
   * Adds a list. Rejects with an {@link IpFilterError} where it is too large, damaged, or holds lines but no range; with what
   * the source fails with; and with the signal's reason. What came before stays added.
   */
  async read(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    { strict = false, signal }: IpFilterReadOptions = {},
  ): Promise<IpFilterReport> {
    const counts = { lines: 0, ranges: 0, allowed: 0, malformed: 0 };
    const problems: IpFilterProblem[] = [];
    let rest = '';
    const take = (text: string): void => {
      counts.lines += 1;
      const read = parseFilterLine(counts.lines === 1 ? text.replace(BYTE_ORDER_MARK, '') : text);
      switch (read.kind) {
        case 'blocked':
          counts.ranges += 1;
          this.#block(read.range, counts.lines);
          break;
        case 'allowed':
          counts.allowed += 1;
          break;
        case 'malformed': {
          const reason = `${read.reason} ("${excerptOf(text)}")`;
          if (strict) throw new IpFilterError(reason, counts.lines);
          counts.malformed += 1;
          if (problems.length < ipFilterLimits.maxProblems) {
            problems.push({ line: counts.lines, reason });
          }
          break;
        }
        case 'blank':
      }
    };
    for await (const chunk of plainChunks(source, ipFilterLimits.maxBytes)) {
      signal?.throwIfAborted();
      const lines = (rest + latin1(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_OPEN_LINE) throw new IpFilterError('it is no list of lines');
      for (const line of lines) take(line);
      await this.#pause();
    }
    signal?.throwIfAborted();
    if (rest !== '') take(rest);
    if (counts.ranges + counts.allowed === 0 && counts.malformed > 0) {
      throw new IpFilterError(`no line holds a range, ${problems[0]?.reason ?? ''}`, 1);
    }
    return { ...counts, problems };
  }

  /** The filter of all that was added; the builder is empty again. */
  async build(): Promise<IpFilter> {
    const ipv4 = await this.#ipv4.table(() => this.#pause());
    return new IpFilter(ipv4, await this.#ipv6.table(() => this.#pause()));
  }

  #block(
    { start, end }: { readonly start: readonly number[]; readonly end: readonly number[] },
    line?: number,
  ): void {
    const sorter = start.length === 1 ? this.#ipv4 : this.#ipv6;
    if (sorter.size >= ipFilterLimits.maxRanges) {
      throw new IpFilterError(`there are more than ${ipFilterLimits.maxRanges} ranges`, line);
    }
    sorter.add(start, end);
  }

  /** Lets others have their turn where this one has taken long enough. */
  async #pause(): Promise<void> {
    const now = performance.now();
    if (now < this.#turnEnds) return;
    await setImmediate();
    this.#turnEnds = performance.now() + TURN_TIME;
  }
}

/** Of UTF-8, read as Latin-1. */
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/;
/** Characters without a line break after which it is no list. */
const MAX_OPEN_LINE = 1024 * 1024;

/** Addresses are ASCII, and names are not kept. */
function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

/** The beginning of a line, fit for a message: in lists names are all there is beside addresses, and may hold anything. */
function excerptOf(line: string): string {
  return line
    .slice(0, EXCERPT_LENGTH)
    .replace(/[^ -~]+/g, ' ')
    .trim();
}
