import { editTorrent, toHex } from '@shoal/metainfo';
import type { ListChange, TorrentChanges, TorrentInfo } from '@shoal/metainfo';
import type { EditArgs } from '../commands/edit.ts';
import { defined } from '../defined.ts';
import { CliError, exitCodeOf, messageOf, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { isMagnet, isUrl, readTorrentFile } from '../load-torrent.ts';
import { SignalGate } from '../signal-gate.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import type { World } from '../world.ts';
import { mustBeWritable, writeTorrent } from './write-torrent.ts';

/** `shoal edit` */
export async function runEdit(args: EditArgs, world: World): Promise<number> {
  using gate = new SignalGate(world.signals, world.exitNow);
  const { torrent } = args;
  const file = fileOf(args);
  const changes = changesOf(args);
  if (Object.keys(changes).length === 0) {
    throw new UsageError('nothing is to be changed: name what is, for example --tracker URL');
  }
  const force = args.force || args['in-place'];
  await mustBeWritable(file, force);
  const old = await readTorrentFile(torrent, gate.signal);
  const { bytes, metainfo, before } = edited(torrent, old, changes);
  gate.signal.throwIfAborted();
  const changed = bytes !== old;
  // What is as it shall be is left alone, and its time with it.
  if (changed || file !== torrent) await writeTorrent(file, bytes, force);
  if (args.json) {
    world.stdout.write(
      jsonLine({ file, changed, ...hashesOf(metainfo.info), before: hashesOf(before.info) }),
    );
  } else if (!args.quiet) {
    const copied = file === torrent ? 'left as it was' : 'written';
    const done = changed ? 'written' : `nothing was to be changed: ${copied}`;
    world.stdout.write(`${plainText(file)}: ${done}\n${hashLines(before.info, metainfo.info)}`);
  }
  return ExitCode.done;
}

function fileOf(args: EditArgs): string {
  if (args.torrent === '') throw new UsageError('the name of the torrent is empty');
  if (isMagnet(args.torrent)) {
    throw new CliError(
      'ERR_CLI_SOURCE',
      ExitCode.badTorrent,
      'a magnet link cannot be edited: shoal metadata makes a .torrent file of it, which can be',
    );
  }
  if (isUrl(args.torrent)) {
    throw new UsageError('shoal edit takes a .torrent file, no address: download it first');
  }
  if (args.output === '') throw new UsageError('the name of the .torrent file is empty');
  if ((args.output === undefined) === !args['in-place']) {
    throw new UsageError('say where the result goes: either --output FILE or --in-place');
  }
  return args.output ?? args.torrent;
}

function edited(
  torrent: string,
  bytes: Uint8Array,
  changes: TorrentChanges,
): ReturnType<typeof editTorrent> {
  try {
    return editTorrent(bytes, changes);
  } catch (error) {
    if (exitCodeOf(error) !== ExitCode.badTorrent) throw error;
    throw new CliError(
      'ERR_CLI_SOURCE',
      ExitCode.badTorrent,
      `${torrent} is no usable torrent: ${messageOf(error)}`,
      error,
    );
  }
}

/** The changes that the options ask for; no key for what stays. */
function changesOf(args: EditArgs): TorrentChanges {
  const info = defined({ name: args.name, private: args.private, source: args.source });
  return defined({
    trackers: listChange(args['clear-trackers'], args['remove-tracker'], args.tracker),
    webSeeds: listChange(args['clear-web-seeds'], args['remove-web-seed'], args['web-seed']),
    httpSeeds: listChange(args['clear-http-seeds'], args['remove-http-seed'], args['http-seed']),
    nodes: listChange(args['clear-nodes'], args['remove-node'], args.node),
    comment: args.comment,
    createdBy: args['created-by'],
    creationDate: args['creation-date'],
    info: Object.keys(info).length === 0 ? undefined : info,
  });
}

function listChange<T, A>(
  clear: boolean,
  remove: readonly T[] = [],
  add: readonly A[] = [],
): (Pick<ListChange<T>, 'clear' | 'remove'> & { readonly add: readonly A[] }) | undefined {
  if (!clear && remove.length === 0 && add.length === 0) return undefined;
  return { clear, remove, add };
}

function hashesOf(info: TorrentInfo): { infoHash: string | null; infoHashV2: string | null } {
  return { infoHash: hex(info.infoHash), infoHashV2: hex(info.infoHashV2) };
}

function hex(hash: Uint8Array | undefined): string | null {
  return hash === undefined ? null : toHex(hash);
}

/** The info-hashes; where they are others than before, both. */
function hashLines(before: TorrentInfo, after: TorrentInfo): string {
  const lines: string[] = [];
  for (const [label, was, is] of [
    ['Info-hash:', hex(before.infoHash), hex(after.infoHash)],
    ['v2 hash:  ', hex(before.infoHashV2), hex(after.infoHashV2)],
  ] as const) {
    if (is === null) continue;
    lines.push(was === is ? `${label} ${is}\n` : `${label} ${is} (was ${was ?? 'none'})\n`);
  }
  return lines.join('');
}
