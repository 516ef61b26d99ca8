import { encode } from '@shoal/bencode';
import { checkInteger } from '../bytes.ts';
import { WireError } from '../errors.ts';
import { MAX_METADATA_LENGTH, METADATA_PIECE_LENGTH } from '../limits.ts';
import { unreadable } from './extension.ts';
import type { Extension } from './extension.ts';
import { integerIn, parseDictionary } from './fields.ts';

/** Values of `msg_type`. */
const REQUEST = 0;
const DATA = 1;
const REJECT = 2;

/** Most bytes of one message: a piece and a dictionary of three keys, with room for keys of later versions. */
const MAX_MESSAGE_LENGTH = METADATA_PIECE_LENGTH + 4_096;
/** Highest number of a piece of metadata. */
const MAX_PIECE = Math.ceil(MAX_METADATA_LENGTH / METADATA_PIECE_LENGTH) - 1;

/** A message of {@link utMetadata}. `piece` counts pieces of 16 KiB of the info dictionary. */
export type UtMetadataMessage =
  | { readonly type: 'request'; readonly piece: number }
  | {
      readonly type: 'data';
      readonly piece: number;
      /** Bytes of the whole metadata, 1 to 30 MiB. */
      readonly totalLength: number;
      /** The piece: 16 KiB, the last one the rest. Decoded, it is a view of the payload, valid as long as that is. */
      readonly data: Uint8Array;
    }
  | { readonly type: 'reject'; readonly piece: number };

/**
 * Metadata exchange (BEP 9): how the info dictionary of a magnet link comes from a peer. The whole is to be checked against the
 * info-hash, and each answer to be matched with a request, by the caller.
 *
 * A piece whose length contradicts `total_size`, or a number out of range, is `ERR_WIRE_EXTENSION_PAYLOAD`; an unknown
 * `msg_type` is ignored, as the BEP wants.
 */
export const utMetadata: Extension<UtMetadataMessage> = {
  name: 'ut_metadata',

  decode(payload) {
    const { root, end } = parseDictionary('a ut_metadata message', payload, MAX_MESSAGE_LENGTH);
    const kind = integerIn(root, 'msg_type', 0, Number.MAX_SAFE_INTEGER);
    if (kind === undefined) throw unreadable('a ut_metadata message without a msg_type');
    if (kind > REJECT) return undefined;
    const piece = integerIn(root, 'piece', 0, MAX_PIECE);
    if (piece === undefined) throw unreadable(`a ut_metadata message for no piece to ${MAX_PIECE}`);
    if (kind === REQUEST) return { type: 'request', piece };
    if (kind === REJECT) return { type: 'reject', piece };
    const totalLength = integerIn(root, 'total_size', 1, MAX_METADATA_LENGTH);
    if (totalLength === undefined) {
      throw unreadable(`ut_metadata data without a total_size to ${MAX_METADATA_LENGTH}`);
    }
    const data = payload.subarray(end);
    const length = metadataPieceLength(piece, totalLength);
    if (length === 0 || data.length !== length) {
      throw unreadable(
        `${data.length} bytes as piece ${piece} of ${totalLength} bytes of metadata, which has ${length}`,
      );
    }
    return { type: 'data', piece, totalLength, data };
  },

  encode(message) {
    checkInteger('piece', message.piece, MAX_PIECE);
    if (message.type !== 'data') {
      return encode({
        msg_type: message.type === 'request' ? REQUEST : REJECT,
        piece: message.piece,
      });
    }
    const { piece, totalLength, data } = message;
    checkInteger('the length of the metadata', totalLength, MAX_METADATA_LENGTH);
    const length = metadataPieceLength(piece, totalLength);
    if (length === 0 || data.length !== length) {
      throw new WireError(
        'ERR_WIRE_INVALID_ARGUMENT',
        `piece ${piece} of ${totalLength} bytes of metadata has ${length}, not ${data.length}`,
      );
    }
    const dictionary = encode({ msg_type: DATA, piece, total_size: totalLength });
    const payload = new Uint8Array(dictionary.length + length);
    payload.set(dictionary);
    payload.set(data, dictionary.length);
    return payload;
  },
};

/** Bytes of a piece of the metadata, 0 where there is none of that number. */
export function metadataPieceLength(piece: number, totalLength: number): number {
  const begin = piece * METADATA_PIECE_LENGTH;
  return Math.max(0, Math.min(METADATA_PIECE_LENGTH, totalLength - begin));
}
