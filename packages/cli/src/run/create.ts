import { basename, resolve } from 'node:path';
import type { SingleBar } from 'cli-progress';
import {
  createTorrent,
  fromHex,
  infoHashHex,
  magnetOf,
  parseMetainfoAsync,
  toHex,
} from '@shoal/metainfo';
import type { CreateProgress, SymlinkPolicy, TorrentFormat } from '@shoal/metainfo';
import type { CreateArgs } from '../commands/create.ts';
import { defined } from '../defined.ts';
import { UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { fileCount } from '../file-count.ts';
import { loadTorrent } from '../load-torrent.ts';
import { SignalGate } from '../signal-gate.ts';
import { formatBytes } from '../terminal/format.ts';
import { singleBar } from '../terminal/single-bar.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import { VERSION } from '../version.ts';
import type { World } from '../world.ts';
import { mustBeWritable, writeTorrent } from './write-torrent.ts';

/** `shoal create` */
export async function runCreate(args: CreateArgs, world: World): Promise<number> {
  const format = formatOf(args);
  const symlinks = symlinksOf(args);
  using gate = new SignalGate(world.signals, world.exitNow);
  if (args.path === '') throw new UsageError('the name of the file or folder is empty');
  if (args.output === '') throw new UsageError('the name of the .torrent file is empty');
  const planned = args.output ?? `${args.name ?? basename(resolve(args.path))}.torrent`;
  // Before hashing, which can take hours.
  await mustBeWritable(planned, args.force, args.path);
  const list = args['files-from'];
  const files =
    list === undefined
      ? undefined
      : await (await import('./file-list.ts')).readFileList(list, world, gate.signal);
  const exclude = args.exclude && (await import('./exclude.ts')).excluding(args.exclude);
  const similar: Uint8Array[] = [];
  for (const source of args.similar ?? []) similar.push(await similarHash(source, gate.signal));
  using bar = await CreateBar.open(world, args.json || args.quiet);
  const { bytes } = await createTorrent(args.path, {
    ...defined({
      format,
      files,
      exclude,
      attributes: args.attributes,
      name: args.name,
      source: args.source,
      comment: args.comment,
      pieceLength: args['piece-length'],
      workers: args.workers,
      threads: await world.early?.hashThreads,
      onProgress: bar.update,
    }),
    trackers: args.tracker ?? [],
    webSeeds: args['web-seed'] ?? [],
    private: args.private,
    symlinks,
    similar,
    collections: args.collection ?? [],
    httpSeeds: args['http-seed'] ?? [],
    nodes: args.node ?? [],
    createdBy: `shoal/${VERSION}`,
    ...(args.date ? {} : { creationDate: null }),
    signal: gate.signal,
  });
  bar[Symbol.dispose]();
  const metainfo = await parseMetainfoAsync(bytes);
  const { info } = metainfo;
  const file = args.output ?? `${info.name}.torrent`;
  await writeTorrent(file, bytes, args.force);
  const infoHash = infoHashHex(info);
  const magnet = magnetOf(metainfo);
  const infoHashV2 = info.infoHashV2 && toHex(info.infoHashV2);
  const count = fileCount(info);
  if (args.json) {
    const { name, length, pieceLength, pieceCount } = info;
    world.stdout.write(
      jsonLine({
        file,
        infoHash,
        infoHashV2: infoHashV2 ?? null,
        magnet,
        name,
        length,
        pieceLength,
        pieceCount,
        files: count,
      }),
    );
  } else if (!args.quiet) {
    const both = info.infoHash !== undefined && infoHashV2 !== undefined;
    world.stdout.write(
      `${plainText(file)}: ${formatBytes(info.length)} in ${count === 1 ? '1 file' : `${count} files`}, ` +
        `${info.pieceCount} pieces of ${formatBytes(info.pieceLength)}\n` +
        `Info-hash: ${infoHash}\n${both ? `v2 hash:   ${infoHashV2}\n` : ''}` +
        `Magnet:    ${plainText(magnet)}\n`,
    );
  }
  return ExitCode.done;
}

function formatOf({ v1, hybrid, v2 }: CreateArgs): TorrentFormat | undefined {
  if (v1 === false || hybrid === false || v2 === false) {
    throw new UsageError('name the format wanted: --v1, --hybrid or --v2');
  }
  const formats = [v1 && 'v1', hybrid && 'hybrid', v2 && 'v2'] as const;
  const [format, other] = formats.filter((name) => name !== undefined && name);
  if (other !== undefined) throw new UsageError('only one of --v1, --hybrid and --v2 can be made');
  return format === undefined ? undefined : format;
}

function symlinksOf(args: CreateArgs): SymlinkPolicy {
  if (!args['skip-symlinks']) return args.symlinks ?? 'inside';
  if (args.symlinks === undefined || args.symlinks === 'skip') return 'skip';
  throw new UsageError(`--skip-symlinks and --symlinks ${args.symlinks} exclude each other`);
}

/** An info-hash given as such, or that of a .torrent file; of a v2 torrent its first 20 bytes (BEP 52). */
async function similarHash(source: string, signal: AbortSignal): Promise<Uint8Array> {
  if (/^[0-9a-f]{40}$/i.test(source)) return fromHex(source);
  if (/^[0-9a-f]{64}$/i.test(source)) return fromHex(source.slice(0, 40));
  const { infoHash, infoHashV2 } = (await loadTorrent(source, signal)).info;
  return infoHash ?? (infoHashV2 ?? new Uint8Array()).subarray(0, 20);
}

/** The progress of hashing, where there is a terminal to show it on. */
class CreateBar implements Disposable {
  readonly update: ((progress: CreateProgress) => void) | undefined;
  readonly #stop: () => void;

  static async open(world: World, hidden: boolean): Promise<CreateBar> {
    if (hidden || world.stdout.isTTY !== true) return new CreateBar(undefined);
    const format = 'Hashing {bar} {percentage}% {done} of {size}, ETA {eta_formatted}';
    return new CreateBar(await singleBar(world, format));
  }

  private constructor(bar: SingleBar | undefined) {
    if (bar === undefined) {
      this.#stop = () => undefined;
      return;
    }
    let started = false;
    let stopped = false;
    this.update = ({ hashedBytes, totalBytes }) => {
      const payload = { done: formatBytes(hashedBytes), size: formatBytes(totalBytes) };
      if (started) bar.update(hashedBytes, payload);
      else bar.start(totalBytes, hashedBytes, payload);
      started = true;
    };
    this.#stop = () => {
      if (started && !stopped) bar.stop();
      stopped = true;
    };
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
