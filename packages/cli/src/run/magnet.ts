import { infoHashHex, magnetOf } from '@shoal/metainfo';
import type { MagnetArgs } from '../commands/inspect.ts';
import { ExitCode } from '../exit-codes.ts';
import { loadTorrent, loadTorrentNow } from '../load-torrent.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import type { World } from '../world.ts';

/** `shoal magnet` */
export async function runMagnet(args: MagnetArgs, world: World): Promise<number> {
  const metainfo = loadTorrentNow(args.torrent) ?? (await loadTorrent(args.torrent));
  const magnet = magnetOf(metainfo);
  if (args.json) world.stdout.write(jsonLine({ infoHash: infoHashHex(metainfo.info), magnet }));
  else if (!args.quiet) world.stdout.write(`${plainText(magnet)}\n`);
  return ExitCode.done;
}
