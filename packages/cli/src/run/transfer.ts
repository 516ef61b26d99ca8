import type { AddOptions, ClientOptions } from '@shoal/client';
import { infoHashHex, type MagnetLink, type Metainfo } from '@shoal/metainfo';
import { CliError, codeOf, exitCodeOf, messageOf, SignalError } from '../errors.ts';
import type { EngineClient, EngineTorrent } from '../engine.ts';
import { ExitCode } from '../exit-codes.ts';
import { runOnComplete } from '../on-complete.ts';
import { SignalGate } from '../signal-gate.ts';
import { formatPercent } from '../terminal/format.ts';
import type {
  TransferEvent,
  TransferRow,
  TransferSummary,
  TransferView,
} from '../terminal/transfer-view.ts';
import type { World } from '../world.ts';
import type { LoadedIpFilter } from './ip-filter.ts';
import { type SeedGoal, SeedGoals } from './seed-goal.ts';

/** One torrent to be added. */
export interface TransferTask {
  readonly source: Metainfo | MagnetLink;
  readonly options: AddOptions;
}

/** What `download` and `seed` have in common. */
export interface TransferPlan {
  /** `download` ends with the torrent complete, unless {@link goal} says to go on; `seed` does not wait for that. */
  readonly mode: 'download' | 'seed';
  readonly client: ClientOptions;
  /** Read and checked once the signals are being listened to; each is added as it comes. */
  readonly tasks: (view: TransferView, signal: AbortSignal) => AsyncIterable<TransferTask>;
  readonly goal: SeedGoal;
  /** Reads the lists of addresses to have nothing to do with. */
  readonly ipFilter?: ((signal?: AbortSignal) => Promise<LoadedIpFilter>) | undefined;
  /** Looks at the files of a magnet link, once they are known; throws where they are not what was asked for. */
  readonly checkMetadata?: (metainfo: Metainfo) => void;
  /** Milliseconds in which a download must be complete. */
  readonly timeout?: number | undefined;
  readonly onComplete?: string | undefined;
}

/** Milliseconds that trackers get to hear `stopped`. */
const STOP_TIMEOUT = 2000;
/**
 * Milliseconds for the whole end: a runner that passes signals on waits about 5 s before it kills, and what hangs is waited for one
 * second more.
 */
const CLOSE_TIMEOUT = 3500;

/** Runs torrents until each has reached its goal, failed, or a signal came. Gives the exit code. */
export async function runTransfer(
  plan: TransferPlan,
  view: TransferView,
  world: World,
): Promise<number> {
  const held: { transfer?: Transfer } = {};
  // Without a terminal that could hang up, it means that there are new lists, as is usual for what runs for long.
  const reloads = plan.ipFilter !== undefined && world.stdout.isTTY !== true;
  const reload = reloads ? (): void => void held.transfer?.reloadIpFilter() : undefined;
  using gate = new SignalGate(world.signals, world.exitNow, undefined, reload);
  held.transfer = new Transfer(plan, view, world, gate.signal);
  return await held.transfer.run();
}

class Transfer {
  readonly #plan: TransferPlan;
  readonly #view: TransferView;
  readonly #world: World;
  readonly #signal: AbortSignal;
  readonly #rows: TransferRow[] = [];
  readonly #completedAt = new Map<TransferRow, number>();
  readonly #told = new Map<TransferRow, unknown>();
  readonly #refused = new Set<TransferRow>();
  readonly #lastWarning = new Map<TransferRow, string>();
  readonly #startedAt = performance.now();
  readonly #goals: SeedGoals;
  /** What torrents said before the view has begun. */
  #early: (() => void)[] | undefined = [];
  /** Known where there are lists to be read again. */
  #client: EngineClient | undefined;
  #reloading = Promise.resolve();
  /** Torrents of which it is not known yet what is there. */
  #unchecked = 0;
  #exitCode: number = ExitCode.done;

  constructor(plan: TransferPlan, view: TransferView, world: World, signal: AbortSignal) {
    this.#plan = plan;
    this.#view = view;
    this.#world = world;
    this.#signal = signal;
    this.#goals = new SeedGoals(plan.goal);
  }

