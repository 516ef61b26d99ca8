import { EventEmitter } from 'node:events';
import type {
  AddOptions,
  ClientOptions,
  TorrentEvents,
  TorrentProgress,
  TorrentState,
} from '@shoal/client';
import { infoHashHex } from '@shoal/metainfo';
import type { Metainfo } from '@shoal/metainfo';
import type { EngineClient, EngineTorrent, StartClient } from '../../src/engine.ts';

/** A torrent that does what the test says. */
export class FakeTorrent extends EventEmitter<TorrentEvents> implements EngineTorrent {
  readonly metainfo: Metainfo;
  readonly options: AddOptions;
  missing: number[] = [];
  figures: Partial<TorrentProgress> = {};
  #state: TorrentState = 'checking';
  error: Error | undefined;

  constructor(metainfo: Metainfo, options: AddOptions) {
    super();
    this.metainfo = metainfo;
    this.options = options;
  }

  get name(): string {
    return this.metainfo.info.name;
  }

  get infoHashHex(): string {
    return infoHashHex(this.metainfo.info);
  }

  get state(): TorrentState {
    return this.#state;
  }

  become(state: TorrentState): void {
    this.#state = state;
    this.emit('state', state);
  }

  fail(error: Error): void {
    this.error = error;
    this.become('error');
    this.emit('error', error);
  }

  progress(): TorrentProgress {
    const { length, pieceCount } = this.metainfo.info;
    return {
      state: this.state,
      totalBytes: length,
      completedBytes: this.state === 'seeding' ? length : 0,
      downloadedBytes: 0,
      uploadedBytes: 0,
      downloadRate: 0,
      uploadRate: 0,
      peers: 0,
      seeds: 0,
      ratio: 0,
      eta: undefined,
      pieces: { total: pieceCount, have: 0 },
      checkedPieces: undefined,
      wastedBytes: 0,
      ...this.figures,
    };
  }

  completed(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#until((state) => state === 'seeding', options.signal);
  }

  checked(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#until((state) => state !== 'checking', options.signal);
  }

  async verify(): Promise<{ missing: number[] }> {
    return { missing: this.missing };
  }

  #until(reached: (state: TorrentState) => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.state === 'error') reject(this.error!);
        else if (reached(this.state)) resolve();
      };
      this.on('state', look);
      signal?.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      if (signal?.aborted === true) reject(signal.reason as Error);
      look();
    });
  }
}

/** A client without a network. */
export class FakeClient implements EngineClient {
  readonly port = 6881;
  readonly torrents: FakeTorrent[] = [];
  /** What {@link start} was given. */
  options: ClientOptions | undefined;
  closed = 0;
  /** Called with each torrent that is added. */
  readonly onAdd: (torrent: FakeTorrent) => void;
  closing: () => Promise<void> = () => Promise.resolve();

  constructor(onAdd: (torrent: FakeTorrent) => void = () => undefined) {
    this.onAdd = onAdd;
  }

  readonly start: StartClient = async (options) => {
    this.options = options;
    return this;
  };

  async add(metainfo: Metainfo, options: AddOptions): Promise<FakeTorrent> {
    const torrent = new FakeTorrent(metainfo, options);
    this.torrents.push(torrent);
    setImmediate(() => {
      this.onAdd(torrent);
    });
    return torrent;
  }

  async close(): Promise<void> {
    this.closed++;
    await this.closing();
  }
}
