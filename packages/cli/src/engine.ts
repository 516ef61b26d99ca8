import type {
  AddOptions,
  ClientOptions,
  TorrentEvents,
  TorrentProgress,
  TorrentState,
} from '@shoal/client';
import type { Metainfo } from '@shoal/metainfo';

/** What the command uses of a `Torrent` of `@shoal/client`; tests hand in a stand-in. */
export interface EngineTorrent {
  readonly metainfo: Metainfo;
  readonly infoHashHex: string;
  readonly name: string;
  readonly state: TorrentState;
  readonly error?: Error | undefined;
  progress(): TorrentProgress;
  completed(options?: { readonly signal?: AbortSignal }): Promise<void>;
  checked(options?: { readonly signal?: AbortSignal }): Promise<void>;
  verify(options?: {
    readonly signal?: AbortSignal;
  }): Promise<{ readonly missing: readonly number[] }>;
  on<Name extends keyof TorrentEvents>(
    event: Name,
    listener: (...args: TorrentEvents[Name]) => void,
  ): unknown;
}

/** What the command uses of a `Client`. */
export interface EngineClient {
  readonly port: number;
  add(source: Metainfo, options: AddOptions): Promise<EngineTorrent>;
  close(options?: { readonly timeout?: number }): Promise<void>;
}

/** `Client.start`, or a stand-in. */
export type StartClient = (options: ClientOptions) => Promise<EngineClient>;

/** Starts the real engine; loaded only by the commands that need it. */
export const startClient: StartClient = async (options) => {
  const { Client } = await import('@shoal/client');
  return Client.start(options);
};
