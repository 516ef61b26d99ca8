import type { Clock, Connection, Endpoint, Timer } from '@shoal/net';
import type { TorrentInfo } from '@shoal/metainfo';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import type { EncoderBufferPool, Handshake } from '@shoal/peer-wire';
import { ChokeRounds } from './choke/choke-rounds.ts';
import { RateMeter } from './choke/rate-meter.ts';
import type { UploadReader } from './disk/read-batch.ts';
import { PeerError } from './errors.ts';
import type { PeerReport } from './events.ts';
import { HashTraffic } from './hashes/hash-traffic.ts';
import { LateChecks } from './hashes/late-checks.ts';
import type { LeafSource } from './hashes/leaf-source.ts';
import type { PieceHashes } from './hashes/piece-hashes.ts';
import { Peer } from './peer/peer.ts';
import { PexTraffic } from './pex/pex-traffic.ts';
import type { PeerSwarm } from './peer/peer-swarm.ts';
import { isBetterConnection } from './peer/better-connection.ts';
import { relieveStarved } from './peer/relieve-starved.ts';
import type { BlockSource } from './piece/block-source.ts';
import { BufferShare } from './piece/buffer-share.ts';
import { payloadLengthsOf } from './piece/payload-lengths.ts';
import { PieceFinisher } from './piece/piece-finisher.ts';
import { PiecePicker } from './piece/piece-picker.ts';
import { type LocalCopies, openCopies } from './reuse/local-copies.ts';
import type { SwarmOptions } from './swarm-options.ts';

/** Milliseconds a HAVE waits for others, so that pieces verified together are announced in one write. */
const HAVE_DELAY = 5;

/**
 * Milliseconds without a block after which partial pieces are given up where memory is short: torrents whose peers have all
 * gone must not hold what the others could work with.
 */
const STALL_TIME = 30_000;

/**
 * The engine of one torrent at work: its connected peers and the way of a piece from the picker through the disk to the
 * others. Policies (picker, choker, smart-ban, peer list) are objects of their own; this wires them together.
 */
export class Swarm implements PeerSwarm {
  readonly info: TorrentInfo;
  readonly picker: PiecePicker<BlockSource>;
  readonly reader: UploadReader;
  readonly encoderPool: EncoderBufferPool;
  readonly hashTraffic: HashTraffic | undefined;
  readonly peers = new Set<Peer>();
  readonly downloadRate = new RateMeter();
  readonly uploadRate = new RateMeter();
  downloadedBytes = 0;
  uploadedBytes = 0;
  wastedBytes = 0;
  reusedBytes = 0;

