import {
  Bitfield,
  type Handshake,
  ProtocolGuard,
  WireDecoder,
  WireEncoder,
  type WireSink,
} from '@shoal/peer-wire';
import type { TorrentInfo } from '@shoal/metainfo';
import type { Clock, Connection, ConnectionHandler, Endpoint } from '@shoal/net';
import { PeerError } from '../errors.ts';
import { PeerExtended } from '../extension/peer-extended.ts';
import { clientDefaults } from '../options.ts';
import { HashPort } from '../hashes/hash-port.ts';
import { RateMeter } from '../choke/rate-meter.ts';
import type { PickerPeer } from '../piece/piece-picker.ts';
import { MAX_ALLOWED_FAST } from './allowed-fast.ts';
import { BlockRequests } from './block-requests.ts';
import { greetPeer } from './greet-peer.ts';
import { learnPieces, losePiece } from './peer-pieces.ts';
import type { PeerSwarm } from './peer-swarm.ts';
import { UploadQueue } from './upload-queue.ts';

/**
 * Bytes that may wait for a peer to read them. The blocks it asked for are bounded already (two batches); the rest is
 * answers to a peer that goes on asking without reading.
 */
const MAX_UNREAD = 4 * 1024 * 1024;

/**
 * Milliseconds one batch of blocks may take to leave: send buffers are shared, and who holds two of them for longer than
 * this at half a megabyte each reads less than 9 kB/s of what it asked for.
 */
const MAX_UNREAD_TIME = 60_000;

/**
 * One connected peer of one torrent: choke and interest both ways, what it has, its rates, what we asked of it
 * ({@link BlockRequests}) and what it asked of us ({@link UploadQueue}). It turns bytes into decisions of its swarm and
 * back; any protocol error ends this connection and nothing else.
 */
export class Peer implements ConnectionHandler, WireSink, PickerPeer {
  readonly connection: Connection;
  readonly endpoint: Endpoint;
  readonly peerId: Uint8Array;
  /** The connection is for the torrent's v2 hash (BEP 52): only then do its messages of hashes mean anything. */
  readonly isV2: boolean;
  /** Fast extension (BEP 6) in force both ways. */
  readonly fast: boolean;
  /** What the peer has. */
  have: Bitfield;
  /** We refuse its requests. */
  amChoking = true;
  /** We told it that we want something it has. */
  amInterested = false;
  /** It refuses our requests. */
  peerChoking = true;
  /** It told us that it wants something we have. */
  peerInterested = false;
  /** When it was last unchoked by us, monotonic ms; undefined while choked. */
  unchokedAt: number | undefined;
  /** What had been uploaded to it by then, bytes. */
  uploadedBeforeUnchoke = 0;
  /** Payload from and to it. */
  readonly downloadRate = new RateMeter();
  readonly uploadRate = new RateMeter();
  readonly connectedAt: number;
  readonly requests: BlockRequests;
  readonly uploads: UploadQueue;
  /** Its hash messages (BEP 52); undefined where the connection is not for v2: any are ignored then. */
  readonly hashes: HashPort | undefined;
  /** The extension protocol (BEP 10); undefined where the peer does not speak it. */
  readonly extended: PeerExtended | undefined;
  /** Pieces it lets us ask for while it chokes us. */
  readonly allowedFast = new Set<number>();
  /** Pieces we let it ask for while we choke it, and how many bytes of each are left to be asked for then. */
  readonly grantedFast = new Map<number, number>();
  downloadedBytes = 0;
  uploadedBytes = 0;
  closed = false;
  /** It has not sent a whole block that was asked for. */
  unproven = true;

  readonly #swarm: PeerSwarm;
  readonly #clock: Clock;
  readonly #encoder: WireEncoder;
  readonly #decoder: WireDecoder;
  readonly #guard: ProtocolGuard;
  /** It takes part in the DHT (BEP 5). */
  readonly #knowsDht: boolean;
  #blockWasRequested = false;
  #lastReceived: number;
  #lastSent: number;

