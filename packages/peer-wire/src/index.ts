/**
 * The BitTorrent peer wire protocol (BEP 3, 6, 9, 10, 21, 40, 52), without any I/O: bytes in, calls out, and back.
 *
 * - {@link encodeHandshake}, {@link HandshakeReader}, {@link checkHandshake}: the first 68 bytes.
 * - {@link WireDecoder}: the messages after it, from chunks cut anywhere, to a {@link WireSink}.
 * - {@link WireEncoder}: messages to bytes, batched.
 * - {@link ProtocolGuard}: the checks of messages that need to know the torrent.
 * - {@link HashRequest}, {@link hashRequestFault}: the hash messages of BitTorrent v2 (BEP 52).
 * - {@link ExtensionRegistry}, {@link decodeExtensionHandshake}: the extension protocol (BEP 10), of whose extensions
 *   {@link utMetadata} (BEP 9) is here.
 * - {@link Bitfield}: which pieces someone has.
 * - {@link allowedFastSet} (BEP 6), {@link peerPriority} (BEP 40), {@link makePeerId}, {@link clientName}.
 *
 * @packageDocumentation
 */
export { allowedFastSet } from './allowed-fast.ts';
export { Bitfield } from './bitfield.ts';
export { WireDecoder } from './decoder.ts';
export type { WireDecoderOptions } from './decoder.ts';
export { encodePieceHeader, PIECE_HEADER_LENGTH, WireEncoder } from './encoder.ts';
export { EncoderBufferPool } from './encoder-buffer-pool.ts';
export { WIRE_ERROR_CODES, WireError } from './errors.ts';
export type { WireErrorCode } from './errors.ts';
export {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
} from './extension/extension-handshake.ts';
export type { ExtensionHandshake } from './extension/extension-handshake.ts';
export { ExtensionRegistry, PeerExtensions } from './extension/extension-registry.ts';
export { EXTENSION_HANDSHAKE_ID } from './extension/extension.ts';
export type { Extension } from './extension/extension.ts';
export { ltDontHave } from './extension/lt-donthave.ts';
export { holepunchErrors, utHolepunch } from './extension/ut-holepunch.ts';
export type { UtHolepunchMessage } from './extension/ut-holepunch.ts';
export { pexFlags, utPex } from './extension/ut-pex.ts';
export type { PexPeer, UtPexMessage } from './extension/ut-pex.ts';
export { metadataPieceLength, utMetadata } from './extension/ut-metadata.ts';
export type { UtMetadataMessage } from './extension/ut-metadata.ts';
export {
  checkHandshake,
  decodeHandshake,
  decodeReserved,
  encodeHandshake,
  encodeReserved,
  HANDSHAKE_LENGTH,
  HandshakeReader,
} from './handshake.ts';
export type { Handshake, HandshakeResult, ReservedBits } from './handshake.ts';
export { hashCount, hashRequestFault, isSameHashRequest } from './hash-request.ts';
export type { HashRequest, HashRequestFault } from './hash-request.ts';
export {
  BLOCK_LENGTH,
  DEFAULT_WIRE_LIMITS,
  HASH_LENGTH,
  MAX_BLOCK_LENGTH,
  MAX_EXTENSION_COUNT,
  MAX_EXTENSION_HANDSHAKE_LENGTH,
  MAX_HASHES,
  MAX_METADATA_LENGTH,
  MAX_NAME_LENGTH,
  MAX_OUTSTANDING_HASH_REQUESTS,
  MAX_PENDING_HASH_REQUESTS,
  MAX_PEX_LENGTH,
  MAX_PEX_PEERS,
  MAX_PIECE_COUNT,
  MAX_PROOF_LAYERS,
  MAX_REQUESTED_HASHES,
  METADATA_PIECE_LENGTH,
} from './limits.ts';
export type { WireLimits } from './limits.ts';
export { MessageId } from './message-id.ts';
export { clientName, makePeerId } from './peer-id.ts';
export { peerPriority } from './peer-priority.ts';
export { ProtocolGuard } from './protocol-guard.ts';
export type { ProtocolGuardOptions } from './protocol-guard.ts';
export type { HashSink, WireSink } from './sink.ts';
