import type { default as CliProgress, MultiBar, SingleBar } from 'cli-progress';
import type { TorrentProgress } from '@shoal/client';
import type { World } from '../world.ts';
import { describeProgress, extent, nameColumn } from './describe.ts';
import { LineView } from './line-view.ts';
import { plainText } from './plain-text.ts';
import type { TransferEvent, TransferRow, TransferSummary } from './transfer-view.ts';

/** Milliseconds: smooth to the eye, nothing for the processor. */
const INTERVAL = 250;
/** Lines. More would be hard to read. */
const MOST_BARS = 15;
/** Lines of the terminal that are left to messages, and to the cursor below the bars. */
const SPARE_LINES = 3;
/** Columns that all figures take, with the space before them. */
const FIGURES_WIDTH = 66;
/** Columns. A name is not cut below that. */
const LEAST_NAME = 8;

interface BarPayload {
  readonly name?: string;
  readonly progress?: TorrentProgress;
}

/** One line per torrent, drawn over and over: name, bar, percentage, rates, peers, ETA, state. */
export class BarView extends LineView {
  override readonly interval: number | undefined = INTERVAL;
  readonly #multiBar: MultiBar;
  readonly #bars = new Map<TransferRow, SingleBar>();
  #drawing = false;

  /** Loads what draws bars, which only a terminal needs. */
  static async open(world: World): Promise<BarView> {
    return new BarView(world, (await import('cli-progress')).default);
  }

  private constructor(world: World, cliProgress: typeof CliProgress) {
    super(world);
    this.#multiBar = new cliProgress.MultiBar({
      stream: world.stdout as NodeJS.WritableStream,
      format: (_options, params, payload) =>
        formatBar(params.progress, payload as BarPayload, world.stdout.columns ?? 80),
      fps: 1000 / INTERVAL,
      hideCursor: true,
      linewrap: false,
      // The command ends in order by itself; the library's own signal handler would end it half-way.
      gracefulExit: false,
    });
  }

  override begin(port: number, rows: readonly TransferRow[]): void {
    super.begin(port, rows);
    // A bar that scrolled out of the terminal could not be drawn over.
    const most = Math.min(MOST_BARS, Math.max(1, (this.world.stdout.rows ?? 24) - SPARE_LINES));
    if (rows.length > most) this.say(`showing the first ${most}`);
    for (const row of rows.slice(0, most)) {
      this.#bars.set(row, this.#multiBar.create(1, 0, payloadOf(row)));
    }
    this.#drawing = true;
  }

  override progress(_rows: readonly TransferRow[]): void {
    for (const [row, bar] of this.#bars) {
      const payload = payloadOf(row);
      const { done, total } = extent(payload.progress);
      bar.setTotal(Math.max(total, 1));
      bar.update(total === 0 ? 1 : done, payload);
    }
  }

  override settle(rows: readonly TransferRow[]): void {
    this.progress(rows);
  }

  override event(row: TransferRow, event: TransferEvent): void {
    // The bar shows the state itself.
    if (event.type !== 'state') super.event(row, event);
  }

  override end(summaries: readonly TransferSummary[], exitCode: number): void {
    // What was said since the bars were last drawn is written when they are drawn once more; to stop does not.
    this.#multiBar.update();
    this.#multiBar.stop();
    this.#drawing = false;
    super.end(summaries, exitCode);
  }

  protected override say(line: string): void {
    if (this.#drawing) this.#multiBar.log(`${line}\n`);
    else super.say(line);
  }

  protected override complain(message: string): void {
    if (this.#drawing) this.#multiBar.log(`shoal: ${plainText(message)}\n`);
    else super.complain(message);
  }
}

function payloadOf({ torrent }: TransferRow): Required<BarPayload> {
  return { name: torrent.name, progress: torrent.progress() };
}

/** One line of fewer than `columns` columns; without colours, which would count as characters where the line is cut. */
export function formatBar(
  fraction: number,
  { name, progress }: BarPayload,
  columns: number,
): string {
  if (name === undefined || progress === undefined) return '';
  // What follows the bar is cleared from the cursor on, which in the last column would be the last character itself.
  const usable = columns - 1;
  const room = usable - FIGURES_WIDTH;
  const nameWidth = Math.min(40, Math.max(LEAST_NAME, Math.floor(room / 2)));
  const barWidth = Math.min(30, Math.max(0, room - nameWidth - 1));
  const filled = Math.floor(Math.min(1, Math.max(0, fraction)) * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const figures = describeProgress(progress, usable - nameWidth - 1);
  return [nameColumn(name, nameWidth), bar, figures].filter((part) => part !== '').join(' ');
}