  constructor(
    swarm: PeerSwarm,
    connection: Connection,
    handshake: Handshake,
    isV2: boolean,
    clock: Clock,
  ) {
    const { info } = swarm;
    this.#swarm = swarm;
    this.#encoder = new WireEncoder(swarm.encoderPool);
    this.#clock = clock;
    this.connection = connection;
    this.endpoint = connection.remote;
    this.peerId = handshake.peerId;
    this.isV2 = isV2;
    this.fast = handshake.reserved.fast;
    this.#knowsDht = handshake.reserved.dht;
    this.have = new Bitfield(info.pieceCount);
    this.connectedAt = this.#lastReceived = this.#lastSent = clock.now();
    this.#guard = guardOf(info, this.fast);
    const { hashTraffic } = swarm;
    if (isV2 && hashTraffic !== undefined) {
      this.hashes = new HashPort(this, hashTraffic, this.#encoder, clock);
    }
    this.#decoder = new WireDecoder(this, { hashSink: this.hashes });
    this.#decoder.maxBitfieldLength = Math.ceil(info.pieceCount / 8);
    this.requests = new BlockRequests(this, swarm, this.#encoder);
    this.uploads = new UploadQueue(this, swarm, this.#encoder, clock);
    this.extended = handshake.reserved.extension
      ? new PeerExtended(swarm, this.#encoder, connection.remote, clock)
      : undefined;
    if (this.extended !== undefined) this.extended.lost = (piece) => this.#lose(piece);
  }

  /** It has every piece. */
  get isSeed(): boolean {
    return this.have.isFull;
  }

  /** It wants nothing of ours, whatever we have: it has all, or all it wants (BEP 21). */
  get wantsNothing(): boolean {
    return this.isSeed || this.extended?.uploadOnly === true;
  }

  /** It has not sent what it owes for a long time (see `RequestWindow`). */
  get slow(): boolean {
    return this.requests.snubbed;
  }

  /** It would send a block of a piece if asked, in `within` ms as far as is known, and has not let us wait for others. */
  wouldSend(piece: number, within = Infinity): boolean {
    if (this.peerChoking || this.slow || this.requests.nextBlockTime > within) return false;
    return this.have.get(piece);
  }

  /** Sends what a peer must know first: what we have, and what it may ask for while choked. */
  greet(): void {
    greetPeer(this, this.#swarm, this.#encoder, this.#knowsDht);
    this.flush();
  }

  /** Hands everything encoded so far to the connection in one write. */
  flush(): void {
    if (this.#encoder.pendingBytes === 0 || this.closed) return;
    const bytes = this.#encoder.take();
    this.#lastSent = this.#clock.now();
    this.connection.write(bytes, () => this.#encoder.recycle(bytes));
    if (this.connection.pendingBytes > MAX_UNREAD) {
      this.disconnect(new PeerError('ERR_PEER_MISBEHAVED', 'It does not read what it is sent'));
    }
  }

  /** Notes that payload left by another way than {@link flush}. */
  sent(): void {
    this.#lastSent = this.#clock.now();
  }

  choke(): void {
    if (this.amChoking) return;
    this.amChoking = true;
    this.unchokedAt = undefined;
    this.#encoder.choke();
    this.uploads.refuseAll();
    this.flush();
  }

  unchoke(): void {
    if (!this.amChoking) return;
    this.amChoking = false;
    this.unchokedAt = this.#clock.now();
    this.uploadedBeforeUnchoke = this.uploadedBytes;
    this.#encoder.unchoke();
    this.flush();
    // What it may have while choked need not wait for its turn any more.
    this.uploads.pump();
  }

  /** Tells the peer of a piece we have got; the caller flushes. */
  announceHave(piece: number): void {
    if (!this.have.get(piece)) this.#encoder.have(piece);
  }

  /** Brings our interest up to date with what it has and what we want; the caller flushes. */
  updateInterest(): void {
    const interesting = this.#swarm.picker.isInteresting(this);
    if (interesting === this.amInterested) return;
    this.amInterested = interesting;
    if (interesting) this.#encoder.interested();
    else this.#encoder.notInterested();
  }

  /** Sends a keep-alive when it is time; gives the reason when the peer must go. */
  heartbeat(now: number): string | undefined {
    if (now - this.#lastReceived > clientDefaults.idleTimeout) return 'It was silent for too long';
    if (now - (this.uploads.unreadSince ?? now) > MAX_UNREAD_TIME) {
      const reason = 'It does not read the blocks it asked for';
      this.disconnect(new PeerError('ERR_PEER_MISBEHAVED', reason));
      return reason;
    }
    if (now - this.#lastSent > clientDefaults.keepAliveInterval) {
      this.#encoder.keepAlive();
      this.flush();
    }
    return undefined;
  }

  /** It is no peer any more, however long its connection lingers. */
  drop(error?: Error): void {
    this.connection.close();
    this.onClose(error);
  }

  /** Ends the connection; `error` names the reason where there is one. */
  disconnect(error?: Error): void {
    if (error === undefined) this.connection.close();
    else this.connection.destroy(error);
  }

  // ConnectionHandler

  onData(chunk: Uint8Array): void {
    if (this.closed) return;
    this.#lastReceived = this.#clock.now();
    this.#decoder.push(chunk);
    this.requests.fill(this.#lastReceived);
    this.flush();
    this.uploads.pump();
    this.#swarm.received(this, chunk.length);
  }

  onDrain(): void {
    this.uploads.pump();
  }

  onClose(error: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.uploads.drop();
    this.hashes?.drop();
    this.#swarm.leave(this, error);
  }

  // WireSink

  onKeepAlive(): void {
    // Its arrival was noted with the bytes.
  }

  onChoke(): void {
    this.peerChoking = true;
    // With the fast extension every request is answered or rejected one by one; without it a choke drops them all.
    if (!this.fast) this.requests.releaseAll();
  }

  onUnchoke(): void {
    this.peerChoking = false;
  }

  onInterested(): void {
    if (this.peerInterested) return;
    this.peerInterested = true;
    this.#swarm.interestChanged(this);
  }

  onNotInterested(): void {
    if (!this.peerInterested) return;
    this.peerInterested = false;
    this.#swarm.interestChanged(this);
  }

  onHave(piece: number): void {
    this.#guard.have(piece);
    if (!this.have.set(piece)) return;
    this.#swarm.picker.peerGained(this, piece);
    this.#swarm.peerHas(this, piece);
  }

  onBitfield(bits: Uint8Array): void {
    learnPieces(this, this.#swarm, this.#guard.bitfield(bits));
  }

  onHaveAll(): void {
    this.#guard.haveAll();
    const all = new Bitfield(this.have.length);
    all.setAll();
    learnPieces(this, this.#swarm, all);
  }

  onHaveNone(): void {
    this.#guard.haveNone();
  }

  onRequest(piece: number, begin: number, length: number): void {
    this.#guard.request(piece, begin, length);
    this.uploads.request(piece, begin, length);
  }

  onCancel(piece: number, begin: number, length: number): void {
    this.#guard.cancel(piece, begin, length);
    this.uploads.cancel(piece, begin, length);
  }

  onBlockStart(piece: number, begin: number, length: number): Uint8Array | undefined {
    this.#blockWasRequested = this.requests.expects(piece, begin, length);
    if (!this.#blockWasRequested) return undefined;
    this.requests.arriving(piece, begin, this.#lastReceived);
    return this.#swarm.picker.blockTarget(this, piece, begin, length);
  }

  onBlockProgress(bytes: number): void {
    if (!this.#blockWasRequested) return;
    this.downloadRate.add(bytes, this.#lastReceived);
    this.downloadedBytes += bytes;
  }

  onBlockEnd(piece: number, begin: number, length: number, stored: boolean): void {
    if (!this.#blockWasRequested) {
      this.requests.unrequested(length);
      this.#swarm.wasted(length);
      return;
    }
    this.unproven = false;
    this.requests.answered(piece, begin, length, this.#lastReceived, stored);
    if (stored) {
      this.#swarm.blockReceived(this, piece, begin, length, this.#lastReceived);
      return;
    }
    // The picker had no place for it: somebody else was sending it. If that one fails, it may be asked for again.
    this.#swarm.picker.release(this, this.requests.idOf(piece, begin));
    this.#swarm.wasted(length);
  }

  onPort(port: number): void {
    if (port > 0) this.#swarm.foundNode({ address: this.endpoint.address, port });
  }

  onSuggest(piece: number): void {
    this.#guard.suggest(piece);
  }

  onReject(piece: number, begin: number, length: number): void {
    this.#guard.reject(piece, begin, length);
    this.requests.rejected(piece, begin);
  }

  onAllowedFast(piece: number): void {
    this.#guard.allowedFast(piece);
    if (this.allowedFast.size < MAX_ALLOWED_FAST) this.allowedFast.add(piece);
  }

  onExtended(id: number, payload: Uint8Array): void {
    if (this.extended?.receive(id, payload) !== true) return;
    const { requestQueueLength } = this.extended;
    if (requestQueueLength !== undefined) this.requests.setPeerQueue(requestQueueLength);
  }

  onUnknown(_id: number, _length: number): void {
    // Skipped by the decoder.
  }

  /** Drops the rest of the block now streaming in: its piece was taken away. */
  discardBlock(): void {
    this.#decoder.discardBlock();
  }

  /** Ends the connection for breaking the protocol in a way only this layer sees. */
  violate(message: string): never {
    throw new PeerError('ERR_PEER_MISBEHAVED', message);
  }

  #lose(piece: number): void {
    this.#guard.have(piece);
    losePiece(this, this.#swarm, piece);
  }
}

function guardOf(
  { pieceCount, pieceLength, totalLength }: TorrentInfo,
  fast: boolean,
): ProtocolGuard {
  // To refuse late bitfields is to lose aria2, which sends them in place of many haves.
  return new ProtocolGuard({ pieceCount, pieceLength, totalLength, fast, lateBitfields: true });
}
