import type { TorrentInfo } from '@shoal/metainfo';
import type { Endpoint } from '@shoal/net';
import type { EncoderBufferPool } from '@shoal/peer-wire';
import type { BlockSource } from '../piece/block-source.ts';
import type { PiecePicker } from '../piece/piece-picker.ts';
import type { UploadReader } from '../disk/read-batch.ts';
import type { ExtensionSide } from '../extension/extension-side.ts';
import type { HashTraffic } from '../hashes/hash-traffic.ts';
import type { ChokedTurns } from './choked-turns.ts';
import type { Peer } from './peer.ts';

/** What a peer needs of the torrent it belongs to; implemented by `Swarm`. */
export interface PeerSwarm extends ExtensionSide {
  readonly info: TorrentInfo;
  readonly picker: PiecePicker<BlockSource>;
  /** Reads blocks for upload. */
  readonly reader: UploadReader;
  /** Buffers for outgoing messages, shared by all peers. */
  readonly encoderPool: EncoderBufferPool;
  /** See {@link DiscoverySide}. */
  readonly dhtPort: number;
  foundNode(endpoint: Endpoint): void;
  /** Hashes asked for and answered (BEP 52); undefined for a v1-only torrent. */
  readonly hashTraffic: HashTraffic | undefined;
  /** May blocks be asked for now? False while paused, in error or when the download limit is used up. */
  readonly downloading: boolean;
  /** Who is sent something while choked. */
  readonly chokedTurns: ChokedTurns;
  /** How many of `bytes` may be uploaded now; the rest when {@link PeerSwarm.awaitUpload} calls back. */
  takeUpload(bytes: number): number;
  /** Has `peer.uploads.pump()` called when upload tokens are there again. */
  awaitUpload(peer: Peer): void;
  /** Somebody else, a peer or a web seed, would send a block of a piece if asked, in `within` ms as far as is known. */
  othersSend(piece: number, except: Peer, within: number): boolean;
  /** A block is whole in its piece buffer. `now` is monotonic time, in milliseconds. */
  blockReceived(
    source: BlockSource,
    piece: number,
    begin: number,
    length: number,
    now: number,
  ): void;
  /** Bytes of protocol came in: the download limit counts them. */
  received(peer: Peer, bytes: number): void;
  /** Payload of no use came in. */
  wasted(bytes: number): void;
  /** Payload was handed to the connection. */
  uploaded(peer: Peer, bytes: number): void;
  /** The peer has more than before; `piece`: just this one more. */
  peerHas(peer: Peer, piece?: number): void;
  /** The peer became interested, or lost interest. */
  interestChanged(peer: Peer): void;
  /** Reading from disk failed. */
  readFailed(error: Error): void;
  /** The connection is over. */
  leave(peer: Peer, error: Error | undefined): void;
}
