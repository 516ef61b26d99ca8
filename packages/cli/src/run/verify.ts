import { statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { SingleBar } from 'cli-progress';
import { fileColumns, FileLayout, infoHashHex } from '@shoal/metainfo';
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
import { Turns } from '../turns.ts';
import type { World } from '../world.ts';
import { writeTexts } from '../write-texts.ts';

/** How a file was found. */
export interface FileFinding {
  readonly path: string;
  readonly length: number;
  /** `short`: it ends too early; `damaged`: its size is right, its content is not. */
  readonly state: 'whole' | 'missing' | 'short' | 'damaged';
  /** Pieces with a part in this file that did not pass. */
  readonly badPieces: number;
}

/** Files that are gone over without a look at the time: some milliseconds. */
const FILES_AT_ONCE = 4_096;

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
  const findings = () => findingsOf(metainfo, sizes, badPieces);
  const whole = badPieces.length === 0 && (await areWhole(findings()));
  if (args.json) {
    const { name, pieceCount } = metainfo.info;
    const infoHash = infoHashHex(metainfo.info);
    const summary = { name, infoHash, whole, pieceCount, badPieces };
    await writeTexts(world, jsonTexts(summary, findings()));
  } else if (!args.quiet) {
    await writeTexts(world, describe(metainfo, whole, badPieces, findings()));
  }
  return whole ? ExitCode.done : ExitCode.incomplete;
}

async function areWhole(findings: Iterable<FileFinding>): Promise<boolean> {
  const turns = new Turns();
  let count = 0;
  for (const { state } of findings) {
    if (state !== 'whole') return false;
    if (++count % FILES_AT_ONCE === 0) await turns.yield();
  }
  return true;
}

/** One line of JSON: a summary, and behind it all files. */
function* jsonTexts(
  summary: object,
  findings: Iterable<FileFinding>,
): Generator<string, void, undefined> {
  yield jsonLine(summary).replace(/\}\n$/, ',"files":[');
  let separator = '';
  for (const finding of findings) {
    yield `${separator}${jsonLine(finding).trimEnd()}`;
    separator = ',';
  }
  yield ']}\n';
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

/** Bytes of each file on disk by index; -1 where it is not there. */
async function sizesOf({ info }: Metainfo, directory: string): Promise<Float64Array> {
  const columns = fileColumns(info);
  const sizes = new Float64Array(columns.size).fill(-1);
  const turns = new Turns();
  for (let index = 0; index < columns.size; index++) {
    if (columns.isPadding(index)) continue;
    const path = join(directory, columns.pathOf(index));
    // Asked here and now where the disk is quick: a tenth of the time that the thread pool takes.
    const now = turns.run(() => statNow(path));
    const stats = now === undefined ? await stat(path).catch(() => null) : now;
    if (stats?.isFile() === true) sizes[index] = stats.size;
    await turns.yield();
  }
  return sizes;
}

/** What stands at a path; null where that cannot be said. */
function statNow(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function* findingsOf(
  { info }: Metainfo,
  sizes: Float64Array,
  badPieces: readonly number[],
): Generator<FileFinding, void, undefined> {
  const columns = fileColumns(info);
  const layout = new FileLayout(info);
  const bad = new Uint8Array(info.pieceCount);
  for (const piece of badPieces) bad[piece] = 1;
  for (let index = 0; index < columns.size; index++) {
    if (columns.isPadding(index) || columns.attributesOf(index).symlink !== undefined) continue;
    const pieces = layout.piecesOf(index);
    let count = 0;
    if (pieces !== undefined) {
      for (let piece = pieces.first; piece <= pieces.last; piece++) count += bad[piece] ?? 0;
    }
    const length = columns.lengths[index] ?? 0;
    const state = stateOf(sizes[index] ?? -1, length, count);
    yield { path: columns.pathOf(index), length, state, badPieces: count };
  }
}

function stateOf(size: number, length: number, badPieces: number): FileFinding['state'] {
  if (size < 0) return 'missing';
  if (size < length) return 'short';
  return badPieces === 0 ? 'whole' : 'damaged';
}

function* describe(
  { info }: Metainfo,
  whole: boolean,
  badPieces: readonly number[],
  files: Iterable<FileFinding>,
): Generator<string, void, undefined> {
  const name = plainText(info.name);
  if (whole) {
    yield `${name}: whole, all ${info.pieceCount} pieces match\n`;
    return;
  }
  yield `${name}: ${badPieces.length} of ${info.pieceCount} pieces bad or missing\n`;
  for (const { path, state, badPieces: count } of files) {
    if (state === 'whole') continue;
    yield `  ${state.padEnd(8)} ${plainText(path)} (${count} ${count === 1 ? 'piece' : 'pieces'})\n`;
  }
  if (badPieces.length > 0) yield `  pieces   ${formatRanges(badPieces)}\n`;
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
