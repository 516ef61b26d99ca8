import {
  FileHashTree,
  FileLayout,
  type HashRequest,
  hashBlocks,
  PieceLayers,
} from '@shoal/metainfo';
import { Bitfield } from '@shoal/peer-wire';
import { HashExchange } from '../../src/hashes/hash-exchange.ts';
import { PieceHashes } from '../../src/hashes/piece-hashes.ts';
import type { V2Torrent } from '../support/v2-torrent.ts';

/** A peer of the policy alone. */
export class FakePeer {
  readonly name: string;
  readonly have: Bitfield;

  constructor(name: string, torrent: V2Torrent, pieces: Iterable<number> | 'all' = 'all') {
    this.name = name;
    this.have = new Bitfield(torrent.info.pieceCount);
    if (pieces === 'all') this.have.setAll();
    else for (const piece of pieces) this.have.set(piece);
  }
}

/** The policy without peers, clock or wire: what it asks is written down. */
export class ExchangeRig {
  readonly torrent: V2Torrent;
  readonly hashes: PieceHashes;
  readonly exchange: HashExchange<FakePeer>;
  now = 0;
  readonly asked: { peer: FakePeer; request: HashRequest; at: number }[] = [];
  readonly learned: number[] = [];
  readonly leaves = new Map<number, Uint8Array>();
  readonly noLeaves: number[] = [];
  readonly liars: string[] = [];
  unwanted = new Set<number>();

  constructor(torrent: V2Torrent, known = false) {
    this.torrent = torrent;
    const { info, metainfo } = torrent;
    const layers = known ? metainfo.pieceLayers : PieceLayers.unknown(info);
    const layout = new FileLayout(info);
    this.hashes = new PieceHashes(info, layers, () => layout);
    this.exchange = new HashExchange<FakePeer>({
      hashes: this.hashes,
      isWanted: (piece) => !this.unwanted.has(piece),
      events: {
        ask: (peer, request) => this.asked.push({ peer, request, at: this.now }),
        learned: (pieces) => this.learned.push(...pieces),
        leaves: (piece, leaves) => this.leaves.set(piece, leaves),
        noLeaves: (piece) => this.noLeaves.push(piece),
        lied: (peer) => this.liars.push(peer.name),
      },
    });
  }

  join(name: string, pieces: Iterable<number> | 'all' = 'all'): FakePeer {
    const peer = new FakePeer(name, this.torrent, pieces);
    this.exchange.joined(peer);
    this.exchange.gained(peer, undefined, this.now);
    return peer;
  }

  /** Lets seconds pass, with a tick after each. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1_000;
      this.exchange.tick(this.now);
    }
  }

  /** The right answer to a request, from a peer that knows everything. */
  rightAnswer(request: HashRequest): Uint8Array {
    return rightAnswer(this.torrent, request)!;
  }

  answer(
    { peer, request }: { peer: FakePeer; request: HashRequest },
    change?: (hashes: Uint8Array) => void,
  ): boolean {
    const hashes = this.rightAnswer(request);
    change?.(hashes);
    return this.exchange.answered(peer, request, hashes, this.now);
  }

  reject({ peer, request }: { peer: FakePeer; request: HashRequest }): boolean {
    return this.exchange.rejected(peer, request, this.now);
  }

  /** What was asked and not looked at by the test yet. */
  takeAsked(): { peer: FakePeer; request: HashRequest; at: number }[] {
    return this.asked.splice(0);
  }
}

/** What somebody with the whole torrent answers; undefined: a reject. */
export function rightAnswer(torrent: V2Torrent, request: HashRequest): Uint8Array | undefined {
  const { info, metainfo, content } = torrent;
  const { pieceLength } = info;
  for (const [file, { piecesRoot, length }] of info.files.entries()) {
    if (piecesRoot === undefined || Buffer.compare(piecesRoot, request.piecesRoot) !== 0) continue;
    const pieceLayer = metainfo.pieceLayers.layerOf(file);
    const tree = new FileHashTree({ piecesRoot, fileLength: length, pieceLength, pieceLayer });
    const needed = tree.blocksNeeded(request);
    if (needed === undefined) return undefined;
    const { offset } = info.files[file]!;
    if (needed.count === 0) return tree.answer(request);
    const data = content.subarray(offset, offset + length);
    const leaves = hashBlocks(data).subarray(needed.first * 32, (needed.first + needed.count) * 32);
    return tree.answer(request, leaves);
  }
  return undefined;
}
