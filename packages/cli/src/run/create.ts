import { access, constants, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import type { SingleBar } from 'cli-progress';
import { createTorrent, infoHashHex, magnetOf } from '@shoal/metainfo';
import type { CreateProgress } from '@shoal/metainfo';
import type { CreateArgs } from '../commands/create.ts';
import { defined } from '../defined.ts';
import { CliError, codeOf, reasonOf, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { SignalGate } from '../signal-gate.ts';
import { formatBytes } from '../terminal/format.ts';
import { singleBar } from '../terminal/single-bar.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import { VERSION } from '../version.ts';
import type { World } from '../world.ts';

/** `shoal create` */
export async function runCreate(args: CreateArgs, world: World): Promise<number> {
  if (!args.v1) throw new UsageError('only v1 torrents can be made so far: leave out --no-v1');
  using gate = new SignalGate(world.signals, world.exitNow);
  if (args.path === '') throw new UsageError('the name of the file or folder is empty');
  if (args.output === '') throw new UsageError('the name of the .torrent file is empty');
  const planned = args.output ?? `${args.name ?? basename(resolve(args.path))}.torrent`;
  // Before hashing, which can take hours.
  await mustBeWritable(planned, args.path, args.force);
  using bar = await CreateBar.open(world, args.json || args.quiet);
  const { bytes, metainfo } = await createTorrent(args.path, {
    ...defined({
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
    symlinks: args['skip-symlinks'] ? 'skip' : 'inside',
    createdBy: `shoal/${VERSION}`,
    ...(args.date ? {} : { creationDate: null }),
    signal: gate.signal,
  });
  bar[Symbol.dispose]();
  const { info } = metainfo;
  const file = args.output ?? `${info.name}.torrent`;
  try {
    await writeFile(file, bytes, { flag: args.force ? 'w' : 'wx' });
  } catch (error) {
    throw cannotWrite(file, error);
  }
  const infoHash = infoHashHex(info);
  const magnet = magnetOf(metainfo);
  if (args.json) {
    const { name, length, pieceLength, pieceCount } = info;
    const files = info.files.length;
    world.stdout.write(
      jsonLine({ file, infoHash, magnet, name, length, pieceLength, pieceCount, files }),
    );
  } else if (!args.quiet) {
    world.stdout.write(
      `${plainText(file)}: ${formatBytes(info.length)} in ${info.files.length === 1 ? '1 file' : `${info.files.length} files`}, ` +
        `${info.pieceCount} pieces of ${formatBytes(info.pieceLength)}\n` +
        `Info-hash: ${infoHash}\nMagnet:    ${plainText(magnet)}\n`,
    );
  }
  return ExitCode.done;
}

async function mustBeWritable(file: string, content: string, force: boolean): Promise<void> {
  let exists = true;
  try {
    if ((await stat(file)).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw cannotWrite(file, error);
    exists = false;
  }
  if (exists && !force) throw cannotWrite(file, { code: 'EEXIST' });
  if (exists && (await isInside(file, content))) {
    throw new UsageError(
      `${file} is itself a part of ${content}, and writing it would change what is hashed: give another --output, or remove it`,
    );
  }
  try {
    await access(exists ? file : dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    const missing = codeOf(error) === 'ENOENT';
    throw cannotWrite(file, missing ? new Error('there is no such folder') : error);
  }
}

/** Whether a file is, or is below, the content. */
async function isInside(file: string, content: string): Promise<boolean> {
  const top = await realpath(content).catch(() => resolve(content));
  const [first] = relative(top, await realpath(file)).split(sep);
  return first !== '..';
}

function cannotWrite(file: string, error: unknown): CliError {
  const hint = codeOf(error) === 'EEXIST' ? ' (--force writes over it)' : '';
  return new CliError(
    'ERR_CLI_FILE',
    ExitCode.disk,
    `cannot write ${file}: ${reasonOf(error)}${hint}`,
    error,
  );
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
