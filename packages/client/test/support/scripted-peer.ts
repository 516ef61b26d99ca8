import type { Connection, ConnectionHandler, Endpoint } from '@shoal/net';
import type { SimHost } from '@shoal/net/sim';
import {
  Bitfield,
  BLOCK_LENGTH,
  encodeHandshake,
  type Handshake,
  HandshakeReader,
  type HashRequest,
  type HashSink,
  WireDecoder,
  WireEncoder,
  type WireSink,
} from '@shoal/peer-wire';
import type { TestTorrent } from '../disk/fixture.ts';

/** What came in, by name, with the numbers of the message. */
export type Message = readonly [name: string, ...numbers: number[]];

/** What a {@link ScriptedPeer} does; the defaults are those of somebody who says nothing. */
export interface PeerScript {
  /** 20 bytes; default: twenty times `x`. */
  readonly peerId?: Uint8Array;
  /** Offer the fast extension. Default true. */
  readonly fast?: boolean;
  /** Speak the extension protocol (BEP 10). Default false. */
  readonly extension?: boolean;
  /** Set the v2 bit (BEP 52). Default false. */
  readonly v2?: boolean;
  /** 20 bytes: what it calls the torrent. Default: its v1 hash. */
  readonly infoHash?: Uint8Array;
  /** Send no handshake. */
  readonly mute?: boolean;
  /** Take payload like a downloader, into nowhere. Always so. */
  onConnected?(peer: ScriptedPeer): void;
  /** The other side's handshake has come. */
  onOpen?(peer: ScriptedPeer): void;
  onMessage?(peer: ScriptedPeer, message: Message): void;
  onRequest?(peer: ScriptedPeer, piece: number, begin: number, length: number): void;
  onUnchoke?(peer: ScriptedPeer): void;
  onHashRequest?(peer: ScriptedPeer, request: HashRequest): void;
  onExtended?(peer: ScriptedPeer, id: number, payload: Uint8Array): void;
}

/** A hash message (BEP 52) that came in. */
export interface HashMessage {
  readonly name: 'hash-request' | 'hashes' | 'hash-reject';
  readonly request: HashRequest;
  readonly hashes: Uint8Array | undefined;
}

/** A peer that does what a test tells it to, over one simulated connection. */
export class ScriptedPeer implements ConnectionHandler, WireSink, HashSink {
  readonly connection: Connection;
  readonly torrent: TestTorrent;
  readonly script: PeerScript;
  readonly encoder = new WireEncoder();
  readonly messages: Message[] = [];
  /** They are among {@link messages}, too, with layer, index, length and proof layers. */
  readonly hashMessages: HashMessage[] = [];
  /** Payload received. */
  readonly blocks = new Map<string, Uint8Array>();
  have: Bitfield;
  handshake: Handshake | undefined;
  error: Error | undefined;
  closed = false;
  readonly #reader = new HandshakeReader();
  readonly #decoder = new WireDecoder(this, { hashSink: this });
  #block = new Uint8Array(0);

  constructor(connection: Connection, torrent: TestTorrent, script: PeerScript) {
    this.connection = connection;
    this.torrent = torrent;
    this.script = script;
    this.have = new Bitfield(torrent.info.pieceCount);
    connection.attach(this);
    if (script.mute !== true) {
      const { infoHash, infoHashV2 } = torrent.info;
      this.greet(script.infoHash ?? infoHash ?? infoHashV2!.subarray(0, 20));
    }
    script.onConnected?.(this);
  }

  /** Connects; resolves once connected, which takes virtual time. */
  static async connect(
    host: SimHost,
    to: Endpoint,
    torrent: TestTorrent,
    script: PeerScript = {},
  ): Promise<ScriptedPeer> {
    return new ScriptedPeer(await host.network.connect(to), torrent, script);
  }

  /** Serves every connection to a port with a script; the list grows as they come. */
  static async listen(
    host: SimHost,
    torrent: TestTorrent,
    script: PeerScript = {},
    port = 6881,
  ): Promise<ScriptedPeer[]> {
    const peers: ScriptedPeer[] = [];
    await host.network.listen({ address: host.address, port }, (connection) => {
      peers.push(new ScriptedPeer(connection, torrent, script));
    });
    return peers;
  }

  /** Sends the handshake: what a mute one does when it likes. */
  greet(infoHash: Uint8Array): void {
    const { fast = true, v2 = false, extension = false } = this.script;
    const { peerId = new Uint8Array(20).fill(0x78) } = this.script;
    const reserved = { fast, v2, extension };
    this.connection.write(encodeHandshake({ reserved, infoHash, peerId }));
  }

  /** How many messages of a name came in. */
  count(name: string): number {
    return this.messages.reduce((sum, [each]) => (each === name ? sum + 1 : sum), 0);
  }

  /** Sends what was encoded. */
  flush(): void {
    if (this.encoder.pendingBytes > 0 && !this.closed) this.connection.write(this.encoder.take());
  }

