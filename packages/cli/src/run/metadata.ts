import { encodeMetainfo, infoHashHex, parseMetainfoAsync } from '@shoal/metainfo';
import type { MetadataCommandArgs } from '../commands/metadata.ts';
import { CliError, messageOf, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { fileCount } from '../file-count.ts';
import { isMagnet } from '../load-torrent.ts';
import { SignalGate } from '../signal-gate.ts';
import { formatBytes } from '../terminal/format.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import { VERSION } from '../version.ts';
import type { World } from '../world.ts';
import { fetchMetadata } from './load-magnet.ts';
import { folderMustBeWritable, mustBeWritable, writeTorrent } from './write-torrent.ts';

/** `shoal metadata` */
export async function runMetadata(args: MetadataCommandArgs, world: World): Promise<number> {
  if (!isMagnet(args.magnet)) throw new UsageError('shoal metadata takes a magnet link');
  if (args.output === '') throw new UsageError('the name of the .torrent file is empty');
  using gate = new SignalGate(world.signals, world.exitNow);
  // As far as its name is known: nobody should wait for what cannot be kept.
  if (args.output === undefined) await folderMustBeWritable('.');
  else await mustBeWritable(args.output, args.force);
  const metainfo = await fetchMetadata(args.magnet, args, world, gate.signal, true);
  const { info } = metainfo;
  const bytes = encodeMetainfo({ ...metainfo, createdBy: `shoal/${VERSION}` });
  try {
    await parseMetainfoAsync(bytes);
  } catch (error) {
    throw new CliError(
      'ERR_CLI_SOURCE',
      ExitCode.badTorrent,
      `the metadata alone makes no .torrent file: ${messageOf(error)}`,
      error,
    );
  }
  const file = args.output ?? `${info.name}.torrent`;
  await writeTorrent(file, bytes, args.force);
  const { name, length } = info;
  const infoHash = infoHashHex(info);
  const files = fileCount(info);
  if (args.json) world.stdout.write(jsonLine({ file, infoHash, name, length, files }));
  else if (!args.quiet) {
    const count = files === 1 ? '1 file' : `${files} files`;
    world.stdout.write(`${plainText(file)}: ${formatBytes(length)} in ${count}\n`);
  }
  return ExitCode.done;
}
