import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Metainfo } from '@shoal/metainfo';
import type { DownloadArgs } from '../commands/download.ts';
import { defined } from '../defined.ts';
import { CliError, codeOf, reasonOf, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { loadTorrent } from '../load-torrent.ts';
import { splitCommand } from '../on-complete.ts';
import { checkSelection } from '../parse/select.ts';
import { resolvePeers } from '../resolve-peers.ts';
import { chooseView } from '../terminal/transfer-view.ts';
import type { TransferView } from '../terminal/transfer-view.ts';
import type { World } from '../world.ts';
import { clientOptions, trackerTiers } from './client-options.ts';
import { listFiles } from './list-files.ts';
import { runTransfer, TorrentFailure } from './transfer.ts';
import type { TransferTask } from './transfer.ts';

/** `shoal download` */
export async function runDownload(args: DownloadArgs, world: World): Promise<number> {
  const { select, source: sources } = args;
  if (select !== undefined && sources.length > 1) {
    throw new UsageError(
      '--select goes with one torrent only: file numbers differ between torrents',
    );
  }
  if (args['on-complete'] !== undefined) splitCommand(args['on-complete']);
  if (args['list-files']) {
    for (const source of sources) {
      listFiles(await loadTorrent(source, undefined, args.timeout), args.json, world);
    }
    return ExitCode.done;
  }
  const view = await chooseView(args, world);
  return runTransfer(
    {
      mode: 'download',
      client: await clientOptions(args, world),
      tasks: (_view, signal) => downloadTasks(args, view, signal),
      goal: { forever: args.seed ?? false, ratio: args['seed-ratio'], time: args['seed-time'] },
      timeout: args.timeout,
      onComplete: args['on-complete'],
    },
    view,
    world,
  );
}

async function* downloadTasks(
  args: DownloadArgs,
  view: TransferView,
  signal: AbortSignal,
): AsyncGenerator<TransferTask, void, undefined> {
  if (args.output === '') throw new UsageError('the name of the output folder is empty');
  const directory = resolve(args.output ?? '.');
  const peers = await resolvePeers(args.peer ?? [], signal);
  const torrents: Metainfo[] = [];
  for (const source of args.source) {
    try {
      torrents.push(await loadTorrent(source, signal, args.timeout));
    } catch (error) {
      if (args.source.length === 1 || signal.aborted) throw error;
      view.problem(new TorrentFailure(source, error));
    }
  }
  const { select } = args;
  for (const { info } of torrents) {
    if (select !== undefined) checkSelection(select, info.files.length);
  }
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    const reason = codeOf(error) === 'EEXIST' ? 'it is no folder' : reasonOf(error);
    const message = `cannot make the folder ${directory}: ${reason}`;
    throw new CliError('ERR_CLI_FILE', ExitCode.disk, message, error);
  }
  const options = {
    directory,
    sequential: args.sequential,
    peers,
    trackers: trackerTiers(args.tracker ?? []),
    ...defined({ select }),
  };
  for (const metainfo of torrents) yield { metainfo, options };
}
