import cliProgress from 'cli-progress';
import type { MultiBar, SingleBar } from 'cli-progress';
import type { TorrentProgress } from '@shoal/client';
import type { World } from '../world.ts';
import { describeProgress, extent, nameColumn } from './describe.ts';
import { LineView } from './line-view.ts';
import { plainText } from './plain-text.ts';
import type { TransferEvent, TransferRow, TransferSummary } from './transfer-view.ts';

/** Milliseconds: smooth to the eye, nothing for the processor. */
const INTERVAL = 250;
/** Lines. More would scroll on a small terminal. */
const MOST_BARS = 15;
/** Characters that everything but name and bar takes, with the space before it. */
const FIGURES_WIDTH = 70;

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

  constructor(world: World) {
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
    if (rows.length > MOST_BARS) {
      this.say(`showing the first ${MOST_BARS}`);
    }
    for (const row of rows.slice(0, MOST_BARS)) {
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

/** One line of at most `columns` characters; without colours, which would count as characters where the line is cut. */
export function formatBar(
  fraction: number,
  { name, progress }: BarPayload,
  columns: number,
): string {
  if (name === undefined || progress === undefined) return '';
  const room = columns - FIGURES_WIDTH;
  const nameWidth = Math.min(40, Math.max(8, Math.floor(room / 2)));
  const barWidth = Math.min(30, Math.max(0, room - nameWidth - 1));
  const filled = Math.floor(Math.min(1, Math.max(0, fraction)) * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  return [nameColumn(name, nameWidth), bar, describeProgress(progress)]
    .filter((part) => part !== '')
    .join(' ');
}
