import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { SingleBar } from 'cli-progress';
import { FileLayout, infoHashHex } from '@shoal/metainfo';
import type { Metainfo } from '@shoal/metainfo';
import type { VerifyArgs } from '../commands/inspect.ts';
import { dataDirectory } from '../data-location.ts';
import { defined } from '../defined.ts';
import type { KnownTorrent } from '../engine.ts';
import { ExitCode } from '../exit-codes.ts';
import { isUrl, loadTorrent, loadTorrentNow } from '../load-torrent.ts';
import { SignalGate } from '../signal-gate.ts';
import { jsonLine, plainText } from '../terminal/plain-text.ts';
import { singleBar } from '../terminal/single-bar.ts';
import type { World } from '../world.ts';

/** How a file was found. */
export interface FileFinding {
  readonly path: string;
  readonly length: number;
  /** `short`: it ends too early; `damaged`: its size is right, its content is not. */
  readonly state: 'whole' | 'missing' | 'short' | 'damaged';
  /** Pieces with a part in this file that did not pass. */
  readonly badPieces: number;
}

/** Milliseconds between two drawings of the bar. */
const DRAW_INTERVAL = 250;

/** `shoal verify` */
export async function runVerify(args: VerifyArgs, world: World): Promise<number> {
  using gate = new SignalGate(world.signals, world.exitNow);
  const metainfo = loadTorrentNow(args.torrent) ?? (await loadTorrent(args.torrent, gate.signal));
  const beside = isUrl(args.torrent) ? '.' : dirname(args.torrent);
  const directory =
    args.path === undefined ? resolve(beside) : await dataDirectory(metainfo, args.path);
  // Looked at first: opening a torrent may create its empty files.
  const sizes = await sizesOf(metainfo, directory);
  const badPieces = await findBadPieces(metainfo, directory, gate.signal, args, world);
  const files = findingsOf(metainfo, sizes, badPieces);
  const whole = badPieces.length === 0 && files.every(({ state }) => state === 'whole');
  if (args.json) {
    const { name, pieceCount } = metainfo.info;
    const infoHash = infoHashHex(metainfo.info);
    world.stdout.write(jsonLine({ name, infoHash, whole, pieceCount, badPieces, files }));
  } else if (!args.quiet) {
    world.stdout.write(describe(metainfo, whole, badPieces, files));
  }
  return whole ? ExitCode.done : ExitCode.incomplete;
}

async function findBadPieces(
  metainfo: Metainfo,
  directory: string,
  signal: AbortSignal,
  args: { readonly json: boolean; readonly quiet: boolean },
  world: World,
): Promise<readonly number[]> {
  // Loopback, paused and without resume data: nothing is told to anyone, and nothing is left behind.
  const client = await world.startClient({
    bind: '127.0.0.1',
    port: 0,
    ...defined({ diskThreads: await world.early?.diskThreads }),
  });
  try {
    const torrent = await client.add(metainfo, { directory, check: 'trust', paused: true });
    using _bar = await CheckBar.open(torrent, world, args.json || args.quiet);
    const { missing } = await torrent.verify({ signal });
    signal.throwIfAborted();
    if (torrent.state === 'error' && torrent.error !== undefined) throw torrent.error;
    return missing;
  } finally {
    await client.close();
  }
}

/** Bytes of each file on disk by index; undefined where it is not there. */
async function sizesOf({ info }: Metainfo, directory: string): Promise<(number | undefined)[]> {
  const sizes: (number | undefined)[] = [];
  for (const { path } of info.files) {
    const stats = await stat(join(directory, path)).catch(() => undefined);
    sizes.push(stats?.isFile() === true ? stats.size : undefined);
  }
  return sizes;
}

function findingsOf(
  { info }: Metainfo,
  sizes: readonly (number | undefined)[],
  badPieces: readonly number[],
): FileFinding[] {
  const layout = new FileLayout(info);
  const bad = new Set(badPieces);
  const findings: FileFinding[] = [];
  for (const { index, path, length, attributes } of info.files) {
    if (attributes.padding || attributes.symlink !== undefined) continue;
    const pieces = layout.piecesOf(index);
    let count = 0;
    if (pieces !== undefined) {
      for (let piece = pieces.first; piece <= pieces.last; piece++) if (bad.has(piece)) count++;
    }
    findings.push({ path, length, state: stateOf(sizes[index], length, count), badPieces: count });
  }
  return findings;
}

function stateOf(
  size: number | undefined,
  length: number,
  badPieces: number,
): FileFinding['state'] {
  if (size === undefined) return 'missing';
  if (size < length) return 'short';
  return badPieces === 0 ? 'whole' : 'damaged';
}

function describe(
  { info }: Metainfo,
  whole: boolean,
  badPieces: readonly number[],
  files: readonly FileFinding[],
): string {
  const name = plainText(info.name);
  if (whole) return `${name}: whole, all ${info.pieceCount} pieces match\n`;
  const lines = [`${name}: ${badPieces.length} of ${info.pieceCount} pieces bad or missing`];
  for (const { path, state, badPieces: count } of files) {
    if (state === 'whole') continue;
    lines.push(
      `  ${state.padEnd(8)} ${plainText(path)} (${count} ${count === 1 ? 'piece' : 'pieces'})`,
    );
  }
  if (badPieces.length > 0) lines.push(`  pieces   ${formatRanges(badPieces)}`);
  return `${lines.join('\n')}\n`;
}

/** `0, 3-7, 12` of sorted numbers; cut where it becomes long. */
export function formatRanges(numbers: readonly number[], most = 50): string {
  const ranges: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.to === number - 1) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  const texts = ranges
    .slice(0, most)
    .map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
  return texts.join(', ') + (ranges.length > most ? ', …' : '');
}

/** The progress of a check, where there is a terminal to show it on. */
class CheckBar implements Disposable {
  readonly #stop: () => void;

  static async open(torrent: KnownTorrent, world: World, hidden: boolean): Promise<CheckBar> {
    if (hidden || world.stdout.isTTY !== true) return new CheckBar(torrent, undefined);
    const format = 'Checking {bar} {percentage}% {value} of {total} pieces';
    return new CheckBar(torrent, await singleBar(world, format));
  }

  private constructor(torrent: KnownTorrent, bar: SingleBar | undefined) {
    if (bar === undefined) {
      this.#stop = () => undefined;
      return;
    }
    bar.start(torrent.metainfo.info.pieceCount, 0);
    const timer = setInterval(() => {
      bar.update(torrent.progress().checkedPieces ?? 0);
    }, DRAW_INTERVAL);
    this.#stop = () => {
      clearInterval(timer);
      bar.stop();
    };
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
