import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileColumns } from '@shoal/metainfo';
import type { MagnetLink, Metainfo } from '@shoal/metainfo';
import type { DownloadArgs } from '../commands/download.ts';
import { defined } from '../defined.ts';
import { CliError, codeOf, reasonOf, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { isMagnet, loadTorrent } from '../load-torrent.ts';
import { splitCommand } from '../on-complete.ts';
import { SignalGate } from '../signal-gate.ts';
import { checkSelection } from '../parse/select.ts';
import { resolvePeers } from '../resolve-peers.ts';
import { chooseView } from '../terminal/transfer-view.ts';
import type { TransferView } from '../terminal/transfer-view.ts';
import type { World } from '../world.ts';
import { clientOptions, looksAround, trackerTiers } from './client-options.ts';
import { ipFilterOf } from './ip-filter.ts';
import { listFiles } from './list-files.ts';
import { fetchMetadata, loadMagnet } from './load-magnet.ts';
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
    using gate = new SignalGate(world.signals, world.exitNow);
    for (const source of sources) {
      const metainfo = isMagnet(source)
        ? await fetchMetadata(source, args, world, gate.signal)
        : await loadTorrent(source, gate.signal, args.timeout);
      await listFiles(metainfo, args.json, world);
    }
    return ExitCode.done;
  }
  const view = await chooseView(args, world);
  return runTransfer(
    {
      mode: 'download',
      client: await clientOptions(args, world),
      ipFilter: ipFilterOf(args),
      tasks: (_view, signal) => downloadTasks(args, view, signal),
      goal: { forever: args.seed ?? false, ratio: args['seed-ratio'], time: args['seed-time'] },
      checkMetadata: ({ info }) => {
        if (select !== undefined) checkSelection(select, fileColumns(info).size);
      },
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
  const trackers = args.tracker ?? [];
  const localDiscovery = await looksAround(args);
  const webSeeds = args['web-seeds'];
  const torrents: (Metainfo | MagnetLink)[] = [];
  for (const source of args.source) {
    try {
      const torrent = isMagnet(source)
        ? await loadMagnet(source, { peers, trackers, localDiscovery, webSeeds }, signal)
        : await loadTorrent(source, signal, args.timeout);
      torrents.push(torrent);
    } catch (error) {
      if (args.source.length === 1 || signal.aborted) throw error;
      view.problem(new TorrentFailure(source, error));
    }
  }
  const { select } = args;
  for (const torrent of torrents) {
    if (select === undefined || !('info' in torrent)) continue;
    checkSelection(select, fileColumns(torrent.info).size);
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
    trackers: trackerTiers(trackers),
    ...defined({ select, webSeeds: args['web-seed'] }),
  };
  for (const source of torrents) yield { source, options };
}
