import type { Bitfield } from '@shoal/peer-wire';
import type { RateGate } from '../choke/rate-gate.ts';
import type { BlockSource } from '../piece/block-source.ts';
import type { PiecePicker } from '../piece/piece-picker.ts';
import type { Asked, Fault } from './judge-answer.ts';
import type { WebLane } from './web-lane.ts';
import type { WebGeometry, WebPart } from './web-parts.ts';
import type { WebAnswer, WebExchange, WebHandler, WebRequest } from './web-transport.ts';

/** What a lane needs of its torrent; implemented by `Swarm`. */
export interface LaneSwarm {
  readonly picker: PiecePicker<BlockSource>;
  /** A block is whole in its piece buffer. `now` is monotonic, in milliseconds. */
  blockReceived(
    source: BlockSource,
    piece: number,
    begin: number,
    length: number,
    now: number,
  ): void;
  /** Payload of no use came in. */
  wasted(bytes: number): void;
}

/** How a run of a lane ended. */
export type LaneEnd =
  /** All came, or all that is left of it has been taken back. */
  | { readonly kind: 'done' }
  /** The server knows no ranges. */
  | { readonly kind: 'no ranges' }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly part: WebPart };

/** What a lane needs of the seed it belongs to. */
export interface LaneOwner {
  /** What smart-ban knows the seed by. */
  readonly name: string;
  readonly have: Bitfield;
  readonly geometry: WebGeometry;
  readonly swarm: LaneSwarm;
  readonly gate: RateGate;
  now(): number;
  /** Another web seed, or a peer, would send blocks of a piece if asked. */
  othersSend(piece: number): boolean;
  /** What to ask for a part; with `isWhole` without a range. Undefined: the file has no URL. */
  requestFor(part: WebPart, isWhole: boolean): { request: WebRequest; asked: Asked } | undefined;
  open(request: WebRequest, handler: WebHandler): WebExchange;
  /** The server sends the whole file that this is a part of: what to read of it, and after it; nothing where it is not worth it. */
  streamOf(part: WebPart): readonly WebPart[];
  /** An answer has begun that is what was asked for. */
  answered(part: WebPart, answer: WebAnswer): void;
  /** Bytes of a body came. */
  received(bytes: number, now: number): void;
  /** The lane is free again; all it had not received is given back. */
  ended(lane: WebLane, end: LaneEnd): void;
}
