import type { Clock, Connection, ConnectionHandler, Endpoint } from '@shoal/net';
import {
  type EncoderBufferPool,
  type Handshake,
  type UtMetadataMessage,
  WireDecoder,
  WireEncoder,
  type WireSink,
} from '@shoal/peer-wire';
import { PeerError } from '../errors.ts';
import type { ExtensionSide } from '../extension/extension-side.ts';
import { PeerExtended } from '../extension/peer-extended.ts';
import { clientDefaults } from '../options.ts';
import { EarlyMessages } from './early-messages.ts';
import type { MetadataSource } from './metadata-fetch.ts';

/** Bytes that may wait for a peer to read them: we answer little. */
const MAX_UNREAD = 1024 * 1024;

/** Takes over a connection for the torrent, once it is known; undefined refuses it. */
export type TakeOver = (
  connection: Connection,
  handshake: Handshake,
  isV2: boolean,
) => ConnectionHandler | undefined;

/** What a peer tells those who fetch metadata. */
export interface MetadataPeerEvents extends ExtensionSide {
  readonly encoderPool: EncoderBufferPool;
  /** See {@link DiscoverySide}. */
  readonly dhtPort: number;
  foundNode(endpoint: Endpoint): void;
  /** It has said what it offers, or something else that may let it be asked. */
  changed(peer: MetadataPeer): void;
  /** An answer about a piece. */
  answered(peer: MetadataPeer, message: Exclude<UtMetadataMessage, { type: 'request' }>): void;
  left(peer: MetadataPeer, error: Error | undefined): void;
}

/**
 * A connected peer of a torrent that is not known yet: metadata is asked of it, and what it says about pieces is remembered, so
 * that the connection can be handed over when the torrent is known.
 */
export class MetadataPeer implements ConnectionHandler, WireSink, MetadataSource {
  readonly connection: Connection;
  readonly endpoint: Endpoint;
  readonly peerId: Uint8Array;
  /** The connection is for the torrent's v2 hash (BEP 52). */
  readonly isV2: boolean;
  readonly connectedAt: number;
  /** Undefined where the peer does not speak it. */
  readonly extended: PeerExtended | undefined;
  closed = false;
  readonly #handshake: Handshake;
  readonly #events: MetadataPeerEvents;
  readonly #clock: Clock;
  readonly #encoder: WireEncoder;
  readonly #decoder: WireDecoder;
  readonly #said = new EarlyMessages();
  #lastReceived: number;
  #lastSent: number;
  /** Who is to have the connection as soon as a message ends. */
  #heir: TakeOver | undefined;
  #next: ConnectionHandler | undefined;