  async run(): Promise<number> {
    let client: EngineClient | undefined;
    let ticker: NodeJS.Timeout | undefined;
    try {
      for await (const task of this.#plan.tasks(this.#view, this.#signal)) {
        client ??= await this.#start();
        await this.#add(client, task);
      }
      client ??= await this.#start();
      this.#view.begin(client.port, this.#rows);
      this.#tellEarly();
      if (this.#view.interval !== undefined) {
        ticker = setInterval(() => {
          this.#view.progress(this.#rows);
        }, this.#view.interval);
      }
      this.#unchecked = this.#rows.length;
      await this.#untilSignal(Promise.all(this.#rows.map((row) => this.#follow(row))));
    } catch (error) {
      this.#failed(error);
    } finally {
      clearInterval(ticker);
      this.#goals[Symbol.dispose]();
      this.#tellEarly();
    }
    const summaries = this.#rows.map((row) => this.#summaryOf(row));
    this.#view.settle(this.#rows);
    if (client !== undefined) await this.#close(client);
    this.#view.end(summaries, this.#exitCode);
    return this.#exitCode;
  }

  async #start(): Promise<EngineClient> {
    this.#signal.throwIfAborted();
    const { client, ipFilter } = this.#plan;
    if (ipFilter === undefined) return await this.#world.startClient(client);
    const loaded = await ipFilter(this.#signal);
    this.#view.ipFilter(loaded);
    this.#client = await this.#world.startClient({ ...client, ipFilter: loaded.filter });
    return this.#client;
  }

  /** Reads the lists again; the old ones stay where that fails. Never rejects. */
  async reloadIpFilter(): Promise<void> {
    // Two at once could end in the wrong order.
    this.#reloading = this.#reloading.then(async () => {
      try {
        const loaded = await this.#plan.ipFilter?.(this.#signal);
        if (loaded === undefined || this.#client === undefined || this.#signal.aborted) return;
        this.#client.setIpFilter(loaded.filter);
        this.#view.ipFilter(loaded);
      } catch (error) {
        if (!this.#signal.aborted) this.#view.problem(error);
      }
    });
    await this.#reloading;
  }

  #tellEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const tell of early) tell();
  }

  #tell(row: TransferRow, event: TransferEvent): void {
    if (this.#early === undefined) this.#view.event(row, event);
    else this.#early.push(() => this.#view.event(row, event));
  }

