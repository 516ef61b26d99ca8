import type { BencodeValue } from '../../../packages/bencode/src/index.ts';

/** Containers inside one another that this reader follows: it recurses, and the decoder under test stops there, too. */
const MAX_DEPTH = 100;

/** What a plain reader makes of bytes: the value and where it ends, or undefined. `isCanonical` is false for what strict reading refuses. */
export interface ModelResult {
  readonly value: BencodeValue;
  readonly end: number;
  readonly isCanonical: boolean;
}

/**
 * The simplest reader of bencode there can be, written from BEP 3 and not from the one it is compared with: by recursion and regular
 * expressions, slow, and with bigints for all numbers.
 */
export function readModel(bytes: Uint8Array): ModelResult | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let at = 0;
  // A cast, since what the functions below do to it is not seen.
  let isCanonical = true as boolean;

  function string(): Uint8Array | undefined {
    const [whole, digits = ''] = /^(\d+):/.exec(text.slice(at, at + 30)) ?? [];
    if (whole === undefined) {
      // More digits than any length of an input has: only zeros could make a number of them that fits.
      const [long, zeros = '', rest = ''] = /^(0+)(\d*):/.exec(text.slice(at)) ?? [];
      if (long === undefined || rest.length > 20) return undefined;
      return take(long.length, BigInt(rest === '' ? '0' : rest), zeros.length > 0);
    }
    return take(whole.length, BigInt(digits), digits.length > 1 && digits.startsWith('0'));
  }

  function take(head: number, length: bigint, isOdd: boolean): Uint8Array | undefined {
    const start = at + head;
    if (length > BigInt(bytes.length - start)) return undefined;
    if (isOdd) isCanonical = false;
    at = start + Number(length);
    return bytes.slice(start, at);
  }

  function value(depth: number): BencodeValue | undefined {
    const byte = text[at];
    if (byte === 'i') {
      const end = text.indexOf('e', at);
      const digits = text.slice(at + 1, end);
      if (end < 0 || !/^-?\d+$/.test(digits) || digits.length > 1_024) return undefined;
      if (!/^(?:0|-?[1-9]\d*)$/.test(digits)) isCanonical = false;
      at = end + 1;
      const exact = BigInt(digits);
      const rounded = Number(exact);
      return Number.isSafeInteger(rounded) ? rounded : exact;
    }
    if (byte === 'l' || byte === 'd') {
      if (depth >= MAX_DEPTH) return undefined;
      at++;
      return byte === 'l' ? list(depth) : dictionary(depth);
    }
    return string();
  }

  function list(depth: number): BencodeValue | undefined {
    const items: BencodeValue[] = [];
    while (text[at] !== 'e') {
      const item = value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    at++;
    return items;
  }

  function dictionary(depth: number): BencodeValue | undefined {
    const entries = new Map<string, BencodeValue>();
    let last: Buffer | undefined;
    while (text[at] !== 'e') {
      const key = string();
      if (key === undefined) return undefined;
      const raw = Buffer.from(key);
      if (last !== undefined && Buffer.compare(last, raw) >= 0) isCanonical = false;
      last = raw;
      const entry = value(depth + 1);
      if (entry === undefined) return undefined;
      const name = raw.toString('latin1');
      if (!entries.has(name)) entries.set(name, entry);
    }
    at++;
    return entries;
  }

  const found = value(0);
  if (found === undefined) return undefined;
  return { value: found, end: at, isCanonical: isCanonical && at === bytes.length };
}
