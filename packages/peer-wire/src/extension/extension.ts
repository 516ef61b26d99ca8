import { WireError } from '../errors.ts';

/** The extended id of the extended handshake (BEP 10). All others are agreed on by it. */
export const EXTENSION_HANDSHAKE_ID = 0;

/**
 * One extension of the extension protocol (BEP 10): its name and how its messages are written. It holds no state, so one object
 * serves all connections.
 *
 * To add an extension, write one file that exports such an object, export it from the index, and register it.
 */
export interface Extension<Message> {
  /** The key in the `m` dictionary of the extended handshake, such as `ut_metadata`. */
  readonly name: string;
  /**
   * Reads the payload of an extended message, without its extended id. Gives undefined for a message to be ignored: a kind that
   * later versions may define. Throws `ERR_WIRE_EXTENSION_PAYLOAD` for one that cannot be read. Bytes in the result may be views
   * of `payload`.
   */
  decode(payload: Uint8Array): Message | undefined;
  /** The payload for a message. Throws `ERR_WIRE_INVALID_ARGUMENT`. */
  encode(message: Message): Uint8Array;
}

/** The payload of an extended message is not what it should be. */
export function unreadable(message: string, cause?: unknown): WireError {
  return new WireError('ERR_WIRE_EXTENSION_PAYLOAD', message, { cause });
}
