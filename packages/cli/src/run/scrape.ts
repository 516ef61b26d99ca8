import { fromHex, type MagnetLink, parseMagnet, type TorrentInfo } from '@shoal/metainfo';
import type { ScrapeResponse } from '@shoal/tracker';
import type { ScrapeArgs } from '../commands/inspect.ts';
import { CliError, messageOf, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { isMagnet, isUrl, loadTorrent } from '../load-torrent.ts';
import { SignalGate } from '../signal-gate.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import { hostOf, withoutUser } from '../terminal/tracker-failures.ts';
import type { World } from '../world.ts';

/** Trackers, and the swarms to ask them for. */
interface Question {
  readonly trackers: readonly string[];
  readonly infoHashes: readonly Uint8Array[];
  /** The user has named the tracker, so it may be anywhere. */
  readonly isOwn: boolean;
}

/** Where the trackers that a torrent names may be. */
const TRACKER_REACH = { none: 'public', trackers: 'local', all: 'any' } as const;

/** `shoal scrape` */
export async function runScrape(args: ScrapeArgs, world: World): Promise<number> {
  using gate = new SignalGate(world.signals, world.exitNow);
  const { trackers, infoHashes, isOwn } = await questionOf(args);
  const reach = isOwn ? 'any' : TRACKER_REACH[args['local-servers'] ?? 'trackers'];
  if (trackers.length === 0) {
    throw new CliError('ERR_CLI_SOURCE', ExitCode.badTorrent, 'there is no tracker to ask');
  }
  const { createTrackerClient } = await import('@shoal/tracker');
  const client = createTrackerClient();
  let answers = 0;
  try {
    for (const tracker of trackers) {
      try {
        const answer = await client.scrape(tracker, infoHashes, { signal: gate.signal, reach });
        answers++;
        print(tracker, answer, args, world);
      } catch (error) {
        gate.signal.throwIfAborted();
        world.stderr.write(`shoal: ${plainText(`${hostOf(tracker)}: ${messageOf(error)}`)}\n`);
      }
    }
  } finally {
    await client.close();
  }
  return answers > 0 ? ExitCode.done : ExitCode.network;
}

async function questionOf(args: ScrapeArgs): Promise<Question> {
  const { source } = args;
  const asked = (args['info-hash'] ?? []).map(parseInfoHash);
  if (isMagnet(source)) {
    const link = parseMagnet(source);
    return { trackers: link.trackers, infoHashes: swarmsOf(link), isOwn: false };
  }
  const isTorrentUrl = isUrl(source) && /\.torrent$/i.test(new URL(source).pathname);
  if ((isUrl(source) && !isTorrentUrl) || /^udp:\/\//i.test(source)) {
    return { trackers: [source], infoHashes: asked, isOwn: true };
  }
  const metainfo = await loadTorrent(source);
  return {
    trackers: metainfo.trackers.flat(),
    infoHashes: swarmsOf(metainfo.info),
    isOwn: false,
  };
}

/** What trackers know a torrent by: its v1 info-hash, the first 20 bytes of its v2 one (BEP 52), or both. */
export function swarmsOf({ infoHash, infoHashV2 }: MagnetLink | TorrentInfo): Uint8Array[] {
  return [infoHash, infoHashV2?.subarray(0, 20)].filter((hash) => hash !== undefined);
}

function parseInfoHash(text: string): Uint8Array {
  if (/^[0-9a-f]{40}$/i.test(text)) return fromHex(text);
  throw new UsageError(`"${text}" is no info-hash: 40 hex digits`);
}

function print(tracker: string, answer: ScrapeResponse, args: ScrapeArgs, world: World): void {
  for (const [infoHash, { complete, incomplete, downloaded, name }] of answer.files) {
    if (args.json) {
      const figures = { complete, incomplete, downloaded, name: name ?? null };
      world.stdout.write(jsonLine({ tracker: withoutUser(tracker), infoHash, ...figures }));
    } else if (!args.quiet) {
      world.stdout.write(
        `${hostOf(tracker)}  ${infoHash}  ${complete} seeds, ${incomplete} leechers, ${downloaded} downloads` +
          `${name === undefined ? '' : `  ${plainText(name)}`}\n`,
      );
    }
  }
  if (answer.files.size === 0 && !args.json && !args.quiet) {
    world.stdout.write(`${hostOf(tracker)}  knows none of them\n`);
  }
}
