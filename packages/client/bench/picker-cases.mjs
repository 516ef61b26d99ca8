import { Bitfield, BLOCK_LENGTH } from '@shoal/peer-wire';
import { PiecePicker } from '../src/piece/piece-picker.ts';

/**
 * Downloads a torrent once, block by block, from `peers` peers with `depth` requests in flight each, which have `share` of
 * the pieces (1: seeds). Answers the blocks received and the milliseconds it took, joining not counted.
 *
 * @param {{ pieces: number, blocksPerPiece: number, peers: number, depth: number, share: number }} options
 * @returns {{ blocks: number, time: number }}
 */
export function runPicker(options) {
  const { pieces, blocksPerPiece, depth } = options;
  let state = 12_345;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
  const integer = (limit) => Math.floor(next() * limit);
  const pool = [];
  const picker = new PiecePicker({
    pieceCount: pieces,
    pieceLength: blocksPerPiece * BLOCK_LENGTH,
    totalLength: pieces * blocksPerPiece * BLOCK_LENGTH,
    random: { next, integer, bytes: (length) => new Uint8Array(length) },
    buffers: {
      acquire: (length) => pool.pop() ?? new ArrayBuffer(length),
      release: (buffer) => pool.push(buffer),
    },
  });
  const peers = [];
  for (let index = 0; index < options.peers; index++) {
    const have = new Bitfield(pieces);
    // The first peer has everything, so that the download ends.
    const all = options.share >= 1 || index === 0;
    for (let piece = 0; piece < pieces; piece++) if (all || next() < options.share) have.set(piece);
    const peer = { have, isSeed: all, slow: false, queue: [] };
    peers.push(peer);
    picker.peerJoined(peer);
  }
  const rivals = [];
  let blocks = 0;
  const start = performance.now();
  while (picker.wantedLeft > 0) {
    for (const peer of peers) {
      picker.pick(peer, depth - peer.queue.length, peer.queue);
      // A quarter of the window comes in, then it is filled again: as the engine does.
      const arriving = peer.queue.splice(0, Math.max(1, depth >> 2));
      for (const id of arriving) {
        const piece = Math.floor(id / blocksPerPiece);
        const begin = (id - piece * blocksPerPiece) * BLOCK_LENGTH;
        if (picker.blockTarget(peer, piece, begin, BLOCK_LENGTH) === undefined) continue;
        if (picker.endGame) {
          rivals.length = 0;
          picker.duplicatesOf(id, peer, rivals);
        }
        const result = picker.blockReceived(peer, piece, begin);
        blocks++;
        if (result === 'piece') {
          pool.push(picker.takePiece(piece).buffer);
          picker.pieceVerified(piece);
        }
      }
    }
  }
  return { blocks, time: performance.now() - start };
}
