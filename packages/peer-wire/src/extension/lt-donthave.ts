import { readUint32, writeUint32 } from '@shoal/net';
import { checkUint32 } from '../bytes.ts';
import { unreadable } from './extension.ts';
import type { Extension } from './extension.ts';

/** Bytes of the only message: the index of a piece. */
const MESSAGE_LENGTH = 4;

/**
 * A piece that the sender has told us of, and has no longer (BEP 54); the message is its index, 0 to 2^32 - 1. Whether the torrent
 * has such a piece is the caller's to check. Anything but four bytes is `ERR_WIRE_EXTENSION_PAYLOAD`.
 */
export const ltDontHave: Extension<number> = {
  name: 'lt_donthave',

  decode(payload) {
    if (payload.length !== MESSAGE_LENGTH) {
      throw unreadable(`an lt_donthave message of ${payload.length} bytes, not ${MESSAGE_LENGTH}`);
    }
    return readUint32(payload, 0);
  },

  encode(piece) {
    checkUint32('piece', piece);
    const payload = new Uint8Array(MESSAGE_LENGTH);
    writeUint32(payload, 0, piece);
    return payload;
  },
};
