import assert from 'node:assert/strict';
import { hashRequestFault, ProtocolGuard, WireDecoder, WireEncoder } from '@shoal/peer-wire';
import type { HashRequest, HashSink, WireSink } from '@shoal/peer-wire';

// The first two of four hashes right above the leaves, and what proves them: their parent's sibling.
const request: HashRequest = {
  piecesRoot: new Uint8Array(32).fill(0xab), // names the file
  baseLayer: 1,
  index: 0,
  length: 2,
  proofLayers: 1,
};
const FILE_LENGTH = 8 * 16_384;
const hashes = new Uint8Array(3 * 32).fill(0xcd);
const torrent = { pieceCount: 4, pieceLength: 32_768, totalLength: FILE_LENGTH, fast: true };
const wire = {} as WireSink; // as above

// The seed answers every request, with hashes or a reject.
const seed = new WireEncoder();
const seedGuard = new ProtocolGuard(torrent);
const seedSink: HashSink = {
  onHashRequest(wanted) {
    seedGuard.hashRequest(); // throws when the peer floods us
    if (hashRequestFault(wanted, FILE_LENGTH) === undefined) seed.hashes(wanted, hashes);
    else seed.hashReject(wanted);
  },
  onHashesStart: (wanted) => (seedGuard.hashes(wanted), undefined),
  onHashesEnd: () => undefined,
  onHashReject: (wanted) => seedGuard.hashReject(wanted),
};

// The leech notes what it asks for, so that nothing else is taken.
const leech = new WireEncoder();
const leechGuard = new ProtocolGuard(torrent);
let received: Uint8Array | undefined;
const leechSink: HashSink = {
  onHashRequest: (wanted) => leech.hashReject(wanted),
  onHashesStart(wanted, length) {
    leechGuard.hashes(wanted); // throws ERR_WIRE_NOT_REQUESTED
    return new Uint8Array(length);
  },
  onHashesEnd: (_wanted, stored) => (received = stored), // to be checked against the root
  onHashReject: (wanted) => leechGuard.hashReject(wanted),
};

leechGuard.hashRequestSent(request);
leech.hashRequest(request);
new WireDecoder(wire, { hashSink: seedSink }).push(leech.take());
new WireDecoder(wire, { hashSink: leechSink }).push(seed.take());
seedGuard.hashRequestAnswered(); // once it was written to the socket
assert.deepEqual(received, hashes);
assert.equal(leechGuard.outstandingHashRequests, 0);
