export { createTorrent } from './create-torrent.ts';
export type { CreatedTorrent } from './create-torrent.ts';
export type {
  CreateOptions,
  CreateProgress,
  SourceAttribute,
  SymlinkPolicy,
  TorrentFormat,
} from './options.ts';
export { HashThreads } from './hash-threads.ts';
export { CreateError } from './errors.ts';
export type { CreateErrorCode } from './errors.ts';
export { automaticPieceLength, MAX_PIECE_LENGTH, MIN_PIECE_LENGTH } from './piece-length.ts';
