import { KRPC_ERROR } from '../krpc/messages.ts';
import type { KrpcErrorCode, PutQuery } from '../krpc/messages.ts';
import type { Item } from './item.ts';
import { MAX_SALT_BYTES, MAX_SEQ, MAX_VALUE_BYTES } from './item.ts';
import { parseValue } from './value.ts';

/** Why an item is refused, as told to who sent it (BEP 44). */
export interface PutFault {
  readonly code: KrpcErrorCode;
  readonly message: string;
}

const NO_SALT = new Uint8Array(0);

/** The item a `put` carries. Its bytes are those of the query, not copies. */
export function itemOf(put: PutQuery): Item {
  const { value, key, seq, signature, salt = NO_SALT } = put;
  if (key === undefined || seq === undefined || signature === undefined) {
    return { kind: 'immutable', value };
  }
  return { kind: 'mutable', value, key, salt, seq, signature };
}

/**
 * What makes an item one that no node should store, whatever it has already: 205 for a value, 207 for a salt that is too long, 203
 * for a value that is not canonical bencode or a sequence number out of range. Does not look at the signature.
 */
export function itemFault(item: Item): PutFault | undefined {
  if (item.value.length > MAX_VALUE_BYTES) {
    return { code: KRPC_ERROR.messageTooBig, message: 'value too big' };
  }
  if (parseValue(item.value) === undefined) {
    return { code: KRPC_ERROR.protocol, message: 'value is not valid bencode' };
  }
  if (item.kind === 'immutable') return undefined;
  if (item.salt.length > MAX_SALT_BYTES) {
    return { code: KRPC_ERROR.saltTooBig, message: 'salt too big' };
  }
  if (item.seq < 0n || item.seq > MAX_SEQ) {
    return { code: KRPC_ERROR.protocol, message: 'sequence number out of range' };
  }
  return undefined;
}

/**
 * Whether an item may take the place of the one that is stored: 301 where `cas` names another sequence number than that has, 302
 * where it is not older. The very same content again is no fault: it keeps the item alive.
 * @param cas Of the `put`; ignored where nothing is stored, and for immutable items.
 */
export function replacementFault(
  item: Item,
  stored: Item | undefined,
  cas: bigint | undefined,
): PutFault | undefined {
  if (item.kind === 'immutable' || stored?.kind !== 'mutable') return undefined;
  if (cas !== undefined && cas !== stored.seq) {
    return {
      code: KRPC_ERROR.casMismatch,
      message: 'the stored sequence number is not that of cas',
    };
  }
  if (item.seq > stored.seq) return undefined;
  if (item.seq === stored.seq && isSame(item.value, stored.value)) return undefined;
  return { code: KRPC_ERROR.sequenceTooLow, message: 'sequence number not above the stored one' };
}

/** The item is stored already, down to its signature, which therefore need not be verified again. */
export function isStoredAlready(item: Item, stored: Item | undefined): boolean {
  if (item.kind === 'immutable') return stored?.kind === 'immutable';
  return (
    stored?.kind === 'mutable' &&
    item.seq === stored.seq &&
    isSame(item.value, stored.value) &&
    isSame(item.signature, stored.signature)
  );
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
