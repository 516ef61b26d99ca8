import { readUint32, writeUint32 } from '@shoal/net';

/** 2³²: the weight of the upper half of a 64-bit number. */
const UPPER = 0x1_0000_0000;

/** The unsigned 64-bit number at `at`. */
export function readUint64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(readUint32(bytes, at)) << 32n) | BigInt(readUint32(bytes, at + 4));
}

/** Writes the lower 64 bits of `value`. */
export function writeUint64(bytes: Uint8Array, at: number, value: bigint): void {
  writeUint32(bytes, at, Number((value >> 32n) & 0xffff_ffffn));
  writeUint32(bytes, at + 4, Number(value & 0xffff_ffffn));
}

/** The unsigned 64-bit number at `at`: exact, and a bigint only where a number would not be. */
export function readCount(bytes: Uint8Array, at: number): number | bigint {
  const upper = readUint32(bytes, at);
  // Below 2⁵³ every integer has a number of its own.
  return upper < 0x20_0000 ? upper * UPPER + readUint32(bytes, at + 4) : readUint64(bytes, at);
}

/** Writes a count of bytes: a whole number, 0 or more. What does not fit into 63 bits, as some read it, is cut to that. */
export function writeCount(bytes: Uint8Array, at: number, value: number | bigint): void {
  if (typeof value === 'number' && value <= Number.MAX_SAFE_INTEGER) {
    writeUint32(bytes, at, Math.floor(value / UPPER));
    writeUint32(bytes, at + 4, value % UPPER);
    return;
  }
  const largest = 0x7fff_ffff_ffff_ffffn;
  const whole = value === Infinity ? largest : BigInt(value);
  writeUint64(bytes, at, whole < largest ? whole : largest);
}
