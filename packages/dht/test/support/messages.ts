import {
  decodeKrpc,
  encodeKrpc,
  type KrpcDecoded,
  type KrpcResponse,
  type QueryBody,
} from '../../src/index.ts';

/** The id of who speaks by hand. */
export const strangerId = new Uint8Array(20).fill(0x11);

/** A query of the stranger. */
export function query(body: QueryBody, more: { readOnly?: boolean } = {}): Uint8Array {
  const transaction = Uint8Array.of(7, 7);
  return encodeKrpc({ kind: 'query', transaction, id: strangerId, body, ...more });
}

/** The one response that has come. */
export function response(got: Uint8Array[]): KrpcResponse {
  const message = lastOf(got);
  if (message.kind !== 'response') throw new Error(`a ${message.kind} came`);
  return message;
}

/** The last message that is no query of the other side. */
export function lastOf(got: Uint8Array[]): KrpcDecoded {
  const messages = got.map((datagram) => decodeKrpc(datagram));
  const last = messages.filter(({ kind }) => kind !== 'query').at(-1);
  if (last === undefined) throw new Error('nothing came');
  return last;
}
