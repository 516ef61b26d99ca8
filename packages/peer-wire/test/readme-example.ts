import assert from 'node:assert/strict';
import {
  Bitfield,
  checkHandshake,
  encodeHandshake,
  HandshakeReader,
  makePeerId,
  ProtocolGuard,
  WireDecoder,
  WireEncoder,
} from '@shoal/peer-wire';
import type { WireSink } from '@shoal/peer-wire';

const infoHash = new Uint8Array(20).fill(0xab);
const peerId = makePeerId('SH', '0.1.0', crypto.getRandomValues(new Uint8Array(12)));

// One side writes: its handshake, what it has, and a block of piece 1.
const block = new TextEncoder().encode('sixteen bytes!!!');
const has = new Bitfield(3);
has.set(1);
const encoder = new WireEncoder();
encoder.bitfield(has.bytes);
encoder.unchoke();
encoder.piece(1, 0, block);
const stream = [
  encodeHandshake({ reserved: { fast: true }, infoHash, peerId }),
  encoder.take(), // give it back with encoder.recycle() once it has been sent
];

// The other side reads. Its sink says where blocks go, and the guard knows what this torrent allows.
const piece = new Uint8Array(16);
const guard = new ProtocolGuard({ pieceCount: 3, pieceLength: 16, totalLength: 40, fast: true });
const seen: string[] = [];
const ignore = () => undefined;
const sink: WireSink = {
  onBitfield: (bits) => seen.push(`has ${guard.bitfield(bits).count} of 3`),
  onUnchoke: () => seen.push('unchoked'),
  onHave: (index) => guard.have(index),
  onBlockStart(index, begin, length) {
    guard.piece(index, begin, length);
    return piece.subarray(begin, begin + length);
  },
  onBlockProgress: ignore,
  onBlockEnd: (index, begin, length, stored) =>
    seen.push(`piece ${index}: ${begin}+${length}${stored ? '' : ' dropped'}`),
  onKeepAlive: ignore,
  onChoke: ignore,
  onInterested: ignore,
  onNotInterested: ignore,
  onRequest: (index, begin, length) => guard.request(index, begin, length),
  onCancel: (index, begin, length) => guard.cancel(index, begin, length),
  onPort: ignore,
  onSuggest: (index) => guard.suggest(index),
  onHaveAll: () => guard.haveAll(),
  onHaveNone: () => guard.haveNone(),
  onReject: (index, begin, length) => guard.reject(index, begin, length),
  onAllowedFast: (index) => guard.allowedFast(index),
  onExtended: ignore,
  onUnknown: ignore,
};

const reader = new HandshakeReader();
const decoder = new WireDecoder(sink);
let shaken = false;
for (const bytes of stream) {
  // Chunks may be cut anywhere; here they have ten bytes.
  for (let at = 0; at < bytes.length; at += 10) {
    const chunk = bytes.subarray(at, at + 10);
    if (shaken) {
      decoder.push(chunk);
      continue;
    }
    const result = reader.push(chunk);
    if (result === undefined) continue;
    checkHandshake(result.handshake, { infoHash }); // throws WireError: close the connection
    shaken = true;
    decoder.push(result.rest);
  }
}

assert.deepEqual(seen, ['has 1 of 3', 'unchoked', 'piece 1: 0+16']);
assert.deepEqual(piece, block);
