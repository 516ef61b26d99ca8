import { type Clock, type Endpoint, parseAddress } from '@shoal/net';
import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  ExtensionRegistry,
  ltDontHave,
  METADATA_PIECE_LENGTH,
  PeerExtensions,
  utMetadata,
  type UtMetadataMessage,
  utPex,
  type UtPexMessage,
  type WireEncoder,
} from '@shoal/peer-wire';
import { PeerError } from '../errors.ts';
import { clientDefaults } from '../options.ts';
import { Allowance } from '../peer/allowance.ts';
import { CLIENT_NAME } from '../version.ts';
import type { ExtensionSide } from './extension-side.ts';

/**
 * Extended handshakes taken of one peer. The first one says nearly all, later ones what has changed; each may take 64 KiB to be
 * read, so whoever sends them without end is let go.
 */
const MAX_HANDSHAKES = 256;

/**
 * How often a peer may fetch our whole metadata at once, so that requests, which are small, cannot be made to cost 16 KiB of upload
 * each without end: a restart, or an answer that was lost, is no attack.
 */
const WHOLES = 2;
/** Pieces of metadata it gets at least, however small the metadata is. */
const MIN_PIECES = 16;
/** Further pieces that it gets each second. */
const PIECE_RATE = 1;

/** Requests for metadata refused to one peer at once, after which it is let go: who was refused is to ask others (BEP 9). */
const MAX_REFUSED_METADATA = 64;
/**
 * Further ones that it may send each second: where nobody has the metadata, libtorrent asks twice a minute, and where it has had too
 * much of it each piece every three seconds, for as long as it is connected.
 */
const REFUSED_METADATA_RATE = 1;

/** The extensions we take messages of: the same for all connections. */
const EXTENSIONS = new ExtensionRegistry<PeerExtended>()
  .register(utMetadata, (peer, message) => peer.onMetadata(message))
  .register(ltDontHave, (peer, piece) => peer.lost?.(piece))
  .register(utPex, (peer, message) => peer.onPeers(message));

/** What our handshakes say where peers are not exchanged. */
const WITHOUT_PEX: ReadonlyMap<string, number> = new Map(
  [...EXTENSIONS.extensions].filter(([name]) => name !== utPex.name),
);
/** What they say where that ends. */
const PEX_ENDS: ReadonlyMap<string, number> = new Map([...WITHOUT_PEX, [utPex.name, 0]]);

/**
 * The extension protocol (BEP 10) on one connection: who the peer says it is, what it takes, and the metadata it fetches from us
 * (BEP 9). Only for peers that speak it. What it encodes the caller flushes.
 */
export class PeerExtended {
  /** `v`: client and version, fit to be shown. */
  client: string | undefined;
  /** `reqq`: requests it keeps queued. */
  requestQueueLength: number | undefined;
  /** `upload_only`: it wants nothing more (BEP 21). */
  uploadOnly = false;
  /** `metadata_size`: bytes of the info dictionary, as the peer has it. */
  metadataLength: number | undefined;
  /** `p`: the port it listens on. */
  listenPort: number | undefined;
  /** Takes what it says of a piece it has no longer (BEP 54). */
  lost: ((piece: number) => void) | undefined;
  /** Takes the peers it knows (BEP 11). */
  exchanged: ((message: UtPexMessage) => void) | undefined;
  /** Takes the answers to {@link requestMetadata}. */
  answered: ((message: Exclude<UtMetadataMessage, { type: 'request' }>) => void) | undefined;
  readonly #side: ExtensionSide;
  readonly #encoder: WireEncoder;
  readonly #remote: Endpoint;
  readonly #clock: Clock;
  #handshakes = 0;
  /** Made for the first request that is refused. */
  #refusals: Allowance | undefined;
  #saidUploadOnly = false;
  #saidPex = false;
  /** Made when the peer's handshake comes. */
  #ids: PeerExtensions | undefined;
  /** Made when the peer first asks. */
  #budget: Allowance | undefined;

  constructor(side: ExtensionSide, encoder: WireEncoder, remote: Endpoint, clock: Clock) {
    this.#side = side;
    this.#encoder = encoder;
    this.#remote = remote;
    this.#clock = clock;
  }

  /** The peer gives metadata to those who ask, and says how long it is. */
  get servesMetadata(): boolean {
    return this.metadataLength !== undefined && this.#ids?.supports(utMetadata) === true;
  }

  /** It takes peers from us. */
  get takesPeers(): boolean {
    return this.#side.exchangesPeers && this.#ids?.supports(utPex) === true;
  }