  /** One listener, however many torrents there are. Rejects with the signal's reason. */
  async #untilSignal(work: Promise<unknown>): Promise<void> {
    let onAbort: () => void = () => undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(this.#signal.reason as Error);
    });
    this.#signal.addEventListener('abort', onAbort);
    if (this.#signal.aborted) onAbort();
    try {
      await Promise.race([work, aborted]);
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
    }
  }

  async #add(client: EngineClient, { source, options }: TransferTask): Promise<void> {
    this.#signal.throwIfAborted();
    let torrent: EngineTorrent;
    try {
      torrent = await client.add(source, options);
    } catch (error) {
      // One torrent that cannot be added costs only itself.
      this.#failed(new TorrentFailure(nameOf(source), error));
      return;
    }
    const row: TransferRow = { torrent, directory: options.directory };
    this.#rows.push(row);
    torrent.on('state', (state) => {
      this.#tell(row, { type: 'state', state });
    });
    torrent.on('metadata', () => {
      this.#tell(row, { type: 'metadata' });
    });
    torrent.on('tracker', (report) => {
      this.#tell(row, { type: 'tracker', report });
    });
    torrent.on('webSeed', (status) => {
      this.#tell(row, { type: 'webSeed', status });
    });
    torrent.on('ban', (ban) => {
      this.#tell(row, { type: 'ban', ban });
    });
    torrent.on('warning', (error) => {
      this.#warned(row, error);
    });
    torrent.on('error', (error) => {
      this.#torrentFailed(row, error);
      this.#goals.giveUp(torrent);
    });
  }

  /** What goes on going wrong, such as a disk that is gone, is told once. */
  #warned(row: TransferRow, error: Error): void {
    if (error.message === this.#lastWarning.get(row)) return;
    this.#lastWarning.set(row, error.message);
    this.#tell(row, { type: 'warning', error });
  }

  /** Sees one torrent to its goal. Never rejects. */
  async #follow(row: TransferRow): Promise<void> {
    const { torrent } = row;
    try {
      if (this.#plan.mode === 'download') await this.#download(row);
      else await this.#lookWhole(row);
      if (torrent.state !== 'error') await this.#goals.reached(torrent);
    } catch (error) {
      // After the signal whatever ends does so because of it.
      if (!this.#signal.aborted) this.#torrentFailed(row, error);
    }
  }

  /** Says so where data to be seeded is not whole. */
  async #lookWhole(row: TransferRow): Promise<void> {
    try {
      await row.torrent.checked();
    } finally {
      this.#unchecked -= 1;
      if (this.#unchecked === 0 && !this.#signal.aborted) this.#view.ready(this.#rows);
    }
    if (row.torrent.state === 'seeding') return;
    const { completedBytes, totalBytes } = row.torrent.progress();
    if (completedBytes >= totalBytes) return;
    const percent = formatPercent(completedBytes, totalBytes);
    const error = new Error(`only ${percent}% of the data is there: the rest is downloaded`);
    this.#tell(row, { type: 'warning', error });
  }

  /** Also ends where it fails while `--on-complete` runs. */
  async #download(row: TransferRow): Promise<void> {
    const failure = new AbortController();
    row.torrent.on('error', (error) => {
      failure.abort(error);
    });
    if (row.torrent.state === 'error') failure.abort(row.torrent.error);
    await this.#complete(row, AbortSignal.any([this.#signal, failure.signal]));
  }

  async #complete(row: TransferRow, signal: AbortSignal): Promise<void> {
    const { timeout, onComplete } = this.#plan;
    const limit = new AbortController();
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(
            () => {
              limit.abort(
                new CliError('ERR_CLI_TIMEOUT', ExitCode.network, 'not complete within --timeout'),
              );
            },
            Math.max(0, timeout - (performance.now() - this.#startedAt)),
          );
    try {
      const options = { signal: AbortSignal.any([signal, limit.signal]) };
      if (!row.torrent.hasMetadata()) {
        const { metainfo } = await row.torrent.metadata(options);
        this.#plan.checkMetadata?.(metainfo);
      }
      await row.torrent.completed(options);
    } finally {
      clearTimeout(timer);
    }
    this.#completedAt.set(row, performance.now());
    this.#tell(row, { type: 'complete' });
    if (onComplete === undefined) return;
    try {
      const { env } = this.#world;
      await runOnComplete(onComplete, row.torrent, row.directory, { env, signal });
    } catch (error) {
      signal.throwIfAborted();
      const warning = new Error(`--on-complete failed: ${messageOf(error)}`, { cause: error });
      this.#tell(row, { type: 'warning', error: warning });
    }
  }

  /** A torrent's failure is told once, though its promise and its event both bring it. */
  #torrentFailed(row: TransferRow, error: unknown): void {
    this.#note(error);
    if (this.#told.get(row) === error) return;
    this.#told.set(row, error);
    if (exitCodeOf(error) === ExitCode.usage) this.#refused.add(row);
    this.#tell(row, { type: 'error', error });
    if (this.#plan.mode !== 'download' || codeOf(error) !== 'ERR_DISK_MISSING') return;
    const advice = 'once the files are back, run this again; --no-resume downloads them anew';
    this.#tell(row, { type: 'warning', error: new Error(advice) });
  }

  #failed(error: unknown): void {
    this.#note(error);
    if (!(error instanceof SignalError)) this.#view.problem(error);
  }

  /** The first failure gives the exit code, except that a signal always does. */
  #note(error: unknown): void {
    if (this.#exitCode === ExitCode.done || error instanceof SignalError) {
      this.#exitCode = exitCodeOf(error);
    }
  }

  #summaryOf(row: TransferRow): TransferSummary {
    const end = this.#completedAt.get(row) ?? performance.now();
    return {
      row,
      progress: row.torrent.progress(),
      seconds: (end - this.#startedAt) / 1000,
      refused: this.#refused.has(row),
    };
  }

  /** Saves resume data and says `stopped`, but not for longer than anyone waits. */
  async #close(client: EngineClient): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#world.closeTimeout ?? CLOSE_TIMEOUT);
    });
    try {
      await Promise.race([client.close({ timeout: STOP_TIMEOUT }), tooLong]);
    } catch (error) {
      this.#failed(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a torrent is called before it is added. */
function nameOf(source: Metainfo | MagnetLink): string {
  return 'info' in source ? source.info.name : (source.name ?? infoHashHex(source));
}

/** An error with the name of the torrent it is about; the exit code is that of its cause. */
export class TorrentFailure extends CliError {
  constructor(name: string, cause: unknown) {
    super('ERR_CLI_SOURCE', exitCodeOf(cause), `${name}: ${messageOf(cause)}`, cause);
  }
}
