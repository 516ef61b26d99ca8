import { join } from 'node:path';
import type { TorrentProgress } from '@shoal/client';
import type { LoadedIpFilter } from '../run/ip-filter.ts';
import { codeOf, messageOf } from '../errors.ts';
import { jsonLine } from './plain-text.ts';
import { QuietView } from './quiet-view.ts';
import { withoutUser } from './tracker-failures.ts';
import type { TransferEvent, TransferRow, TransferSummary } from './transfer-view.ts';

/** One JSON object per line on stdout, as the README documents them; errors on stderr too. */
export class JsonView extends QuietView {
  override readonly interval: number | undefined = 1000;
  /** What was said of each torrent last. */
  readonly #last = new Map<TransferRow, TorrentProgress>();

  override ipFilter({ filter, reports }: LoadedIpFilter): void {
    this.#write('ipFilter', { ranges: filter.ranges, files: reports });
  }

  override begin(port: number, rows: readonly TransferRow[]): void {
    this.#write('start', {
      port,
      torrents: rows.map((row) => ({
        infoHash: row.torrent.infoHashHex,
        name: row.torrent.name,
        length: row.torrent.hasMetadata() ? row.torrent.metainfo.info.length : null,
        path: pathOf(row),
      })),
    });
  }

  override ready(rows: readonly TransferRow[]): void {
    const seeding = rows.filter(({ torrent }) => torrent.state === 'seeding').length;
    this.#write('ready', { torrents: rows.length, seeding });
  }

  /** Thousands of torrents may be idle: of those in which nothing has changed there is nothing to say. */
  override progress(rows: readonly TransferRow[]): void {
    for (const row of rows) {
      const progress = row.torrent.progress();
      const last = this.#last.get(row);
      if (last !== undefined && isSame(progress, last)) continue;
      this.#last.set(row, progress);
      this.#writeProgress(row, progress);
    }
  }

  override settle(rows: readonly TransferRow[]): void {
    for (const row of rows) this.#writeProgress(row, row.torrent.progress());
  }

  override event(row: TransferRow, event: TransferEvent): void {
    super.event(row, event);
    const { infoHashHex: infoHash, name } = row.torrent;
    switch (event.type) {
      case 'state':
        this.#write('state', { infoHash, state: event.state });
        break;
      case 'tracker':
        this.#write('tracker', { infoHash, ...event.report, url: withoutUser(event.report.url) });
        break;
      case 'webSeed':
        this.#write('webSeed', { infoHash, ...event.status });
        break;
      case 'ban':
        this.#write('ban', { infoHash, ...event.ban });
        break;
      case 'metadata': {
        if (!row.torrent.hasMetadata()) break;
        const { length, files } = row.torrent.metainfo.info;
        this.#write('metadata', { infoHash, name, length, files: files.length, path: pathOf(row) });
        break;
      }
      case 'complete':
        this.#write('complete', { infoHash, name, path: pathOf(row) });
        break;
      case 'warning':
      case 'error':
        this.#write(event.type, { infoHash, ...describeError(event.error) });
        break;
    }
  }

  override problem(error: unknown): void {
    super.problem(error);
    this.#write('error', describeError(error));
  }

  override end(summaries: readonly TransferSummary[], exitCode: number): void {
    this.#write('end', {
      exitCode,
      torrents: summaries.map(({ row, progress, seconds }) => ({
        infoHash: row.torrent.infoHashHex,
        name: row.torrent.name,
        path: pathOf(row),
        seconds,
        ...progress,
      })),
    });
  }

  #writeProgress({ torrent }: TransferRow, progress: TorrentProgress): void {
    this.#write('progress', { infoHash: torrent.infoHashHex, ...progress });
  }

  #write(event: string, fields: object): void {
    this.world.stdout.write(jsonLine({ event, time: new Date().toISOString(), ...fields }));
  }
}

function isSame(one: TorrentProgress, other: TorrentProgress): boolean {
  const { pieces, metadata, ...figures } = one;
  return (
    metadata?.length === other.metadata?.length &&
    metadata?.received === other.metadata?.received &&
    pieces.have === other.pieces.have &&
    pieces.total === other.pieces.total &&
    Object.entries(figures).every(([name, value]) => other[name as keyof typeof figures] === value)
  );
}

/** Where its content is; null while that is not known: the name that a magnet link gives is for display only. */
function pathOf({ torrent, directory }: TransferRow): string | null {
  return torrent.hasMetadata() ? join(directory, torrent.name) : null;
}

function describeError(error: unknown): object {
  return { code: codeOf(error) ?? null, message: messageOf(error) };
}
