import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrackerServer } from '@shoal/tracker';
import type { TourArgs } from '../commands/serve.ts';
import { SignalError, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { SignalGate } from '../signal-gate.ts';
import { colorsFor } from '../terminal/colors.ts';
import { formatBytes, formatDuration } from '../terminal/format.ts';
import type { World } from '../world.ts';
import { generateContent } from './tour-content.ts';
import { SeederProcess } from './tour-seeder.ts';

/** Time for the download: far more than a slow machine needs, so that a tour always ends. */
const DOWNLOAD_TIMEOUT = '10m';

/** `shoal tour`: the whole way of a torrent on this machine, by the commands that a person would use. */
export async function runTour(args: TourArgs, world: World): Promise<number> {
  if (args.size === 0) throw new UsageError('--size 0 leaves nothing to share');
  using gate = new SignalGate(world.signals, world.exitNow);
  const folder = await mkdtemp(join(tmpdir(), 'shoal-tour-'));
  // Also where a second Ctrl-C ends the process at once.
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  if (!args.keep) process.once('exit', removeFolder);
  const { TrackerServer } = await import('@shoal/tracker');
  const tour = new Tour(folder, args.size ?? 0, new TrackerServer(), world, gate.signal);
  try {
    return await tour.run();
  } catch (error) {
    if (gate.signal.aborted && gate.signal.reason instanceof SignalError) {
      return gate.signal.reason.exitCode;
    }
    throw error;
  } finally {
    await tour.close();
    if (args.keep) world.stdout.write(`\nThe files are in ${folder}\n`);
    else await rm(folder, { recursive: true, force: true });
    process.off('exit', removeFolder);
  }
}

class Tour {
  readonly #folder: string;
  readonly #size: number;
  readonly #world: World;
  readonly #signal: AbortSignal;
  readonly #tracker: TrackerServer;
  readonly #startedAt = performance.now();
  #seeder: SeederProcess | undefined;
  #step = 0;

  constructor(
    folder: string,
    size: number,
    tracker: TrackerServer,
    world: World,
    signal: AbortSignal,
  ) {
    this.#folder = folder;
    this.#size = size;
    this.#tracker = tracker;
    this.#world = world;
    this.#signal = signal;
  }

  async run(): Promise<number> {
    const content = join(this.#folder, 'seeder', 'tour');
    const torrent = join(this.#folder, 'tour.torrent');
    const target = join(this.#folder, 'downloads');

    this.#say(`A tour in ${this.#folder}: everything stays on this machine.`);
    this.#announce(`Something to share: a folder of ${formatBytes(this.#size)}`);
    const files = await generateContent(content, this.#size, this.#signal);
    this.#say(`${files} files in ${content}`);

    const { port } = await this.#tracker.listen({ port: 0, address: '127.0.0.1' });
    this.#announce('A tracker, which tells peers of each other');
    this.#shown(['tracker', '--bind', '127.0.0.1', '--port', String(port)]);
    const announceUrl = `http://127.0.0.1:${port}/announce`;

    this.#announce('The torrent: names, sizes and hashes of the files');
    let code = await this.#runs(['create', content, '--output', torrent, '--tracker', announceUrl]);
    if (code !== ExitCode.done) return code;

    this.#announce('A seeder, in a process of its own');
    const seed = ['seed', torrent, '--data', content, '--bind', '127.0.0.1', '--no-resume'];
    this.#shown(seed);
    this.#seeder = await SeederProcess.start(seed, this.#world.env);
    await this.#seeder.ready(this.#signal);
    this.#say('It has checked its data, and the tracker knows it.');

    this.#announce('The download');
    code = await this.#runs([
      ...['download', torrent, '--output', target, '--bind', '127.0.0.1', '--no-resume'],
      ...['--timeout', DOWNLOAD_TIMEOUT],
    ]);
    if (code !== ExitCode.done) return code;

    this.#announce('Is it all there?');
    code = await this.#runs(['verify', torrent, target]);
    if (code !== ExitCode.done) return code;

    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#say(
      `\nThat was the tour, in ${formatDuration(seconds)}. shoal --help lists all commands.`,
    );
    return ExitCode.done;
  }

  async close(): Promise<void> {
    await this.#seeder?.close();
    await this.#tracker.close();
  }

  /** Runs a command as if it had been typed. */
  async #runs(args: readonly string[]): Promise<number> {
    this.#signal.throwIfAborted();
    this.#shown(args);
    return this.#world.runAgain(args);
  }

  #announce(title: string): void {
    this.#signal.throwIfAborted();
    const { bold } = colorsFor(this.#world.stdout, this.#world.env);
    this.#step++;
    this.#say(`\n${bold(`${this.#step}. ${title}`)}`);
  }

  #shown(args: readonly string[]): void {
    const { cyan } = colorsFor(this.#world.stdout, this.#world.env);
    this.#say(cyan(`$ shoal ${args.join(' ')}`));
  }

  #say(line: string): void {
    this.#world.stdout.write(`${line}\n`);
  }
}