  /** Encodes and sends. */
  send(encode: (encoder: WireEncoder) => void): void {
    encode(this.encoder);
    this.flush();
  }

  /** Sends the block asked for. */
  serve(piece: number, begin: number, length: number): void {
    this.send((to) => to.piece(piece, begin, this.blockOf(piece, begin, length)));
  }

  blockOf(piece: number, begin: number, length: number): Uint8Array {
    return this.torrent.blockOf(piece, begin, length);
  }

  onData(chunk: Uint8Array): void {
    if (this.handshake !== undefined) {
      this.#decoder.push(chunk);
      return;
    }
    const result = this.#reader.push(chunk);
    if (result === undefined) return;
    this.handshake = result.handshake;
    this.script.onOpen?.(this);
    if (result.rest.length > 0) this.#decoder.push(result.rest);
  }

  onDrain(): void {
    // What is written waits in the connection.
  }

  onClose(error: Error | undefined): void {
    this.closed = true;
    this.error = error;
  }

  onKeepAlive(): void {
    this.#note('keep-alive');
  }
  onChoke(): void {
    this.#note('choke');
  }
  onUnchoke(): void {
    this.#note('unchoke');
    this.script.onUnchoke?.(this);
  }
  onInterested(): void {
    this.#note('interested');
  }
  onNotInterested(): void {
    this.#note('not-interested');
  }
  onHave(piece: number): void {
    this.have.set(piece);
    this.#note('have', piece);
  }
  onBitfield(bits: Uint8Array): void {
    this.have = Bitfield.fromBytes(bits, this.torrent.info.pieceCount);
    this.#note('bitfield');
  }
  onHaveAll(): void {
    this.have.setAll();
    this.#note('have-all');
  }
  onHaveNone(): void {
    this.#note('have-none');
  }
  onRequest(piece: number, begin: number, length: number): void {
    this.#note('request', piece, begin, length);
    this.script.onRequest?.(this, piece, begin, length);
  }
  onCancel(piece: number, begin: number, length: number): void {
    this.#note('cancel', piece, begin, length);
  }
  onBlockStart(_piece: number, _begin: number, length: number): Uint8Array {
    this.#block = new Uint8Array(length);
    return this.#block;
  }
  onBlockProgress(): void {
    // Counted when it is whole.
  }
  onBlockEnd(piece: number, begin: number, length: number): void {
    this.blocks.set(`${piece} ${begin}`, this.#block);
    this.#note('piece', piece, begin, length);
  }
  onPort(port: number): void {
    this.#note('port', port);
  }
  onSuggest(piece: number): void {
    this.#note('suggest', piece);
  }
  onReject(piece: number, begin: number, length: number): void {
    this.#note('reject', piece, begin, length);
  }
  onAllowedFast(piece: number): void {
    this.#note('allowed-fast', piece);
  }
  onExtended(id: number, payload: Uint8Array): void {
    this.#note('extended', id);
    this.script.onExtended?.(this, id, payload);
  }
  onUnknown(id: number): void {
    this.#note('unknown', id);
  }

  onHashRequest(request: HashRequest): void {
    this.#noteHashes('hash-request', request, undefined);
    this.script.onHashRequest?.(this, request);
  }
  onHashesStart(_request: HashRequest, length: number): Uint8Array {
    return new Uint8Array(length);
  }
  onHashesEnd(request: HashRequest, hashes: Uint8Array | undefined): void {
    this.#noteHashes('hashes', request, hashes);
  }
  onHashReject(request: HashRequest): void {
    this.#noteHashes('hash-reject', request, undefined);
  }

  #noteHashes(
    name: HashMessage['name'],
    request: HashRequest,
    hashes: Uint8Array | undefined,
  ): void {
    const { baseLayer, index, length, proofLayers } = request;
    this.hashMessages.push({ name, request, hashes });
    this.#note(name, baseLayer, index, length, proofLayers);
  }

  #note(...message: Message): void {
    this.messages.push(message);
    this.script.onMessage?.(this, message);
  }
}

/** Says that it has everything and unchokes whoever comes. */
export function poseAsSeed(peer: ScriptedPeer): void {
  peer.send((to) => {
    if (peer.script.fast === false) {
      const all = new Bitfield(peer.torrent.info.pieceCount);
      all.setAll();
      to.bitfield(all.bytes);
    } else to.haveAll();
    to.unchoke();
  });
}

/** All blocks of a torrent, in order. */
export function* blocksOf(torrent: TestTorrent): Generator<[number, number, number]> {
  for (let piece = 0; piece < torrent.info.pieceCount; piece += 1) {
    const length = torrent.lengthOf(piece);
    for (let begin = 0; begin < length; begin += BLOCK_LENGTH)
      yield [piece, begin, Math.min(BLOCK_LENGTH, length - begin)];
  }
}
