import type { Clock, Connection, Endpoint } from '@shoal/net';
import type { TorrentInfo } from '@shoal/metainfo';
import type { EncoderBufferPool, Handshake } from '@shoal/peer-wire';
import { ChokeRounds } from './choke/choke-rounds.ts';
import { RateMeter } from './choke/rate-meter.ts';
import type { UploadReader } from './disk/read-batch.ts';
import { blockedError, codeOf, PeerError } from './errors.ts';
import type { PeerReport } from './events.ts';
import type { HashTraffic } from './hashes/hash-traffic.ts';
import { type BanCode, banned } from './peer/ban-list.ts';
import { ChokedTurns } from './peer/choked-turns.ts';
import { HaveAnnouncer } from './peer/have-announcer.ts';
import { Peer } from './peer/peer.ts';
import { PexTraffic } from './pex/pex-traffic.ts';
import type { PeerSwarm } from './peer/peer-swarm.ts';
import { isBetterConnection } from './peer/better-connection.ts';
import { relieveStarved } from './peer/relieve-starved.ts';
import type { BlockSource } from './piece/block-source.ts';
import type { PiecePicker } from './piece/piece-picker.ts';
import type { SwarmOptions } from './swarm-options.ts';
import { SwarmPieces } from './swarm-pieces.ts';

/**
 * The engine of one torrent at work: its connected peers, and what they and its pieces ({@link SwarmPieces}) have to do with each
 * other. Policies (picker, choker, smart-ban, peer list) are objects of their own; this wires them together.
 */
export class Swarm implements PeerSwarm {
  readonly info: TorrentInfo;
  readonly picker: PiecePicker<BlockSource>;
  readonly reader: UploadReader;
  readonly encoderPool: EncoderBufferPool;
  readonly pieces: SwarmPieces;
  readonly hashTraffic: HashTraffic | undefined;
  readonly peers = new Set<Peer>();
  readonly chokedTurns = new ChokedTurns();
  readonly downloadRate = new RateMeter();
  readonly uploadRate = new RateMeter();
  downloadedBytes = 0;
  uploadedBytes = 0;
  wastedBytes = 0;
  reusedBytes = 0;

  readonly #options: SwarmOptions;
  readonly #clock: Clock;
  readonly #haves: HaveAnnouncer;
  readonly #chokes: ChokeRounds;
  readonly #pexTraffic: PexTraffic<Peer>;
  #running = false;

