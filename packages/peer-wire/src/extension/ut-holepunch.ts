import { decodeCompact, encodeCompact, type Endpoint, readUint32, writeUint32 } from '@shoal/net';
import { checkInteger, checkUint32 } from '../bytes.ts';
import { WireError } from '../errors.ts';
import type { Extension } from './extension.ts';

/** By value of `msg_type`. */
const TYPES = ['rendezvous', 'connect', 'error'] as const;
/** By value of `addr_type`: bytes of an address and its port. */
const ENDPOINT_LENGTHS = [6, 18] as const;
/** Bytes before the endpoint: `msg_type` and `addr_type`. */
const HEADER_LENGTH = 2;
/** Bytes after it. */
const ERROR_CODE_LENGTH = 4;

/** Why a rendezvous cannot be: the values of `err_code` (BEP 55). */
export const holepunchErrors = {
  /** The endpoint asked for is none. */
  noSuchPeer: 1,
  /** The relaying peer has no connection to it. */
  notConnected: 2,
  /** The peer there does not speak this extension. */
  noSupport: 3,
  /** The endpoint is the relaying peer's own. */
  noSelf: 4,
} as const;

/** A message of {@link utHolepunch}. */
export type UtHolepunchMessage =
  | {
      /** `rendezvous`: make the peer at `endpoint` and me connect. `connect`: open a uTP connection to `endpoint` now. */
      readonly type: 'rendezvous' | 'connect';
      readonly endpoint: Endpoint;
    }
  | {
      readonly type: 'error';
      /** What the rendezvous had asked for. */
      readonly endpoint: Endpoint;
      /** One of {@link holepunchErrors}, or what later versions may define, 0 to 2^32 - 1. */
      readonly code: number;
    };

/**
 * Connections between two peers that nobody can connect to, with the help of a third one both are connected to (BEP 55). A message of
 * another kind, of an unknown kind of address or of the wrong length is ignored.
 */
export const utHolepunch: Extension<UtHolepunchMessage> = {
  name: 'ut_holepunch',

  decode(payload) {
    const type = TYPES[payload[0] ?? TYPES.length];
    const endpointLength = ENDPOINT_LENGTHS[payload[1] ?? ENDPOINT_LENGTHS.length];
    if (type === undefined || endpointLength === undefined) return undefined;
    const end = HEADER_LENGTH + endpointLength;
    if (payload.length !== end + ERROR_CODE_LENGTH) return undefined;
    const family = endpointLength === ENDPOINT_LENGTHS[0] ? 4 : 6;
    const [endpoint] = decodeCompact(payload.subarray(HEADER_LENGTH, end), family);
    if (endpoint === undefined) return undefined;
    return type === 'error'
      ? { type, endpoint, code: readUint32(payload, end) }
      : { type, endpoint };
  },

  encode(message) {
    const compact = compactOf(message.endpoint);
    const code = message.type === 'error' ? message.code : 0;
    checkUint32('the error code', code);
    const end = HEADER_LENGTH + compact.length;
    const payload = new Uint8Array(end + ERROR_CODE_LENGTH);
    payload[0] = TYPES.indexOf(message.type);
    payload[1] = compact.length === ENDPOINT_LENGTHS[0] ? 0 : 1;
    payload.set(compact, HEADER_LENGTH);
    writeUint32(payload, end, code);
    return payload;
  },
};

function compactOf(endpoint: Endpoint): Uint8Array {
  checkInteger('the port', endpoint.port, 0xffff);
  let compact;
  try {
    compact = encodeCompact([endpoint], 4);
    if (compact.length === 0) compact = encodeCompact([endpoint], 6);
  } catch (error) {
    throw new WireError('ERR_WIRE_INVALID_ARGUMENT', 'the endpoint has no IP address', {
      cause: error,
    });
  }
  return compact;
}
