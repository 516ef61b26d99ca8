import type { Clock } from '@shoal/net';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { HashTraffic } from './hashes/hash-traffic.ts';
import { LateChecks } from './hashes/late-checks.ts';
import type { LeafSource } from './hashes/leaf-source.ts';
import type { PieceHashes } from './hashes/piece-hashes.ts';
import type { Peer } from './peer/peer.ts';
import type { BlockSource } from './piece/block-source.ts';
import { BufferShare } from './piece/buffer-share.ts';
import { payloadLengthsOf } from './piece/payload-lengths.ts';
import { PieceFinisher } from './piece/piece-finisher.ts';
import { PiecePicker } from './piece/piece-picker.ts';
import { type LocalCopies, openCopies } from './reuse/local-copies.ts';
import type { SwarmOptions } from './swarm-options.ts';

/**
 * Milliseconds without a block after which partial pieces are given up where memory is short: torrents whose peers have all
 * gone must not hold what the others could work with.
 */
const STALL_TIME = 30_000;

/** What the peers of a swarm have to do with its pieces. */
export interface SwarmPiecesEvents {
  /** A piece is stored, and the picker knows. */
  verified(piece: number): void;
  /** Bytes of a piece were copied on this machine; {@link verified} follows. */
  reused(bytes: number): void;
  /** Payload turned out to be of no use. */
  wasted(bytes: number): void;
  /** These addresses sent corrupt blocks of a piece. */
  convicted(addresses: readonly string[], piece: number): void;
  /** A peer sent wrong hashes. */
  lied(peer: Peer): void;
  /** Hashes of pieces came from peers. */
  hashesLearned(): void;
  /** There are blocks to ask for, or memory for them, that were not there before. */
  changed(): void;
  /** Pieces are asked for no more, or may be asked for again. */
  wantedChanged(): void;
}

/**
 * The pieces of one torrent at work: their way from the picker through the disk, whether they come from peers, from elsewhere on
 * this machine or are found on disk, and the hashes they must have. It knows peers as sources of blocks and of hashes only.
 */
export class SwarmPieces {
  readonly picker: PiecePicker<BlockSource>;
  /** Undefined for a v1-only torrent. */
  readonly hashTraffic: HashTraffic | undefined;
  readonly #options: SwarmOptions;
  readonly #clock: Clock;
  readonly #events: SwarmPiecesEvents;
  readonly #memory: BufferShare;
  readonly #finisher: PieceFinisher<BlockSource>;
  /** What is had from this machine; undefined: nothing. */
  readonly #copies: LocalCopies | undefined;
  readonly #lateChecks: LateChecks;
  readonly #rivals: BlockSource[] = [];
  /** When the last block came. */
  #lastBlockAt = -Infinity;

