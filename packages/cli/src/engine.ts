import type {
  AddressFilter,
  AddOptions,
  ClientOptions,
  TorrentEvents,
  TorrentProgress,
  TorrentState,
} from '@shoal/client';
import type { MagnetLink, Metainfo } from '@shoal/metainfo';

/** What the command uses of an `AnyTorrent` of `@shoal/client`; tests hand in a stand-in. */
export interface EngineTorrent {
  readonly infoHashHex: string;
  readonly name: string;
  readonly state: TorrentState;
  readonly error?: Error | undefined;
  hasMetadata(): this is KnownTorrent;
  metadata(options?: { readonly signal?: AbortSignal }): Promise<KnownTorrent>;
  progress(): TorrentProgress;
  completed(options?: { readonly signal?: AbortSignal }): Promise<void>;
  checked(options?: { readonly signal?: AbortSignal }): Promise<void>;
  on<Name extends keyof TorrentEvents>(
    event: Name,
    listener: (...args: TorrentEvents[Name]) => void,
  ): unknown;
  close(timeout?: number): Promise<void>;
}

/** What it uses of a `Torrent`, whose files are known. */
export interface KnownTorrent extends EngineTorrent {
  readonly metainfo: Metainfo;
  completeMetainfo(options?: { readonly signal?: AbortSignal }): Promise<Metainfo>;
  verify(options?: {
    readonly signal?: AbortSignal;
  }): Promise<{ readonly missing: readonly number[] }>;
}

/** What the command uses of a `Client`. */
export interface EngineClient {
  readonly port: number;
  add(source: Metainfo, options: AddOptions): Promise<KnownTorrent>;
  add(source: Metainfo | MagnetLink, options: AddOptions): Promise<EngineTorrent>;
  setIpFilter(filter: AddressFilter | undefined): void;
  close(options?: { readonly timeout?: number }): Promise<void>;
}

/** `Client.start`, or a stand-in. */
export type StartClient = (options: ClientOptions) => Promise<EngineClient>;

/** Starts the real engine; loaded only by the commands that need it. */
export const startClient: StartClient = async (options) => {
  const { Client } = await import('@shoal/client');
  return Client.start(options);
};
