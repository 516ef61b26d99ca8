import { METADATA_PIECE_LENGTH, metadataPieceLength } from '@shoal/peer-wire';

/**
 * Milliseconds that a length is fetched, or that one peer is given alone, before others who wait get their turn. Whoever answers at
 * all has sent some MiB by then; whoever trickles must not hold up those who do not ...
 */
const MIN_TURN = 30_000;
/** ... and whoever has a slow line completes it in a later turn, as each is twice as long as the one before, this often. */
const MAX_DOUBLINGS = 8;
/** Addresses whose turns are remembered. */
const MAX_REMEMBERED = 256;

/**
 * Metadata of one length, as far as it has come. Peers that claim other lengths have a part in other attempts: one of them says
 * the truth, and only the hash of the whole tells which.
 */
export class MetadataAttempt<Source> {
  /** Bytes. */
  readonly length: number;
  readonly pieceCount: number;
  /** Peers that claim this length. */
  readonly claimants = new Set<Source>();
  /**
   * The whole was wrong once, with pieces of several peers: from now on it is taken from one peer at a time, so that the
   * next one that is wrong names its sender.
   */
  solo = false;
  /** With {@link solo}: the peer it is taken from now. */
  owner: Source | undefined;
  /** How often it was begun. */
  tries = 0;
  /** When the last piece came, or the first was asked for, monotonic ms. */
  movedAt = -Infinity;
  /** When its turn began, and that of its {@link owner}, monotonic ms. */
  #begunAt = -Infinity;
  #ownedSince = -Infinity;
  /** By address: turns that a peer had all alone, without completing it. */
  readonly #turns = new Map<string, number>();
  #pieces: (Uint8Array | undefined)[] = [];
  /** By piece: addresses. */
  #senders: (string | undefined)[] = [];
  /** By piece: how many peers have been asked for it and not answered. */
  readonly #asked: number[] = [];
  readonly #askedAt: number[] = [];
  #received = 0;

  constructor(length: number) {
    this.length = length;
    this.pieceCount = Math.ceil(length / METADATA_PIECE_LENGTH);
  }

  /** It is fetched from now on. */
  begin(now: number): void {
    this.tries += 1;
    this.movedAt = now;
    this.#begunAt = now;
  }

  /** Others that wait come first. */
  hasHadItsTurn(now: number): boolean {
    return now - this.#begunAt >= turnTime(this.tries - 1);
  }

  /** Turns that somebody had alone and did not complete it in. */
  turnsOf(address: string): number {
    return this.#turns.get(address) ?? 0;
  }

  /** It is taken from one peer alone now. */
  take(owner: Source, now: number): void {
    this.owner = owner;
    this.#ownedSince = now;
  }

  /** Somebody else waits: ends the turn of the owner, whose address this is, if it has lasted long enough. */
  endTurn(address: string, now: number): void {
    const turns = this.turnsOf(address);
    if (now - this.#ownedSince < turnTime(turns)) return;
    this.#turns.delete(address);
    this.#turns.set(address, turns + 1);
    if (this.#turns.size > MAX_REMEMBERED) {
      for (const oldest of this.#turns.keys()) {
        this.#turns.delete(oldest);
        break;
      }
    }
    this.drop();
  }

  /** Bytes that have come. */
  get received(): number {
    return this.#received;
  }

  get isComplete(): boolean {
    return this.#received === this.length;
  }

  /** Addresses of those whose pieces it holds. */
  get senders(): Set<string> {
    return new Set(this.#senders.filter((sender) => sender !== undefined));
  }

  has(piece: number): boolean {
    return this.#pieces[piece] !== undefined;
  }

  /** How many peers have been asked for a piece. */
  askers(piece: number): number {
    return this.#asked[piece] ?? 0;
  }

  /** When a piece was asked for last, monotonic ms. */
  askedAt(piece: number): number {
    return this.#askedAt[piece] ?? -Infinity;
  }

  /** A peer is asked for a piece. */
  ask(piece: number, now: number): void {
    this.#asked[piece] = this.askers(piece) + 1;
    this.#askedAt[piece] = now;
  }

  /** A peer that was asked for a piece has answered, or will not. */
  release(piece: number): void {
    this.#asked[piece] = Math.max(0, this.askers(piece) - 1);
  }

  /** Keeps a copy of a piece; `slice` would make none of a Buffer, as everywhere. */
  put(piece: number, data: Uint8Array, sender: string, now: number): void {
    this.#pieces[piece] = new Uint8Array(data);
    this.#senders[piece] = sender;
    this.#received += metadataPieceLength(piece, this.length);
    this.movedAt = now;
  }

  /** The whole. To be called where it {@link isComplete}. */
  assemble(): Uint8Array {
    const whole = new Uint8Array(this.length);
    this.#pieces.forEach((piece, index) => {
      if (piece !== undefined) whole.set(piece, index * METADATA_PIECE_LENGTH);
    });
    return whole;
  }

  /** Begins anew: no piece is there. What was asked for is not forgotten, as its answers may still come. */
  drop(): void {
    this.#pieces = [];
    this.#senders = [];
    this.#received = 0;
    this.owner = undefined;
  }
}

/** Milliseconds of a turn after so many others. */
function turnTime(turns: number): number {
  return MIN_TURN * 2 ** Math.min(turns, MAX_DOUBLINGS);
}
