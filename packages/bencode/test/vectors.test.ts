import { createHash } from 'node:crypto';
import type { Irregularity } from '../src/index.ts';
import { BencodeError, decode, encode, parse } from '../src/index.ts';
import type { Recipe, VectorValue } from './vector-value.ts';
import { bytesOf, fromDecoded, fromNode, readFixture, toDecoded } from './vector-value.ts';

interface Vector {
  readonly id: string;
  readonly hex?: string;
  readonly recipe?: Recipe;
  readonly length?: number;
  readonly sha256?: string;
  readonly reason?: string;
  readonly value: VectorValue;
  readonly lenient_value: VectorValue;
  readonly irregularities: readonly string[];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function errorOf(action: () => unknown): BencodeError {
  try {
    action();
  } catch (error) {
    if (error instanceof BencodeError) return error;
    throw error;
  }
  throw new Error('did not throw');
}

describe('valid vectors', () => {
  it.each((readFixture('valid') as Vector[]).map((vector) => [vector.id, vector] as const))(
    '%s',
    (_, vector) => {
      const bytes = bytesOf(vector);
      expect(fromDecoded(decode(bytes))).toEqual(vector.value);
      expect(fromNode(parse(bytes).root)).toEqual(vector.value);
      expect(hex(encode(toDecoded(vector.value)))).toBe(hex(bytes));
    },
  );
});

/** Classes of the vectors, and the codes that say so. */
const CODES: Record<string, readonly string[]> = {
  empty_input: ['ERR_BENCODE_TRUNCATED'],
  truncated: ['ERR_BENCODE_TRUNCATED', 'ERR_BENCODE_TOO_DEEP'],
  no_digits: ['ERR_BENCODE_INVALID_INTEGER'],
  bad_digit: ['ERR_BENCODE_INVALID_INTEGER'],
  bad_string_prefix: ['ERR_BENCODE_INVALID_STRING_LENGTH'],
  bad_type_byte: ['ERR_BENCODE_UNEXPECTED_BYTE'],
  missing_value: ['ERR_BENCODE_MISSING_VALUE'],
  non_string_key: ['ERR_BENCODE_KEY_NOT_BYTES'],
  too_deep: ['ERR_BENCODE_TOO_DEEP'],
  trailing_data: ['ERR_BENCODE_TRAILING_DATA'],
  negative_zero: ['ERR_BENCODE_NEGATIVE_ZERO', 'ERR_BENCODE_LEADING_ZERO'],
  leading_zero: ['ERR_BENCODE_LEADING_ZERO'],
  unsorted_keys: ['ERR_BENCODE_UNSORTED_KEYS'],
  duplicate_key: ['ERR_BENCODE_DUPLICATE_KEY'],
};

describe('invalid vectors', () => {
  it.each((readFixture('invalid') as Vector[]).map((vector) => [vector.id, vector] as const))(
    '%s',
    (_, vector) => {
      const bytes = bytesOf(vector);
      if (vector.sha256 !== undefined) {
        expect(bytes.length).toBe(vector.length);
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(vector.sha256);
      }
      const error = errorOf(() => decode(bytes));
      expect(CODES[vector.reason ?? '']).toContain(error.code);
      expect(error.offset).toBeGreaterThanOrEqual(0);
      expect(error.offset).toBeLessThanOrEqual(bytes.length);
      if (vector.reason !== 'trailing_data') {
        expect(errorOf(() => decode(bytes, { lenient: true })).code).toBe(error.code);
      }
    },
  );
});

describe('vectors that are not canonical', () => {
  it.each((readFixture('noncanonical') as Vector[]).map((vector) => [vector.id, vector] as const))(
    '%s',
    (_, vector) => {
      const bytes = bytesOf(vector);
      expect(CODES[vector.reason ?? '']).toContain(errorOf(() => decode(bytes)).code);

      const found: Irregularity[] = [];
      const document = parse(bytes, {
        lenient: true,
        onIrregularity: (irregularity) => found.push(irregularity),
      });
      expect(fromNode(document.root)).toEqual(vector.lenient_value);
      expect([...new Set(found.map(({ kind }) => kind))].sort()).toEqual(vector.irregularities);
      for (const { offset } of found) {
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset).toBeLessThan(bytes.length);
      }
    },
  );
});

interface InfoHashVector {
  readonly id: string;
  readonly torrent_hex: string;
  readonly irregularities: readonly string[];
  readonly info_offset: number;
  readonly info_length: number;
  readonly info_hash_v1: string;
}

describe('source spans', () => {
  it.each(
    (readFixture('infohash-original-bytes') as InfoHashVector[]).map(
      (vector) => [vector.id, vector] as const,
    ),
  )('%s', (_, vector) => {
    const kinds = new Set<string>();
    const document = parse(Buffer.from(vector.torrent_hex, 'hex'), {
      lenient: true,
      onIrregularity: ({ kind }) => kinds.add(kind),
    });
    const info = document.root.get('info')!;
    expect(info.start).toBe(vector.info_offset);
    expect(info.end - info.start).toBe(vector.info_length);
    expect(createHash('sha1').update(info.source()).digest('hex')).toBe(vector.info_hash_v1);
    expect([...kinds].sort()).toEqual(vector.irregularities);
  });
});
