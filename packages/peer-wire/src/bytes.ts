import { WireError } from './errors.ts';

/** Up to this many bytes a plain loop beats making a view, in bytes (measured; the two meet near 32). */
const LOOP_LENGTH = 16;

/**
 * Copies `length` bytes of `source` from `from` on into `target` at `at`. The caller has checked both ranges. A view of
 * the source is made only where it cannot be avoided: it costs as much as copying a kilobyte.
 */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  length: number,
): void {
  if (length <= LOOP_LENGTH) {
    for (let i = 0; i < length; i++) target[at + i] = source[from + i] ?? 0;
  } else if (length === source.length) {
    target.set(source, at);
  } else {
    target.set(new Uint8Array(source.buffer, source.byteOffset + from, length), at);
  }
}

/** Whether two byte strings are the same. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lower-case hex, for messages. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Throws `ERR_WIRE_INVALID_ARGUMENT` unless there are `length` bytes. */
export function checkLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new WireError(
      'ERR_WIRE_INVALID_ARGUMENT',
      `${what} must have ${length} bytes, not ${bytes.length}`,
    );
  }
}

/** Throws `ERR_WIRE_INVALID_ARGUMENT` unless `value` is an unsigned 32-bit integer. */
export function checkUint32(name: string, value: number): void {
  if (value >>> 0 !== value) {
    throw new WireError(
      'ERR_WIRE_INVALID_ARGUMENT',
      `${name} must be an integer from 0 to 4294967295, not ${value}`,
    );
  }
}

/** Throws `ERR_WIRE_INVALID_ARGUMENT` unless `value` is an integer from 0 to `max`. */
export function checkInteger(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new WireError(
      'ERR_WIRE_INVALID_ARGUMENT',
      `${name} must be an integer from 0 to ${max}, not ${value}`,
    );
  }
}
