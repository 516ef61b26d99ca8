import { EventEmitter } from 'node:events';
import type {
  AddressFilter,
  AddOptions,
  ClientOptions,
  TorrentEvents,
  TorrentProgress,
  TorrentState,
} from '@shoal/client';
import { infoHashHex, parseMetainfo } from '@shoal/metainfo';
import type { MagnetLink, Metainfo } from '@shoal/metainfo';
import type { EngineClient, KnownTorrent, StartClient } from '../../src/engine.ts';

/** A torrent that does what the test says. */
export class FakeTorrent extends EventEmitter<TorrentEvents> implements KnownTorrent {
  #metainfo: Metainfo | undefined;
  readonly link: MagnetLink | undefined;
  readonly options: AddOptions;
  missing: number[] = [];
  figures: Partial<TorrentProgress> = {};
  closed = 0;
  #state: TorrentState;
  error: Error | undefined;

  constructor(source: Metainfo | MagnetLink, options: AddOptions) {
    super();
    if ('info' in source) this.#metainfo = source;
    else this.link = source;
    this.#state = this.#metainfo === undefined ? 'metadata' : 'checking';
    this.options = options;
  }

  get metainfo(): Metainfo {
    if (this.#metainfo === undefined) throw new Error('The metadata is not known');
    return this.#metainfo;
  }

  get name(): string {
    return this.#metainfo?.info.name ?? this.link?.name ?? this.infoHashHex;
  }

  get infoHashHex(): string {
    return infoHashHex(this.#metainfo?.info ?? this.link ?? {});
  }

  /** What it knows in the end; default: what it was given. */
  completedMetainfo: Metainfo | 'never' | undefined;

  async completeMetainfo(options: { readonly signal?: AbortSignal } = {}): Promise<Metainfo> {
    if (this.completedMetainfo === 'never') await this.#until(() => false, options.signal);
    else if (this.completedMetainfo !== undefined) return this.completedMetainfo;
    return this.metainfo;
  }

  hasMetadata(): this is KnownTorrent {
    return this.#metainfo !== undefined;
  }

  async metadata(options: { readonly signal?: AbortSignal } = {}): Promise<KnownTorrent> {
    await this.#until(() => this.hasMetadata(), options.signal);
    return this;
  }

  /** Somebody has given it the metadata of this .torrent file. */
  learn(torrent: Uint8Array): void {
    this.#metainfo = parseMetainfo(torrent);
    this.emit('metadata');
    this.become('checking');
  }

  async close(): Promise<void> {
    this.closed++;
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
    const { length, pieceCount } = this.#metainfo?.info ?? { length: 0, pieceCount: 0 };
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
      webSeeds: 0,
      ratio: 0,
      eta: undefined,
      pieces: { total: pieceCount, have: 0 },
      checkedPieces: undefined,
      wastedBytes: 0,
      reusedBytes: 0,
      ...(this.hasMetadata() ? {} : { metadata: { length: 0, received: 0 } }),
      ...this.figures,
    };
  }

  completed(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#until((state) => state === 'seeding', options.signal);
  }

  checked(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#until((state) => this.hasMetadata() && state !== 'checking', options.signal);
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
  /** Those that were set at run time. */
  readonly filters: (AddressFilter | undefined)[] = [];
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

  async add(source: Metainfo | MagnetLink, options: AddOptions): Promise<FakeTorrent> {
    const torrent = new FakeTorrent(source, options);
    this.torrents.push(torrent);
    setImmediate(() => {
      this.onAdd(torrent);
    });
    return torrent;
  }

  setIpFilter(filter: AddressFilter | undefined): void {
    this.filters.push(filter);
  }

  async close(): Promise<void> {
    this.closed++;
    await this.closing();
  }
}
