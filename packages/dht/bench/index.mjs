// Microbenchmarks of the built package; one JSON line for each case. Run `tsup` first.
import { decodeKrpc, encodeKrpc, KrpcWriter, writeKrpc } from '../dist/index.js';
import { measure } from './measure.mjs';

const id = new Uint8Array(20).fill(7);
const query = {
  kind: 'query',
  transaction: Uint8Array.of(1, 2),
  version: Uint8Array.of(83, 72, 0, 1),
  id,
  body: { method: 'get_peers', infoHash: id, want: [] },
};
const response = {
  kind: 'response',
  transaction: Uint8Array.of(1, 2),
  version: Uint8Array.of(83, 72, 0, 1),
  ip: new Uint8Array(6).fill(9),
  id,
  body: { nodes: new Uint8Array(208).fill(3), token: new Uint8Array(8).fill(4) },
};
const queryBytes = encodeKrpc(query);
const responseBytes = encodeKrpc(response);
const writer = new KrpcWriter();

measure('decode get_peers', () => decodeKrpc(queryBytes));
measure('decode reply with nodes', () => decodeKrpc(responseBytes));
measure('encode get_peers', () => writeKrpc(writer, query));
measure('encode reply with nodes', () => writeKrpc(writer, response));

await import('./node.mjs');
await import('./stores.mjs');
