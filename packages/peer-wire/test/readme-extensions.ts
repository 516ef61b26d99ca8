import assert from 'node:assert/strict';
import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  ExtensionRegistry,
  PeerExtensions,
  utMetadata,
  WireEncoder,
} from '@shoal/peer-wire';

// One registry for all connections: what we take, and what to do with it. `Peer` is your own object.
interface Peer {
  readonly encoder: WireEncoder;
  readonly extensions: PeerExtensions;
}
const info = new TextEncoder().encode('d6:lengthi3e4:name1:ae'); // an info dictionary
const registry = new ExtensionRegistry<Peer>().register(utMetadata, (peer, message) => {
  if (message.type !== 'request') return; // data and rejects are for a leech to match with its requests
  const answer = { type: 'data', piece: 0, totalLength: info.length, data: info } as const;
  peer.extensions.write(peer.encoder, utMetadata, answer);
});

// Our handshake, sent to every peer that set the `extension` bit.
const encoder = new WireEncoder();
const peer: Peer = { encoder, extensions: new PeerExtensions(registry) };
const { extensions } = registry;
const ours = encodeExtensionHandshake({
  extensions,
  client: 'Shoal 0.1.0',
  metadataLength: info.length,
});
encoder.extended(EXTENSION_HANDSHAKE_ID, ours);

// What `onExtended` of a sink does.
const onExtended = (id: number, payload: Uint8Array) => {
  if (id !== EXTENSION_HANDSHAKE_ID) return registry.receive(peer, id, payload);
  peer.extensions.update(decodeExtensionHandshake(payload).extensions);
  return true;
};

// The peer takes ut_metadata as 7, and asks for the first piece of the info dictionary under our number, 1.
onExtended(0, encodeExtensionHandshake({ extensions: new Map([['ut_metadata', 7]]) }));
onExtended(1, utMetadata.encode({ type: 'request', piece: 0 }));

const sent = encoder.take().subarray(6 + ours.length); // after our handshake
assert.equal(sent[5], 7);
assert.deepEqual(utMetadata.decode(sent.subarray(6)), {
  type: 'data',
  piece: 0,
  totalLength: info.length,
  data: info,
});
