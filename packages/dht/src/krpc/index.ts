/** KRPC (BEP 5, 32, 33, 42, 43, 44, 51): messages between bytes and objects, without I/O. */
export * from './messages.ts';
export { decodeKrpc } from './decode.ts';
export { encodeKrpc, writeKrpc } from './encode.ts';
export {
  COMPACT_NODE_BYTES,
  COMPACT_NODE6_BYTES,
  compactEndpoint,
  decodeEndpoint,
  decodeNodes,
  decodePeers,
  encodeNodes,
  familyOf,
  type NodeInfo,
} from './nodes.ts';
export { KrpcWriter } from './writer.ts';
