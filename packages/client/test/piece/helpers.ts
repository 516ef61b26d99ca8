import { BLOCK_LENGTH, Bitfield } from '@shoal/peer-wire';
import type { Random } from '@shoal/net';
import { PiecePicker } from '../../src/piece/piece-picker.ts';
import type {
  PieceBufferSource,
  PickerPeer,
  PiecePickerOptions,
} from '../../src/piece/piece-picker.ts';

/** A small generator (mulberry32) whose run repeats from its seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    integer: (limit) => Math.floor(next() * limit),
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)),
  };
}

export class TestBuffers implements PieceBufferSource {
  limit = Infinity;
  diskIsBehind = false;
  readonly out = new Set<ArrayBuffer>();

  acquire(length: number): ArrayBuffer | undefined {
    if (this.diskIsBehind || this.out.size >= this.limit) return undefined;
    const buffer = new ArrayBuffer(length);
    this.out.add(buffer);
    return buffer;
  }

  release(buffer: ArrayBuffer): void {
    if (!this.out.delete(buffer)) throw new Error('a buffer was released that was not out');
  }
}

export class TestPeer implements PickerPeer {
  readonly have: Bitfield;
  isSeed = false;
  slow = false;
  unproven = false;
  readonly name: string;

  constructor(pieceCount: number, pieces: 'all' | readonly number[] = [], name = 'peer') {
    this.have = new Bitfield(pieceCount);
    this.name = name;
    if (pieces === 'all') {
      this.isSeed = true;
      for (let piece = 0; piece < pieceCount; piece++) this.have.set(piece);
    } else for (const piece of pieces) this.have.set(piece);
  }
}

export const blocks = (count: number): number => count * BLOCK_LENGTH;

/** A picker with `pieceCount` pieces of `blocksPerPiece` whole blocks. */
export function pickerOf(
  pieceCount: number,
  blocksPerPiece: number,
  options: Partial<PiecePickerOptions> = {},
): { picker: PiecePicker<TestPeer>; buffers: TestBuffers } {
  const buffers = new TestBuffers();
  const picker = new PiecePicker<TestPeer>({
    pieceCount,
    pieceLength: blocks(blocksPerPiece),
    totalLength: blocks(blocksPerPiece) * pieceCount,
    random: randomOf(1),
    buffers,
    ...options,
  });
  return { picker, buffers };
}

export function pick(
  picker: PiecePicker<TestPeer>,
  peer: TestPeer,
  count: number,
  allowed?: (piece: number) => boolean,
): number[] {
  const out: number[] = [];
  const picked = picker.pick(peer, count, out, allowed);
  if (picked !== out.length) throw new Error('pick does not say what it appended');
  return out;
}

/** The block arrives whole from the peer; a complete piece is taken and verified. */
export function receive(
  picker: PiecePicker<TestPeer>,
  peer: TestPeer,
  id: number,
  buffers?: TestBuffers,
): 'block' | 'piece' | 'ignored' {
  const piece = Math.floor(id / picker.blocksPerPiece);
  const begin = blocks(id % picker.blocksPerPiece);
  const length = Math.min(BLOCK_LENGTH, picker.pieceLengthAt(piece) - begin);
  picker.blockTarget(peer, piece, begin, length);
  const result = picker.blockReceived(peer, piece, begin);
  if (result === 'piece' && buffers !== undefined) {
    const taken = picker.takePiece(piece);
    buffers.release(taken.buffer);
    picker.pieceVerified(piece);
  }
  return result;
}

/** Downloads pieces until `count` are had, so that the random first pieces are over. */
export function warmUp(
  picker: PiecePicker<TestPeer>,
  buffers: TestBuffers,
  pieces: readonly number[],
): void {
  const peer = new TestPeer(picker.have.length, pieces, 'warm-up');
  picker.peerJoined(peer);
  for (;;) {
    const ids = pick(picker, peer, 64);
    if (ids.length === 0) break;
    for (const id of ids) receive(picker, peer, id, buffers);
  }
  picker.peerLeft(peer);
}

/** The pieces of some blocks, each once. */
export const piecesOf = (picker: PiecePicker<TestPeer>, ids: number[]): number[] => [
  ...new Set(ids.map((id) => Math.floor(id / picker.blocksPerPiece))),
];
