import { createReadStream } from 'node:fs';
import type { IpFilter, IpFilterReport } from '@shoal/net';
import { CliError, codeOf, messageOf, reasonOf } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';

/** What the command line says of IP filters. */
export interface IpFilterArgs {
  readonly 'ip-filter'?: readonly string[] | undefined;
  readonly 'ip-filter-strict'?: boolean | undefined;
}

/** What has been read of the lists. */
export interface LoadedIpFilter {
  readonly filter: IpFilter;
  /** Of each file, in the order of the command line. */
  readonly reports: readonly (IpFilterReport & { readonly file: string })[];
}

/** The lists of `--ip-filter`, to be read at the start and whenever they are to be read again; undefined where there are none. */
export function ipFilterOf(
  args: IpFilterArgs,
): ((signal?: AbortSignal) => Promise<LoadedIpFilter>) | undefined {
  const files = args['ip-filter'] ?? [];
  const strict = args['ip-filter-strict'] === true;
  return files.length === 0 ? undefined : (signal) => load(files, strict, signal);
}

async function load(
  files: readonly string[],
  strict: boolean,
  signal: AbortSignal | undefined,
): Promise<LoadedIpFilter> {
  const { IpFilterBuilder } = await import('@shoal/net');
  const builder = new IpFilterBuilder();
  const reports: (IpFilterReport & { file: string })[] = [];
  for (const file of files) {
    try {
      const options = signal === undefined ? { strict } : { strict, signal };
      reports.push({ ...(await builder.read(createReadStream(file), options)), file });
    } catch (error) {
      signal?.throwIfAborted();
      const reason = codeOf(error)?.startsWith('ERR_NET') ? messageOf(error) : reasonOf(error);
      const message = `cannot use the IP filter ${file}: ${reason}`;
      throw new CliError('ERR_CLI_FILE', ExitCode.disk, message, error);
    }
  }
  return { filter: await builder.build(), reports };
}

/** How many ranges there are; and where a list has lines that cannot be read, how many, and the first of them. */
export function describeIpFilter({ filter, reports }: LoadedIpFilter): string {
  const ranges = filter.ranges.toLocaleString('en');
  let text = `IP filter: ${ranges} ${filter.ranges === 1 ? 'range' : 'ranges'}`;
  for (const { file, malformed, problems } of reports) {
    const [first] = problems;
    if (first === undefined) continue;
    const count = malformed === 1 ? '1 line' : `${malformed} lines`;
    text += `; ${file}: ${count} left out, first line ${first.line}: ${first.reason}`;
  }
  return text;
}
