import type { Clock } from '@shoal/net';
import type { TransferLimits } from '../choke/transfer-limits.ts';
import type { TorrentStorage } from '../disk/storage.ts';
import type { Peer } from '../peer/peer.ts';
import type { BlockSource } from '../piece/block-source.ts';
import type { PiecePicker } from '../piece/piece-picker.ts';
import { HashExchange } from './hash-exchange.ts';
import { HashSource } from './hash-source.ts';
import type { LeafSource } from './leaf-source.ts';
import type { LeafTurns } from './leaf-turns.ts';
import type { PieceHashes } from './piece-hashes.ts';

export interface HashTrafficParts {
  readonly hashes: PieceHashes;
  readonly picker: PiecePicker<BlockSource>;
  readonly storage: TorrentStorage;
  readonly clock: Clock;
  readonly pieceLength: number;
  readonly turns: LeafTurns;
  readonly limits: TransferLimits;
  readonly events: {
    learned(pieces: readonly number[]): void;
    leaves(piece: number, leaves: Uint8Array): void;
    noLeaves(piece: number): void;
    lied(peer: Peer): void;
  };
}

/** The hashes of one swarm on their way (BEP 52): what is asked of its v2 peers, and what they are answered. */
export class HashTraffic implements LeafSource {
  readonly exchange: HashExchange<Peer>;
  readonly source: HashSource;
  readonly #parts: HashTrafficParts;

  constructor(parts: HashTrafficParts) {
    const { hashes, picker, storage, pieceLength, turns, events } = parts;
    this.#parts = parts;
    this.exchange = new HashExchange<Peer>({
      hashes,
      isWanted: (piece) => picker.priorityOf(piece) > 0,
      events: {
        ask: (peer, request) => peer.hashes?.ask(request),
        learned: (pieces) => events.learned(pieces),
        leaves: (piece, leaves) => events.leaves(piece, leaves),
        noLeaves: (piece) => events.noLeaves(piece),
        lied: (peer) => events.lied(peer),
      },
    });
    this.source = new HashSource({ hashes, storage, have: picker.have, pieceLength, turns });
  }

  joined(peer: Peer): void {
    if (peer.hashes !== undefined) this.exchange.joined(peer);
  }

  left(peer: Peer): void {
    if (peer.hashes !== undefined) this.exchange.left(peer, this.#parts.clock.now());
  }

  /** The peer has more than before; `piece`: just this one more. */
  gained(peer: Peer, piece: number | undefined): void {
    if (peer.hashes !== undefined) this.exchange.gained(peer, piece, this.#parts.clock.now());
  }

  /** Once a second: what is not answered in time is asked of somebody else. */
  tick(now: number): void {
    this.exchange.tick(now);
  }

  /** Other pieces are wanted than before. */
  wantedChanged(): void {
    this.exchange.wantedChanged(this.#parts.clock.now());
  }

  request(piece: number): boolean {
    return this.exchange.findLeaves(piece, this.#parts.clock.now());
  }

  /** How many of `bytes` may be uploaded now. */
  takeUpload(bytes: number): number {
    return this.#parts.limits.uploadGate.take(bytes, this.#parts.clock.now());
  }

  /** Calls back when tokens are there again. */
  awaitUpload(who: object, then: () => void): void {
    this.#parts.limits.uploadGate.wait(who, then);
  }

  /** Somebody waits no longer. */
  forget(who: object): void {
    this.#parts.limits.forget(who);
  }
}