  constructor(
    events: MetadataPeerEvents,
    connection: Connection,
    handshake: Handshake,
    isV2: boolean,
    clock: Clock,
  ) {
    this.connection = connection;
    this.endpoint = connection.remote;
    this.peerId = handshake.peerId;
    this.isV2 = isV2;
    this.#handshake = handshake;
    this.#events = events;
    this.#clock = clock;
    this.connectedAt = this.#lastReceived = this.#lastSent = clock.now();
    this.#encoder = new WireEncoder(events.encoderPool);
    this.#decoder = new WireDecoder(this);
    if (handshake.reserved.extension) {
      this.extended = new PeerExtended(events, this.#encoder, connection.remote, clock);
      this.extended.answered = (message) => events.answered(this, message);
      this.extended.greet();
    }
    if (handshake.reserved.dht && events.dhtPort > 0) this.#encoder.port(events.dhtPort);
    this.flush();
  }

  /** It wants nothing of anybody, as far as it says. */
  get wantsNothing(): boolean {
    return this.extended?.uploadOnly === true;
  }

  get address(): string {
    return this.endpoint.address;
  }

  get oneAtATime(): boolean {
    return isRakshasaLibTorrent(this.peerId);
  }

  /** Asks for a piece of the metadata; the caller flushes. */
  ask(piece: number): void {
    this.extended?.requestMetadata(piece);
  }

  /** Hands everything encoded so far to the connection. */
  flush(): void {
    if (this.#encoder.pendingBytes === 0 || this.closed || this.#next !== undefined) return;
    const bytes = this.#encoder.take();
    this.#lastSent = this.#clock.now();
    this.connection.write(bytes, () => this.#encoder.recycle(bytes));
    if (this.connection.pendingBytes > MAX_UNREAD) {
      const error = new PeerError('ERR_PEER_MISBEHAVED', 'It does not read what it is sent');
      this.connection.destroy(error);
    }
  }

  /** Sends a keep-alive when it is time; gives the reason when the peer must go. */
  heartbeat(now: number): string | undefined {
    if (now - this.#lastReceived > clientDefaults.idleTimeout) return 'It was silent for too long';
    if (now - this.#lastSent > clientDefaults.keepAliveInterval) {
      this.#encoder.keepAlive();
      this.flush();
    }
    return undefined;
  }

  /** It is no peer any more, however long its connection lingers. */
  drop(error?: Error): void {
    if (error === undefined) this.connection.close();
    else this.connection.destroy(error);
    this.onClose(error);
  }

  /** Gives the connection to somebody else, at the end of the message that is coming in. It has left then. */
  handOver(to: TakeOver): void {
    this.#heir = to;
    this.#yield();
  }

  // ConnectionHandler

  onData(chunk: Uint8Array): void {
    if (this.#next !== undefined) {
      this.#next.onData(chunk);
      return;
    }
    if (this.closed) return;
    this.#lastReceived = this.#clock.now();
    this.#decoder.push(chunk);
    this.flush();
    this.#yield();
  }

  onDrain(): void {
    this.#next?.onDrain();
  }

  onClose(error: Error | undefined): void {
    if (this.#next !== undefined) {
      this.#next.onClose(error);
      return;
    }
    if (this.closed) return;
    this.closed = true;
    this.#events.left(this, error);
  }

  // WireSink

  onKeepAlive(): void {
    // Its arrival was noted with the bytes.
  }

  onChoke(): void {
    this.#said.choking = true;
  }

  onUnchoke(): void {
    this.#said.choking = false;
  }

  onInterested(): void {
    this.#said.interested = true;
  }

  onNotInterested(): void {
    this.#said.interested = false;
  }

  onHave(piece: number): void {
    this.#said.have(piece);
  }

  onBitfield(bits: Uint8Array): void {
    this.#said.has(bits);
  }

  onHaveAll(): void {
    this.#said.has('all');
  }

  onHaveNone(): void {
    this.#said.has('none');
  }

  onRequest(piece: number, begin: number, length: number): void {
    // We have nothing, and it is choked.
    if (this.#handshake.reserved.fast) this.#encoder.reject(piece, begin, length);
  }

  onCancel(_piece: number, _begin: number, _length: number): void {
    // Nothing waits for an answer.
  }

  onBlockStart(_piece: number, _begin: number, _length: number): undefined {
    return undefined;
  }

  onBlockProgress(_bytes: number): void {
    // Nothing was asked for.
  }

  onBlockEnd(_piece: number, _begin: number, _length: number, _stored: boolean): void {
    // Nothing was asked for.
  }

  onPort(port: number): void {
    if (port > 0) this.#events.foundNode({ address: this.address, port });
  }

  onSuggest(_piece: number): void {
    // It is advice.
  }

  onReject(_piece: number, _begin: number, _length: number): void {
    // Nothing was asked for.
  }

  onAllowedFast(piece: number): void {
    this.#said.allowedFast(piece);
  }

  onExtended(id: number, payload: Uint8Array): void {
    if (this.extended?.receive(id, payload) === true) this.#said.extendedHandshake(payload);
    if (!this.closed) this.#events.changed(this);
  }

  onUnknown(_id: number, _length: number): void {
    // Skipped by the decoder.
  }

  #yield(): void {
    if (this.#heir === undefined || this.closed || !this.#decoder.isBetweenMessages) return;
    const heir = this.#heir;
    this.closed = true;
    this.#events.left(this, undefined);
    this.#next = this.#said.lost ? undefined : heir(this.connection, this.#handshake, this.isV2);
    if (this.#next === undefined) {
      this.connection.close();
      return;
    }
    try {
      this.#next.onData(this.#said.replay());
    } catch (error) {
      // What it said is wrong now that the torrent is known.
      this.connection.destroy(error as Error);
    }
  }
}

/**
 * Peers of rtorrent's library (up to 0.13.8 at least) read nothing more, ever, when a second request for metadata comes before they have
 * answered the first.
 */
function isRakshasaLibTorrent(peerId: Uint8Array): boolean {
  // -lt
  return peerId[0] === 0x2d && peerId[1] === 0x6c && peerId[2] === 0x74;
}
