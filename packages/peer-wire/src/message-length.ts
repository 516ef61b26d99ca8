import { WireError } from './errors.ts';

/** A message, or a part of it, exceeds its limit. */
export function tooLong(what: string, length: number, limit: number): WireError {
  return new WireError(
    'ERR_WIRE_MESSAGE_TOO_LONG',
    `${what} of ${length} bytes exceeds the limit of ${limit}`,
  );
}

/** The length of a message is none that its kind can have. */
export function wrongLength(what: string, length: number, expected: string): WireError {
  return new WireError(
    'ERR_WIRE_MESSAGE_LENGTH',
    `${what} with length ${length}; it must be ${expected}`,
  );
}
