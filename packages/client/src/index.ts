/**
 * A BitTorrent client engine: download, seed and manage torrents.
 *
 * ```ts
 * const client = await Client.start();
 * const torrent = await client.add(await readFile('debian.torrent'), { directory: 'downloads' });
 * for await (const { completedBytes, totalBytes } of torrent.watch()) {
 *   console.log(completedBytes / totalBytes);
 *   if (torrent.state === 'seeding') break;
 * }
 * await client.close();
 * ```
 *
 * @packageDocumentation
 */
export { Client, type TorrentSource } from './client.ts';
export {
  ClientError,
  DiskError,
  type DiskErrorCode,
  type DiskErrorOptions,
  InconsistentHashesError,
  MagnetContradictionError,
  PeerError,
  type PeerErrorCode,
} from './errors.ts';
export type {
  PeerReport,
  TorrentEvents,
  TorrentProgress,
  TorrentState,
  TrackerReport,
} from './events.ts';
export { DiskThreads } from './disk/disk-threads.ts';
export type { PieceHashes } from './hashes/piece-hashes.ts';
export type { TorrentFileHandle } from './file-handle.ts';
export type { Priority } from './file-priorities.ts';
export type { InfoHashes } from './info-hashes.ts';
export type {
  AddOptions,
  CheckMode,
  ClientOptions,
  DhtOptions,
  LocalServers,
  PortRange,
} from './options.ts';
export { clientDefaults } from './options.ts';
export type { AnyTorrent } from './torrent.ts';
export type { Torrent } from './known-torrent.ts';
export type { BanCode, BannedPeer } from './peer/ban-list.ts';
export type { PeerSource } from './peer/candidate.ts';
export type { KnownPeer } from './peer/known-peer.ts';
export type { AddressFilter } from './peer/blocked-addresses.ts';
export type { RateLimits } from './choke/transfer-limits.ts';
export type { ReadStreamOptions } from './stream/file-stream.ts';
export type { WaitOptions } from './wait.ts';
export type { WatchOptions } from './watch.ts';
export type { WebSeedState, WebSeedStatus } from './web-seed/web-seeds.ts';
export { webSeedDefaults, type WebSeedOptions } from './web-seed/web-seed-options.ts';
export type {
  WebAnswer,
  WebExchange,
  WebHandler,
  WebRequest,
  WebTransport,
} from './web-seed/web-transport.ts';
export { type FileState, FileStates } from './disk/file-states.ts';
export type { BlockRead, PieceWrite, StorageFactory, TorrentStorage } from './disk/storage.ts';
export { MemoryStorage } from './disk/memory-storage.ts';