  /** Our extended handshake: the first message of a connection. */
  greet(): void {
    const { port, metadata, uploadOnly, exchangesPeers } = this.#side;
    this.#saidUploadOnly = uploadOnly;
    this.#saidPex = exchangesPeers;
    const handshake = encodeExtensionHandshake({
      extensions: exchangesPeers ? EXTENSIONS.extensions : WITHOUT_PEX,
      client: CLIENT_NAME,
      port: port === 0 ? undefined : port,
      requestQueueLength: clientDefaults.maxQueuedRequests,
      // A zone means nothing to the peer.
      yourAddress: parseAddress(this.#remote.address.replace(/%.*$/, '')),
      metadataLength: lengthOf(metadata),
      uploadOnly: uploadOnly ? true : undefined,
    });
    this.#encoder.extended(EXTENSION_HANDSHAKE_ID, handshake);
  }

  /**
   * Tells the peer where we have begun or ceased to want nothing more, or to exchange peers, or have come to know the metadata.
   * All extensions are said again: to some (Transmission 3.00) those that a later handshake leaves out have ended.
   */
  update(): void {
    const { metadata, uploadOnly, exchangesPeers } = this.#side;
    if (uploadOnly === this.#saidUploadOnly && exchangesPeers === this.#saidPex) return;
    const withoutPex = this.#saidPex ? PEX_ENDS : WITHOUT_PEX;
    const handshake = encodeExtensionHandshake({
      extensions: exchangesPeers ? EXTENSIONS.extensions : withoutPex,
      uploadOnly,
      metadataLength: lengthOf(metadata),
    });
    this.#saidUploadOnly = uploadOnly;
    this.#saidPex = exchangesPeers;
    this.#encoder.extended(EXTENSION_HANDSHAKE_ID, handshake);
  }

  /**
   * Takes an extended message; gives true for a handshake. What nobody takes is ignored; what cannot be read throws a `WireError`,
   * and too many handshakes a `PeerError`.
   */
  receive(id: number, payload: Uint8Array): boolean {
    if (id !== EXTENSION_HANDSHAKE_ID) {
      EXTENSIONS.receive(this, id, payload);
      return false;
    }
    this.#handshakes += 1;
    if (this.#handshakes > MAX_HANDSHAKES) {
      throw new PeerError('ERR_PEER_MISBEHAVED', 'It sends extended handshakes without end');
    }
    const said = decodeExtensionHandshake(payload);
    this.#ids ??= new PeerExtensions(EXTENSIONS);
    this.#ids.update(said.extensions);
    this.client = said.client ?? this.client;
    this.listenPort = said.port ?? this.listenPort;
    this.requestQueueLength = said.requestQueueLength ?? this.requestQueueLength;
    this.uploadOnly = said.uploadOnly ?? this.uploadOnly;
    this.metadataLength = said.metadataLength ?? this.metadataLength;
    return true;
  }

  /** Asks for a piece of the metadata. */
  requestMetadata(piece: number): void {
    this.#ids?.write(this.#encoder, utMetadata, { type: 'request', piece });
  }

  /** A message about metadata has come. */
  onMetadata(message: UtMetadataMessage): void {
    if (message.type === 'request') this.#serve(message.piece);
    else this.answered?.(message);
  }

  /** Tells the peer of others. */
  tellPeers(message: UtPexMessage): void {
    this.#ids?.write(this.#encoder, utPex, message);
  }

  /** It tells us of others. */
  onPeers(message: UtPexMessage): void {
    if (this.#side.exchangesPeers) this.exchanged?.(message);
  }

  /** Also of private torrents: whoever knows their hash and was let in has the .torrent file, or might as well. */
  #serve(piece: number): void {
    const { metadata } = this.#side;
    const data = metadata?.subarray(
      piece * METADATA_PIECE_LENGTH,
      (piece + 1) * METADATA_PIECE_LENGTH,
    );
    if (metadata === undefined || data === undefined || data.length === 0 || !this.#mayFetch()) {
      this.#ids?.write(this.#encoder, utMetadata, { type: 'reject', piece });
      const now = this.#clock.now();
      this.#refusals ??= new Allowance(MAX_REFUSED_METADATA, REFUSED_METADATA_RATE, now);
      if (!this.#refusals.take(now)) {
        throw new PeerError('ERR_PEER_MISBEHAVED', 'It goes on asking for metadata');
      }
      return;
    }
    const totalLength = metadata.length;
    this.#ids?.write(this.#encoder, utMetadata, { type: 'data', piece, totalLength, data });
  }

  #mayFetch(): boolean {
    const now = this.#clock.now();
    const pieces = Math.ceil((this.#side.metadata?.length ?? 0) / METADATA_PIECE_LENGTH);
    this.#budget ??= new Allowance(Math.max(MIN_PIECES, WHOLES * pieces), PIECE_RATE, now);
    return this.#budget.take(now);
  }
}

/** What a handshake says of the metadata; nothing where there is none. */
function lengthOf(metadata: Uint8Array | undefined): number | undefined {
  return metadata === undefined || metadata.length === 0 ? undefined : metadata.length;
}
