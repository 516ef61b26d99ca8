import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CheckMode } from '@shoal/client';
import type { SeedArgs } from '../commands/seed.ts';
import { dataDirectory } from '../data-location.ts';
import { CliError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { isUrl, loadTorrent, reasonOf } from '../load-torrent.ts';
import { resolvePeers } from '../resolve-peers.ts';
import { chooseView } from '../terminal/transfer-view.ts';
import type { World } from '../world.ts';
import { clientOptions, trackerTiers } from './client-options.ts';
import { runTransfer, TorrentFailure } from './transfer.ts';
import type { TransferTask } from './transfer.ts';

/** `shoal seed` */
export async function runSeed(args: SeedArgs, world: World): Promise<number> {
  const view = await chooseView(args, world);
  const ratio = args['seed-ratio'];
  const time = args['seed-time'];
  return runTransfer(
    {
      mode: 'seed',
      client: await clientOptions(args, world),
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

/** Torrents that cannot be used are reported and left out; where none can, the first one's error is thrown. */
async function seedTasks(
  args: SeedArgs,
  signal: AbortSignal,
  report: (error: unknown) => void,
): Promise<TransferTask[]> {
  const peers = await resolvePeers(args.peer ?? [], signal);
  const tasks: TransferTask[] = [];
  const failures: unknown[] = [];
  const sources: string[] = [];
  for (const argument of args.torrent) {
    try {
      sources.push(...(await torrentsAt(argument)));
    } catch (error) {
      failures.push(error);
    }
  }
  for (const source of sources) {
    signal.throwIfAborted();
    try {
      const metainfo = await loadTorrent(source, signal);
      const beside = isUrl(source) ? '.' : dirname(resolve(source));
      const directory =
        args.data === undefined ? resolve(beside) : await dataDirectory(metainfo, args.data);
      if (!(await isThere(join(directory, metainfo.info.name)))) {
        const message = `there is no "${metainfo.info.name}" in ${directory} (--data says where the content is)`;
        throw new CliError('ERR_CLI_FILE', ExitCode.disk, message);
      }
      tasks.push({
        metainfo,
        options: {
          directory,
          check: checkMode(args.check),
          peers,
          trackers: trackerTiers(args.tracker ?? []),
        },
      });
    } catch (error) {
      failures.push(sources.length === 1 ? error : new TorrentFailure(source, error));
    }
  }
  if (tasks.length === 0) throw failures[0];
  for (const failure of failures) report(failure);
  return tasks;
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

function checkMode(check: boolean | undefined): CheckMode {
  if (check === undefined) return 'resume';
  return check ? 'force' : 'trust';
}

/** The torrents an argument stands for: itself, or the .torrent files of a folder in the order of their names. */
async function torrentsAt(source: string): Promise<string[]> {
  if (isUrl(source)) return [source];
  try {
    if (!(await stat(source)).isDirectory()) return [source];
    const names = (await readdir(source)).filter((name) => name.endsWith('.torrent')).sort();
    if (names.length > 0) return names.map((name) => join(source, name));
  } catch (error) {
    const message = `cannot read ${source}: ${reasonOf(error)}`;
    throw new CliError('ERR_CLI_FILE', ExitCode.disk, message, error);
  }
  throw new CliError('ERR_CLI_FILE', ExitCode.disk, `there is no .torrent file in ${source}`);
}