  constructor(options: SwarmOptions, events: SwarmPiecesEvents) {
    const { info, host, storage, hashes } = options;
    this.#options = options;
    this.#clock = host.clock;
    this.#events = events;
    this.#memory = new BufferShare(host.buffers, () => events.changed());
    this.picker = new PiecePicker<BlockSource>({
      pieceCount: info.pieceCount,
      pieceLength: info.pieceLength,
      totalLength: info.totalLength,
      payloadLengths: payloadLengthsOf(info),
      random: host.random,
      buffers: this.#memory,
      have: options.have,
      isHeld: heldOf(hashes),
    });
    this.#finisher = new PieceFinisher<BlockSource>({
      storage,
      picker: this.picker,
      memory: this.#memory,
      hashes,
      clock: host.clock,
      events: {
        verified: (piece) => {
          this.#copies?.verified(piece);
          this.#verified(piece);
        },
        convicted: (addresses, piece) => events.convicted(addresses, piece),
        wasted: (bytes) => events.wasted(bytes),
        failed: (error) => options.events.diskFailed(error),
        changed: () => events.changed(),
      },
    });
    this.#copies = openCopies(options.local, storage, this.picker, {
      copied: (piece, bytes) => {
        events.reused(bytes);
        this.#verified(piece);
      },
      changed: () => events.wantedChanged(),
      failed: (error) => options.events.diskFailed(error),
    });
    this.#lateChecks = this.#makeLateChecks();
    if (info.infoHashV2 !== undefined) {
      this.hashTraffic = this.#openHashTraffic();
      this.leafSource = this.hashTraffic;
    }
  }

  /** Pieces handed to the disk and not yet answered. */
  get writing(): number {
    return this.#finisher.writing + (this.#copies?.copying ?? 0);
  }

  /** Pieces are being written or read, or wait for that. */
  get isAtDisk(): boolean {
    return this.writing > 0 || this.#lateChecks.pending > 0;
  }

  /** Where the leaf hashes of corrupt pieces come from; undefined: from nowhere. */
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
    this.#events.hashesLearned();
  }

  /** A block is whole in its piece buffer. `now` is monotonic, in milliseconds. */
  blockReceived(
    source: BlockSource,
    piece: number,
    begin: number,
    length: number,
    now: number,
  ): void {
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
    if (result === 'ignored') this.#events.wasted(length);
    if (result === 'piece') this.#finisher.finish(piece);
  }

  /** The user wants other pieces than before. */
  wantedChanged(): void {
    this.#copies?.wake();
  }

  /** For a stream: pieces `first` to `last`, both included, are had before all others; none where `last` is less. */
  setWindow(first: number, last: number): void {
    this.picker.setDeadlineWindow(first, last);
    this.#copies?.hurry(first, last);
  }

  /** Once a second. */
  tick(now: number): void {
    this.#finisher.giveUpOverdue(now);
    this.#copies?.tick();
  }

  /**
   * Gives up partial pieces nobody goes on with while others, or we, ask for memory in vain.
   * @returns true when it did: requests may have been forgotten
   */
  yieldMemory(now: number): boolean {
    const isShort = this.#memory.isShort();
    if (!isShort || this.picker.partialCount === 0 || now - this.#lastBlockAt < STALL_TIME) {
      return false;
    }
    this.#memory.yield();
    this.#giveUp();
    return true;
  }

  start(): void {
    this.#lateChecks.start();
    this.#lastBlockAt = this.#clock.now();
    this.#copies?.start();
  }

  /** Nothing more is read; pieces on their way to the disk still arrive there. */
  stop(): void {
    this.#copies?.stop();
    this.#lateChecks.stop();
  }

  /** Gives back the memory, once nobody sends blocks any more. */
  leave(): void {
    this.#giveUp();
    this.#memory.leave();
  }

  /** Resolves when nothing is on its way to the disk any more. To be called after {@link stop}. */
  async settled(): Promise<void> {
    await Promise.all([this.#finisher.settled(), this.#copies?.settled()]);
    await this.#lateChecks.settled();
  }

  #giveUp(): void {
    this.#finisher.giveUpOverdue(Infinity);
    this.picker.dropPartials();
  }

  #verified(piece: number): void {
    this.#lateChecks.verified(piece);
    this.#events.verified(piece);
  }

  #makeLateChecks(): LateChecks {
    const { info, storage, host, unverified, events } = this.#options;
    return new LateChecks({
      storage,
      turns: host.checks,
      pieceLength: info.pieceLength,
      stateOf: (piece) => this.picker.stateOf(piece),
      unverified,
      events: {
        found: (piece) => {
          this.picker.found(piece);
          this.#verified(piece);
        },
        missing: (piece) => {
          this.picker.letGo(piece);
          this.#events.changed();
        },
        lost: (piece) => {
          this.picker.lost(piece);
          events.pieceLost(piece);
          this.#events.changed();
        },
        // What is missing may be elsewhere on this machine, and what is there be of use to other files.
        looked: () => this.#copies?.wake(),
        failed: (error) => events.diskFailed(error),
      },
    });
  }

  #openHashTraffic(): HashTraffic {
    const { info, hashes, storage, limits, host } = this.#options;
    return new HashTraffic({
      hashes,
      storage,
      limits,
      picker: this.picker,
      clock: this.#clock,
      pieceLength: info.pieceLength,
      turns: host.leafTurns,
      events: {
        learned: (pieces) => this.hashesLearned(pieces),
        leaves: (piece, leaves) => this.judgeBlocks(piece, leaves),
        noLeaves: (piece) => this.giveUpJudging(piece),
        lied: (peer) => this.#events.lied(peer),
      },
    });
  }
}

/** What keeps pieces from being begun that could not be verified. */
function heldOf(hashes: PieceHashes): ((piece: number) => boolean) | undefined {
  return hashes.sha1 === undefined ? (piece) => !hashes.isVerifiable(piece) : undefined;
}
