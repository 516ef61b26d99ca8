import { messageOf } from '../errors.ts';
import { describeIpFilter, type LoadedIpFilter } from '../run/ip-filter.ts';
import { describeProgress, describeSummary, describeTotals } from './describe.ts';
import { formatBytes } from './format.ts';
import { plainText } from './plain-text.ts';
import { QuietView } from './quiet-view.ts';
import { hostOf, TrackerFailures } from './tracker-failures.ts';
import type { TransferEvent, TransferRow, TransferSummary } from './transfer-view.ts';

/** Milliseconds: often enough to see that it lives, seldom enough for a log. */
const INTERVAL = 10_000;
/** Torrents. Beyond it only those with connected peers are worth a line. */
const MOST_ROWS = 20;

/** Plain lines, for a log or a pipe. */
export class LineView extends QuietView {
  override readonly interval: number | undefined = INTERVAL;
  readonly #trackers = new TrackerFailures();

  override ipFilter(loaded: LoadedIpFilter): void {
    this.say(plainText(describeIpFilter(loaded)));
  }

  override begin(port: number, rows: readonly TransferRow[]): void {
    const what = rows.length === 1 ? '1 torrent' : `${rows.length} torrents`;
    this.say(`${what}, listening on port ${port}`);
  }

  override progress(rows: readonly TransferRow[]): void {
    const shown =
      rows.length <= MOST_ROWS
        ? rows
        : rows.filter(({ torrent }) => torrent.progress().peers > 0).slice(0, MOST_ROWS);
    for (const { torrent } of shown) {
      this.say(`${plainText(torrent.name)}: ${describeProgress(torrent.progress()).trim()}`);
    }
  }

  override event(row: TransferRow, event: TransferEvent): void {
    super.event(row, event);
    const name = plainText(row.torrent.name);
    switch (event.type) {
      case 'state':
        if (event.state !== 'closed') this.say(`${name}: ${event.state}`);
        break;
      case 'metadata': {
        if (!row.torrent.hasMetadata()) break;
        const { length, files } = row.torrent.metainfo.info;
        const count = files.filter(({ attributes }) => !attributes.padding).length;
        const what = `${formatBytes(length)} in ${count === 1 ? '1 file' : `${count} files`}`;
        this.say(`${name}: metadata complete, ${what}`);
        break;
      }
      case 'complete':
        this.say(`${name}: complete`);
        break;
      case 'warning':
        this.complain(`warning: ${name}: ${messageOf(event.error)}`);
        break;
      case 'tracker': {
        const failure = this.#trackers.describe(row, event.report);
        if (failure !== undefined) this.complain(`warning: ${name}: tracker ${failure}`);
        break;
      }
      case 'webSeed': {
        const { url, reason = 'no answer' } = event.status;
        this.complain(`warning: ${name}: web seed ${hostOf(url)}: ${reason}`);
        break;
      }
      case 'ban': {
        const { address, reason, until } = event.ban;
        this.complain(
          `warning: ${name}: ${address} banned until ${until.toISOString()}: ${reason}`,
        );
        break;
      }
      case 'error':
        break;
    }
  }

  override end(summaries: readonly TransferSummary[], _exitCode: number): void {
    // Of what was refused the error says it all.
    const told = summaries.filter(({ refused }) => !refused);
    if (summaries.length > MOST_ROWS) this.say(describeTotals(summaries));
    else for (const summary of told) this.say(describeSummary(summary));
  }

  protected say(line: string): void {
    this.world.stdout.write(`${line}\n`);
  }
}