  readonly #options: SwarmOptions;
  readonly #clock: Clock;
  readonly #memory: BufferShare;
  readonly #finisher: PieceFinisher<BlockSource>;
  /** What is had from this machine; undefined: nothing. */
  readonly #copies: LocalCopies | undefined;
  readonly #lateChecks: LateChecks;
  readonly #chokes: ChokeRounds;
  readonly #pexTraffic: PexTraffic<Peer>;
  readonly #newHaves: number[] = [];
  readonly #rivals: BlockSource[] = [];
  #haveTimer: Timer | undefined;
  #running = false;
  /** When the last block came. */
  #lastBlockAt = -Infinity;

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
    this.#memory = new BufferShare(options.host.buffers, () => this.refill());
    this.picker = new PiecePicker<BlockSource>({
      pieceCount: options.info.pieceCount,
      pieceLength: options.info.pieceLength,
      totalLength: options.info.totalLength,
      payloadLengths: payloadLengthsOf(options.info),
      random: options.host.random,
      buffers: this.#memory,
      have: options.have,
      isHeld: heldOf(options.hashes),
    });
    this.#finisher = new PieceFinisher<BlockSource>({
      storage: options.storage,
      picker: this.picker,
      memory: this.#memory,
      hashes: options.hashes,
      clock: this.#clock,
      events: {
        verified: (piece) => {
          this.#copies?.verified(piece);
          this.#verified(piece);
        },
        convicted: (addresses, piece) => this.#convict(addresses, 'It sent corrupt data', piece),
        wasted: (bytes) => this.wasted(bytes),
        failed: (error) => options.events.diskFailed(error),
        changed: () => this.refill(),
      },
    });
    this.#copies = openCopies(options.local, options.storage, this.picker, {
      copied: (piece, bytes) => {
        this.reusedBytes += bytes;
        this.#verified(piece);
      },
      changed: () => this.#followWanted(),
      failed: (error) => options.events.diskFailed(error),
    });
    this.#lateChecks = this.#makeLateChecks();
    if (options.info.infoHashV2 !== undefined) {
      this.hashTraffic = this.#openHashTraffic();
      this.leafSource = this.hashTraffic;
    }
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
    return this.#finisher.writing + (this.#copies?.copying ?? 0);
  }

  /** Pieces are being written or read, or wait for that. */
  get isAtDisk(): boolean {
    return this.writing > 0 || this.#lateChecks.pending > 0;
  }

  /** Where the leaf hashes of corrupt pieces come from; undefined (the default): from nowhere. */
  get leafSource(): LeafSource | undefined {
    return this.#finisher.leafSource;
  }

  set leafSource(source: LeafSource | undefined) {
    this.#finisher.leafSource = source;
  }

  /** See {@link PieceFinisher.judgeBlocks}. */
  judgeBlocks(piece: number, trustedLeaves: Uint8Array): boolean {
    return this.#finisher.judgeBlocks(piece, trustedLeaves);
  }

  /** See {@link PieceFinisher.giveUpJudging}. */
  giveUpJudging(piece: number): void {
    this.#finisher.giveUpJudging(piece);
  }

  /**
   * {@link PieceHashes} has learned what these pieces must hash to: they may be fetched, unless what is on disk is to be looked at
   * first.
   */
  hashesLearned(pieces: readonly number[]): void {
    for (const piece of pieces) if (!this.#lateChecks.learned(piece)) this.picker.letGo(piece);
    this.#lateChecks.run();
    this.#copies?.wake();
    if (this.uploadOnly) this.purposeChanged();
    this.#options.events.hashesLearned();
    this.refill();
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
      peer.hashes?.tick(now);
      peer.updateInterest();
      peer.requests.fill(now);
      peer.flush();
    }
    this.hashTraffic?.tick(now);
    relieveStarved(this.peers, now);
    this.#options.webSeeds?.tick(now);
    this.#chokes.run(now);
    this.#pexTraffic.tick(now);
    this.#finisher.giveUpOverdue(now);
    this.#copies?.tick();
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
    this.#copies?.wake();
    this.#followWanted();
  }

  /** For a stream: pieces `first` to `last`, both included, are had before all others; none where `last` is less. */
  setWindow(first: number, last: number): void {
    this.picker.setDeadlineWindow(first, last);
    this.#copies?.hurry(first, last);
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
    this.#lateChecks.start();
    this.#lastBlockAt = this.#clock.now();
    this.#copies?.start();
    this.#options.webSeeds?.start();
  }

  /** Ends all connections; pieces on their way to the disk still arrive there. */
  stop(): void {
    this.#running = false;
    this.#copies?.stop();
    this.#haveTimer?.cancel();
    this.#haveTimer = undefined;
    this.#chokes.stop();
    this.#lateChecks.stop();
    for (const peer of [...this.peers]) peer.drop();
    this.#options.webSeeds?.stop();
    this.#finisher.giveUpOverdue(Infinity);
    this.picker.dropPartials();
    this.#memory.leave();
  }

  /** Resolves when nothing is on its way to the disk any more. To be called after {@link stop}. */
  async settled(): Promise<void> {
    await Promise.all([this.#finisher.settled(), this.#copies?.settled()]);
    await this.#lateChecks.settled();
  }

  // PeerSwarm

  takeUpload(bytes: number): number {
    return this.#options.limits.uploadGate.take(bytes, this.#clock.now());
  }

  awaitUpload(peer: Peer): void {
    this.#options.limits.uploadGate.wait(peer, () => peer.uploads.pump());
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
    this.#lastBlockAt = now;
    const id = piece * this.picker.blocksPerPiece + begin / BLOCK_LENGTH;
    // Also when the end-game is over for now, as after a corrupt piece: what it asked for twice is still owed twice.
    this.picker.duplicatesOf(id, source, this.#rivals);
    const result = this.picker.blockReceived(source, piece, begin);
    if (this.#rivals.length > 0) {
      for (const rival of this.#rivals) {
        rival.requests.cancel(id);
        rival.flush();
      }
      this.#rivals.length = 0;
    }
    if (result === 'ignored') this.wasted(length);
    if (result === 'piece') this.#finisher.finish(piece);
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
    const isShort = this.#memory.isShort();
    if (!isShort || this.picker.partialCount === 0 || now - this.#lastBlockAt < STALL_TIME) return;
    this.#memory.yield();
    this.#finisher.giveUpOverdue(Infinity);
    this.picker.dropPartials();
    this.#options.webSeeds?.cancelForgotten();
    for (const peer of this.peers) {
      peer.requests.cancelForgotten();
      peer.flush();
    }
  }

  #verified(piece: number): void {
    this.#announce(piece);
    this.#lateChecks.verified(piece);
    this.#options.events.pieceVerified(piece);
    if (this.picker.wantedLeft === 0) this.#finished();
  }

  #finished(): void {
    this.purposeChanged();
    this.#options.events.finished();
  }

  #announce(piece: number): void {
    if (!this.#running) return;
    this.#newHaves.push(piece);
    this.#haveTimer ??= this.#clock.setTimer(() => {
      this.#haveTimer = undefined;
      const pieces = this.#newHaves.splice(0);
      for (const peer of this.peers) {
        for (const each of pieces) peer.announceHave(each);
        peer.flush();
      }
    }, HAVE_DELAY);
  }

  #makeLateChecks(): LateChecks {
    const { storage, host, unverified, events } = this.#options;
    return new LateChecks({
      storage,
      turns: host.checks,
      pieceLength: this.info.pieceLength,
      stateOf: (piece) => this.picker.stateOf(piece),
      unverified,
      events: {
        found: (piece) => {
          this.picker.found(piece);
          this.#verified(piece);
        },
        missing: (piece) => {
          this.picker.letGo(piece);
          this.refill();
        },
        lost: (piece) => {
          this.picker.lost(piece);
          events.pieceLost(piece);
          this.refill();
        },
        failed: (error) => events.diskFailed(error),
      },
    });
  }

  #openHashTraffic(): HashTraffic {
    const { hashes, storage, limits, host } = this.#options;
    return new HashTraffic({
      hashes,
      storage,
      limits,
      picker: this.picker,
      clock: this.#clock,
      pieceLength: this.info.pieceLength,
      turns: host.leafTurns,
      events: {
        learned: (pieces) => this.hashesLearned(pieces),
        leaves: (piece, leaves) => this.judgeBlocks(piece, leaves),
        noLeaves: (piece) => this.giveUpJudging(piece),
        lied: (peer) => this.#convict([peer.endpoint.address], 'It sent wrong hashes'),
      },
    });
  }

  #convict(addresses: readonly string[], reason: string, piece?: number): void {
    for (const address of addresses) {
      if (piece !== undefined && this.#options.webSeeds?.convict(address, piece) === true) continue;
      this.#options.peerList.ban(address, reason, this.#clock.now());
      for (const peer of [...this.peers]) {
        if (peer.endpoint.address !== address) continue;
        this.#report(peer, 'banned', reason);
        peer.drop();
      }
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

/** What keeps pieces from being begun that could not be verified. */
function heldOf(hashes: PieceHashes): ((piece: number) => boolean) | undefined {
  return hashes.sha1 === undefined ? (piece) => !hashes.isVerifiable(piece) : undefined;
}