  constructor(options: SwarmOptions) {
    this.#options = options;
    this.#clock = options.host.clock;
    this.info = options.info;
    this.reader = options.reader;
    this.downloadedBytes = options.before.downloadedBytes;
    this.uploadedBytes = options.before.uploadedBytes;
    this.wastedBytes = options.before.wastedBytes;
    this.reusedBytes = options.before.reusedBytes;
    this.encoderPool = options.host.encoderPool;
    this.pieces = this.#makePieces();
    this.picker = this.pieces.picker;
    this.hashTraffic = this.pieces.hashTraffic;
    this.#haves = new HaveAnnouncer(this.peers, this.#clock);
    this.#pexTraffic = new PexTraffic(this.#clock, options.discovery);
    this.#chokes = new ChokeRounds({
      peers: this.peers,
      slots: options.host.uploadSlots,
      random: options.host.random,
      clock: this.#clock,
      isSeeding: () => this.picker.wantedLeft === 0,
    });
    options.webSeeds?.attach(this);
  }

  /** Blocks may be asked for. */
  get downloading(): boolean {
    return (
      this.#running && this.picker.wantedLeft > 0 && !this.#options.limits.downloadGate.exhausted
    );
  }

  // ExtensionSide

  get port(): number {
    return this.#options.host.port;
  }

  get metadata(): Uint8Array {
    return this.info.bytes;
  }

  get uploadOnly(): boolean {
    // Who would not talk to a seed may have the hashes that are looked for.
    return this.picker.wantedLeft === 0 && !this.#options.seeksHashes();
  }

  get exchangesPeers(): boolean {
    return this.#options.discovery.exchangesPeers;
  }

  get dhtPort(): number {
    return this.#options.discovery.dhtPort;
  }

  foundNode(endpoint: Endpoint): void {
    this.#options.discovery.foundNode(endpoint);
  }

  /** Pieces handed to the disk and not yet answered. */
  get writing(): number {
    return this.pieces.writing;
  }

  /** Pieces are being written or read, or wait for that. */
  get isAtDisk(): boolean {
    return this.pieces.isAtDisk;
  }

  /**
   * Takes over a connection whose handshake is complete; undefined for the second one to the same peer, which may have found us
   * in both swarms of a hybrid. `isV2`: it is for the v2 hash.
   */
  join(connection: Connection, handshake: Handshake, isV2: boolean): Peer | undefined {
    if (
      !this.#running ||
      !isBetterConnection(this.peers, connection, handshake.peerId, this.#options.host.peerId)
    ) {
      return undefined;
    }
    const peer = new Peer(this, connection, handshake, isV2, this.#clock);
    this.peers.add(peer);
    // Whoever has nothing yet may say nothing about it (BEP 3); its HAVEs count all the same.
    this.picker.peerJoined(peer);
    this.hashTraffic?.joined(peer);
    this.#pexTraffic.joined(peer);
    this.#options.peerList.connected(peer.endpoint, isV2);
    this.#report(peer, 'connected');
    peer.greet();
    return peer;
  }

  /** Once a second: what depends on time. */
  tick(now: number): void {
    for (const peer of this.peers) {
      const reason = peer.heartbeat(now);
      if (reason !== undefined || this.#isUseless(peer)) {
        peer.drop(reason === undefined ? undefined : new PeerError('ERR_PEER_IDLE', reason));
        continue;
      }
      peer.requests.tick(now);
      peer.uploads.tick(now);
      peer.hashes?.tick(now);
      peer.updateInterest();
      peer.requests.fill(now);
      peer.flush();
    }
    this.hashTraffic?.tick(now);
    relieveStarved(this.peers, now);
    this.#options.webSeeds?.tick(now);
    this.#chokes.run(now);
    this.chokedTurns.tick(now);
    this.#pexTraffic.tick(now);
    this.pieces.tick(now);
    this.#yieldMemory(now);
  }

  /** Asks every peer with room in its window for more: something can be picked that could not be before. */
  refill(): void {
    if (!this.downloading) return;
    const now = this.#clock.now();
    for (const peer of this.peers) {
      peer.requests.fill(now);
      peer.flush();
    }
    this.#options.webSeeds?.fill();
  }

  /** What is wanted changed: interest and requests follow. */
  wantedChanged(): void {
    this.pieces.wantedChanged();
    this.#followWanted();
  }

  /** For a stream: pieces `first` to `last`, both included, are had before all others; none where `last` is less. */
  setWindow(first: number, last: number): void {
    this.pieces.setWindow(first, last);
    this.refill();
  }

  #followWanted(): void {
    for (const peer of this.peers) {
      peer.updateInterest();
      peer.extended?.update();
      peer.requests.cancelForgotten();
      peer.flush();
    }
    this.hashTraffic?.wantedChanged();
    this.#options.webSeeds?.wantedChanged();
    this.refill();
  }

  /** Peers are told that we want nothing any more, or something again. */
  purposeChanged(): void {
    for (const peer of this.peers) {
      peer.updateInterest();
      peer.extended?.update();
      peer.flush();
    }
  }

  /** Connections are welcome. */
  start(): void {
    this.#running = true;
    this.pieces.start();
    this.#options.webSeeds?.start();
  }

  /** Ends all connections; pieces on their way to the disk still arrive there. */
  stop(): void {
    this.#running = false;
    this.pieces.stop();
    this.#haves.stop();
    this.#chokes.stop();
    for (const peer of [...this.peers]) peer.drop();
    this.#options.webSeeds?.stop();
    this.pieces.leave();
  }

  /** Ends the connections to those that the IP filter blocks. */
  dropBlocked(isBlocked: (address: string) => boolean): void {
    for (const peer of [...this.peers]) {
      if (isBlocked(peer.endpoint.address)) peer.drop(blockedError());
    }
  }

  /** Resolves when nothing is on its way to the disk any more. To be called after {@link stop}. */
  settled(): Promise<void> {
    return this.pieces.settled();
  }

  // PeerSwarm

  takeUpload(bytes: number): number {
    return this.#options.limits.uploadGate.take(bytes, this.#clock.now());
  }

  awaitUpload(peer: Peer): void {
    this.#options.limits.uploadGate.wait(peer, () => peer.uploads.pump());
  }

  othersSend(piece: number, except: Peer, within: number): boolean {
    return (
      this.peersSend(piece, except, within) || this.#options.webSeeds?.wouldSend(piece) === true
    );
  }

  /** A peer other than `except` would send a block of a piece if asked, in `within` ms as far as is known. */
  peersSend(piece: number, except?: Peer, within = Infinity): boolean {
    for (const peer of this.peers)
      if (peer !== except && peer.wouldSend(piece, within)) return true;
    return false;
  }

  blockReceived(
    source: BlockSource,
    piece: number,
    begin: number,
    length: number,
    now: number,
  ): void {
    this.downloadedBytes += length;
    this.downloadRate.add(length, now);
    this.pieces.blockReceived(source, piece, begin, length, now);
  }

  received(peer: Peer, bytes: number): void {
    const gate = this.#options.limits.downloadGate;
    if (gate.unlimited || gate.spend(bytes, this.#clock.now())) return;
    peer.connection.pause();
    gate.wait(peer, () => {
      peer.connection.resume();
      peer.requests.fill(this.#clock.now());
      peer.flush();
    });
  }

  wasted(bytes: number): void {
    this.wastedBytes += bytes;
  }

  uploaded(_peer: Peer, bytes: number): void {
    this.uploadedBytes += bytes;
    this.uploadRate.add(bytes, this.#clock.now());
  }

  peerHas(peer: Peer, piece?: number): void {
    if (!peer.amInterested) peer.updateInterest();
    this.hashTraffic?.gained(peer, piece);
  }

  interestChanged(): void {
    this.#chokes.changed();
  }

  readFailed(error: Error): void {
    this.#options.events.diskFailed(error);
  }

  leave(peer: Peer, error: Error | undefined): void {
    if (!this.peers.delete(peer)) return;
    peer.requests.releaseAll();
    this.picker.peerLeft(peer);
    this.hashTraffic?.left(peer);
    this.#pexTraffic.left(peer);
    const { peerList, limits } = this.#options;
    limits.forget(peer);
    peerList.disconnected(peer.endpoint, this.#clock.now(), {
      failed: error !== undefined && peer.downloadedBytes === 0,
      code: codeOf(error),
      seed: peer.isSeed,
    });
    this.#report(peer, 'disconnected', error?.message);
    if (!this.#running) return;
    this.#chokes.changed();
    this.refill();
    if (this.peers.size === 0) this.#options.events.deserted();
  }

  /** Gives up partial pieces nobody goes on with while others, or we, ask for memory in vain. */
  #yieldMemory(now: number): void {
    if (!this.pieces.yieldMemory(now)) return;
    this.#options.webSeeds?.cancelForgotten();
    for (const peer of this.peers) {
      peer.requests.cancelForgotten();
      peer.flush();
    }
  }

  #verified(piece: number): void {
    if (this.#running) this.#haves.announce(piece);
    this.#options.events.pieceVerified(piece);
    if (this.picker.wantedLeft === 0) this.#finished();
  }

  #finished(): void {
    this.purposeChanged();
    this.#options.events.finished();
  }

  /** Hashes of pieces came from peers. */
  #hashesLearned(): void {
    if (this.uploadOnly) this.purposeChanged();
    this.#options.events.hashesLearned();
    this.refill();
  }

  #makePieces(): SwarmPieces {
    return new SwarmPieces(this.#options, {
      verified: (piece) => this.#verified(piece),
      reused: (bytes) => {
        this.reusedBytes += bytes;
      },
      wasted: (bytes) => this.wasted(bytes),
      convicted: (addresses, piece) => this.#convict(addresses, 'corrupt-data', piece),
      lied: (peer) => this.#convict([peer.endpoint.address], 'wrong-hashes'),
      hashesLearned: () => this.#hashesLearned(),
      changed: () => this.refill(),
      wantedChanged: () => this.#followWanted(),
    });
  }

  #convict(addresses: readonly string[], code: BanCode, piece?: number): void {
    for (const address of addresses) {
      if (piece !== undefined && this.#options.webSeeds?.convict(address, piece) === true) continue;
      this.ban(address, code);
    }
  }

  /**
   * Has nothing to do with an address for a time.
   * @param duration ms; default: a day
   */
  ban(address: string, code: BanCode, duration?: number): void {
    const { peerList, events } = this.#options;
    const ban = banned(peerList, address, code, this.#clock, duration);
    events.banned(ban);
    for (const peer of [...this.peers]) {
      if (peer.endpoint.address !== address) continue;
      this.#report(peer, 'banned', ban.reason);
      peer.drop();
    }
  }

  /** Two peers that both have everything have nothing to say to each other. */
  #isUseless(peer: Peer): boolean {
    return peer.wantsNothing && this.uploadOnly && this.picker.have.isFull;
  }

  #report(peer: Peer, event: PeerReport['event'], reason?: string): void {
    this.#options.events.peerChanged({ endpoint: peer.endpoint, event, reason });
  }
}
