import type {
  BannedPeer,
  TorrentProgress,
  TorrentState,
  TrackerReport,
  WebSeedStatus,
} from '@shoal/client';
import type { EngineTorrent } from '../engine.ts';
import type { LoadedIpFilter } from '../run/ip-filter.ts';
import type { World } from '../world.ts';
import { BarView } from './bar-view.ts';
import { JsonView } from './json-view.ts';
import { LineView } from './line-view.ts';
import { QuietView } from './quiet-view.ts';

/** A torrent of a `download` or `seed`, and the folder its content goes to. */
export interface TransferRow {
  readonly torrent: EngineTorrent;
  readonly directory: string;
}

/** Something that happened to one torrent. */
export type TransferEvent =
  | { readonly type: 'state'; readonly state: TorrentState }
  | { readonly type: 'tracker'; readonly report: TrackerReport }
  /** A web seed waits, or is not asked any more. */
  | { readonly type: 'webSeed'; readonly status: WebSeedStatus }
  /** It has nothing to do with an address for a time. */
  | { readonly type: 'ban'; readonly ban: BannedPeer }
  | { readonly type: 'warning' | 'error'; readonly error: unknown }
  /** The files of a magnet link are known. */
  | { readonly type: 'metadata' }
  | { readonly type: 'complete' };

/** A torrent at the end. */
export interface TransferSummary {
  readonly row: TransferRow;
  readonly progress: TorrentProgress;
  /** Seconds from the start to completion, or to the end. */
  readonly seconds: number;
  /** It does not have what was asked for, so that nothing was done about it. */
  readonly refused: boolean;
}

/** Shows a transfer: as bars, lines, JSON, or not at all. */
export interface TransferView {
  /** Milliseconds between two calls of {@link progress}; undefined where none are wanted. */
  readonly interval: number | undefined;
  /** The lists of addresses to have nothing to do with were read, for the first time or again. */
  ipFilter(loaded: LoadedIpFilter): void;
  begin(port: number, rows: readonly TransferRow[]): void;
  /** Every torrent has been read and what is there of it is known; `rows` are those that could be added. */
  ready(rows: readonly TransferRow[]): void;
  progress(rows: readonly TransferRow[]): void;
  /** A last look before the torrents are closed. */
  settle(rows: readonly TransferRow[]): void;
  event(row: TransferRow, event: TransferEvent): void;
  /** Something about the command rather than one of its torrents. */
  problem(error: unknown): void;
  end(summaries: readonly TransferSummary[], exitCode: number): void;
}

/** The view that fits the options and the terminal. */
export async function chooseView(
  options: { readonly json: boolean; readonly quiet: boolean },
  world: World,
): Promise<TransferView> {
  if (options.json) return new JsonView(world);
  if (options.quiet) return new QuietView(world);
  if (world.stdout.isTTY === true) return BarView.open(world);
  return new LineView(world);
}
