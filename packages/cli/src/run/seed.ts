import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CheckMode } from '@shoal/client';
import type { Metainfo } from '@shoal/metainfo';
import type { SeedArgs } from '../commands/seed.ts';
import { DataLocation, FolderNames } from '../data-location.ts';
import { defined } from '../defined.ts';
import { CliError, reasonOf } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { inOrder } from '../in-order.ts';
import { isUrl, loadTorrent, loadTorrentNow } from '../load-torrent.ts';
import { resolvePeers } from '../resolve-peers.ts';
import { chooseView } from '../terminal/transfer-view.ts';
import { Turns } from '../turns.ts';
import type { World } from '../world.ts';
import { clientOptions, trackerTiers } from './client-options.ts';
import { ipFilterOf } from './ip-filter.ts';
import { runTransfer, TorrentFailure } from './transfer.ts';
import type { TransferTask } from './transfer.ts';

/** Torrents read at a time where the disk is slow: enough for it to be busy. */
const READS = 8;

/** Where a torrent comes from. */
interface Source {
  /** Path or address. */
  readonly from: string;
  /** A plain file of a folder that was read: there is nothing to wait for, as at the end of a pipe. */
  readonly isFile: boolean;
}

/** A torrent that cannot be used. */
interface Failed {
  readonly source: string;
  readonly error: unknown;
}

/** `shoal seed` */
export async function runSeed(args: SeedArgs, world: World): Promise<number> {
  const view = await chooseView(args, world);
  const ratio = args['seed-ratio'];
  const time = args['seed-time'];
  return runTransfer(
    {
      mode: 'seed',
      client: await clientOptions(args, world),
      ipFilter: ipFilterOf(args),
      tasks: (_view, signal) =>
        seedTasks(args, signal, (error) => {
          view.problem(error);
        }),
      goal: { forever: ratio === undefined && time === undefined, ratio, time },
    },
    view,
    world,
  );
}

/**
 * Torrents that cannot be used are left out and reported at the end; where none can be used, the first one's error is thrown.
 * Each is given as soon as it is read: a thousand are neither waited for nor kept.
 */
async function* seedTasks(
  args: SeedArgs,
  signal: AbortSignal,
  report: (error: unknown) => void,
): AsyncGenerator<TransferTask, void, undefined> {
  const peers = await resolvePeers(args.peer ?? [], signal);
  const failures: unknown[] = [];
  const sources: Source[] = [];
  for (const argument of args.torrent) {
    try {
      sources.push(...(await torrentsAt(argument)));
    } catch (error) {
      failures.push(error);
    }
  }
  const data = args.data === undefined ? undefined : new DataLocation(args.data);
  const shared = {
    check: checkMode(args.check),
    peers,
    trackers: trackerTiers(args.tracker ?? []),
    ...defined({ webSeeds: args['web-seed'] }),
  };
  const names = new FolderNames();
  const turns = new Turns();
  const load = async ({ from: source, isFile }: Source): Promise<TransferTask | Failed> => {
    try {
      const now = isUrl(source) ? undefined : turns.run(() => loadTorrentNow(source, isFile));
      const metainfo = now ?? (await loadTorrent(source, signal));
      const directory = await directoryOf(source, metainfo, data, names);
      return { source: metainfo, options: { directory, ...shared } };
    } catch (error) {
      return { source, error };
    }
  };
  let usable = 0;
  for await (const loaded of inOrder(sources, READS, load)) {
    await turns.yield();
    signal.throwIfAborted();
    if ('error' in loaded) {
      const { error } = loaded;
      failures.push(sources.length === 1 ? error : new TorrentFailure(loaded.source, error));
      continue;
    }
    usable += 1;
    yield loaded;
  }
  if (usable === 0) throw failures[0];
  for (const failure of failures) report(failure);
}

/** The folder a torrent's content is in; throws where it is not there. */
async function directoryOf(
  source: string,
  metainfo: Metainfo,
  data: DataLocation | undefined,
  names: FolderNames,
): Promise<string> {
  const { name } = metainfo.info;
  const directory =
    data === undefined
      ? resolve(isUrl(source) ? '.' : dirname(resolve(source)))
      : await data.directoryOf(metainfo);
  if (names.has(directory, name)) return directory;
  const message = `there is no "${name}" in ${directory} (--data says where the content is)`;
  throw new CliError('ERR_CLI_FILE', ExitCode.disk, message);
}

function checkMode(check: boolean | undefined): CheckMode {
  if (check === undefined) return 'resume';
  return check ? 'force' : 'trust';
}

/** The torrents an argument stands for: itself, or the .torrent files of a folder in the order of their names. */
async function torrentsAt(source: string): Promise<Source[]> {
  if (isUrl(source)) return [{ from: source, isFile: false }];
  try {
    if (!(await stat(source)).isDirectory()) return [{ from: source, isFile: false }];
    const entries = await readdir(source, { withFileTypes: true });
    const torrents = entries.filter(({ name }) => name.endsWith('.torrent'));
    torrents.sort((one, other) => (one.name < other.name ? -1 : 1));
    if (torrents.length > 0) {
      return torrents.map((entry) => ({ from: join(source, entry.name), isFile: entry.isFile() }));
    }
  } catch (error) {
    const message = `cannot read ${source}: ${reasonOf(error)}`;
    throw new CliError('ERR_CLI_FILE', ExitCode.disk, message, error);
  }
  throw new CliError('ERR_CLI_FILE', ExitCode.disk, `there is no .torrent file in ${source}`);
}
