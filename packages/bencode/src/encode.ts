import { BencodeError } from './errors.ts';
import { DEFAULT_MAX_DEPTH } from './limits.ts';
import { ByteSink } from './byte-sink.ts';
import { BYTE_DICTIONARY, BYTE_END, BYTE_LIST } from './content.ts';
import type { BencodeInput } from './types.ts';

/** Options of {@link encode}. */
export interface EncodeOptions {
  /** Containers inside one another. Default 100, as for decoding. */
  readonly maxDepth?: number;
}

/** A container that is being written: its remaining members, and for a dictionary their keys. */
interface Frame {
  readonly container: object;
  readonly values: readonly BencodeInput[];
  readonly keys: readonly string[] | undefined;
  next: number;
}

/**
 * Encode a value in the canonical form (BEP 3): keys sorted by their raw bytes, no leading zeros. Linear in the output but
 * for sorting, without recursion.
 *
 * Throws {@link BencodeError}: ERR_BENCODE_UNENCODABLE for what bencode cannot hold (fractions, unsafe integers as `number`,
 * `null`, booleans, class instances), ERR_BENCODE_INVALID_KEY, ERR_BENCODE_CYCLE, ERR_BENCODE_TOO_DEEP.
 */
export function encode(value: BencodeInput, options: EncodeOptions = {}): Uint8Array {
  const maxDepth = options.maxDepth ?? DEFAULT_MAX_DEPTH;
  // Callers without types can pass it.
  if ((value as unknown) === undefined) throw unencodable(value);
  const sink = new ByteSink();
  const stack: Frame[] = [];
  const open = new Set<object>();
  let current: BencodeInput | undefined = value;

  for (;;) {
    if (current !== undefined) {
      const frame = writeValue(sink, current);
      if (frame !== undefined) {
        if (open.has(frame.container)) {
          throw new BencodeError('ERR_BENCODE_CYCLE', 'the value contains itself');
        }
        if (stack.length >= maxDepth) {
          throw new BencodeError(
            'ERR_BENCODE_TOO_DEEP',
            `nested deeper than the limit of ${maxDepth}`,
          );
        }
        open.add(frame.container);
        stack.push(frame);
      }
    }
    const frame = stack.at(-1);
    if (frame === undefined) return sink.finish();
    if (frame.next === frame.values.length) {
      sink.byte(BYTE_END);
      open.delete(frame.container);
      stack.pop();
      current = undefined;
      continue;
    }
    const key = frame.keys?.[frame.next];
    if (key !== undefined) writeKey(sink, key);
    current = frame.values[frame.next++];
    if (current === undefined) throw unencodable(current);
  }
}

/** Write a scalar, or the opening of a container, whose members are then left to the caller. */
function writeValue(sink: ByteSink, value: BencodeInput): Frame | undefined {
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value)) throw unencodable(value);
      sink.ascii(`i${value === 0 ? 0 : value}e`);
      return undefined;
    case 'bigint':
      sink.ascii(`i${value.toString()}e`);
      return undefined;
    case 'string':
      sink.text(value);
      return undefined;
    case 'object':
      return writeObject(sink, value);
    default:
      throw unencodable(value);
  }
}

function writeObject(sink: ByteSink, value: Exclude<BencodeInput, string>): Frame | undefined {
  if (value instanceof Uint8Array) {
    sink.ascii(`${value.length}:`);
    sink.bytes(value);
    return undefined;
  }
  if (Array.isArray(value)) {
    sink.byte(BYTE_LIST);
    return { container: value, values: value as readonly BencodeInput[], keys: undefined, next: 0 };
  }
  let members: [string, BencodeInput][];
  if (value instanceof Map) {
    members = [...(value as ReadonlyMap<string, BencodeInput>)];
    // Before they are put in order: not everything can be compared.
    for (const [key] of members) checkKey(key);
  } else if (isPlainObject(value)) {
    members = Object.entries(value as Readonly<Record<string, BencodeInput | undefined>>).filter(
      (member): member is [string, BencodeInput] => member[1] !== undefined,
    );
  } else throw unencodable(value);
  // One character stands for one byte, so the order of code units is the order of bytes.
  members.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  sink.byte(BYTE_DICTIONARY);
  return {
    container: value as object,
    values: members.map(([, member]) => member),
    keys: members.map(([key]) => key),
    next: 0,
  };
}

/** Callers without types can pass any. */
function checkKey(key: unknown): void {
  if (typeof key !== 'string') {
    throw new BencodeError('ERR_BENCODE_INVALID_KEY', 'a dictionary key is not a string');
  }
}

function writeKey(sink: ByteSink, key: string): void {
  if (!sink.latin1(key)) {
    throw new BencodeError(
      'ERR_BENCODE_INVALID_KEY',
      `the key ${JSON.stringify(key)} has characters above U+00FF; keys hold one byte per character (see keyFromBytes)`,
    );
  }
}

/** By its prototype chain, so that objects of other realms count. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function unencodable(value: unknown): BencodeError {
  const what =
    typeof value === 'number'
      ? `the number ${value} (only integers of magnitude below 2^53; use bigint beyond)`
      : value === null
        ? 'null'
        : typeof value === 'object'
          ? 'an object that is neither plain nor a Map, array or Uint8Array'
          : `a value of type ${typeof value}`;
  return new BencodeError('ERR_BENCODE_UNENCODABLE', `bencode cannot hold ${what}`);
}
