import fc from 'fast-check';
import type { BencodeInput, BencodeValue } from '../src/index.ts';
import { BencodeError, decode, decodePrefix, encode, parse, parseSteps } from '../src/index.ts';
import { fromDecoded, fromNode } from './vector-value.ts';

const key = fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

const { value } = fc.letrec<{ value: BencodeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc
      .uniqueArray(fc.tuple(key, tie('value')), { selector: ([name]) => name, maxLength: 6 })
      .map((members) => new Map(members)),
  ),
}));

/** Bytes that look like bencode more often than chance would have it. */
const almost = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'i',
        'l',
        'd',
        'e',
        '0',
        '1',
        '2',
        '9',
        ':',
        '-',
        '1:a',
        '1:b',
        'i1e',
        '0:',
        '00:',
        'i-0e',
      ),
      fc.uint8Array({ maxLength: 2 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    ),
    { maxLength: 40 },
  )
  .map((parts) => new Uint8Array(Buffer.from(parts.join(''), 'latin1')));

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    return undefined;
  }
}

/** Maps compare by the order of their keys, which encoding sorts. */
function sorted(input: BencodeValue): BencodeValue {
  if (Array.isArray(input)) return input.map(sorted);
  if (!(input instanceof Map)) return input;
  const members = [...input].map(([name, member]) => [name, sorted(member)] as const);
  return new Map(members.sort(([left], [right]) => (left < right ? -1 : 1)));
}

describe('properties', () => {
  it('gives the same in steps of any size', () => {
    const inSteps = (bytes: Uint8Array, tokens: number): unknown => {
      const steps = parseSteps(bytes, { lenient: true }, tokens);
      for (let pauses = 0; ; pauses++) {
        const result = steps.next();
        if (result.done !== true) continue;
        return { value: result.value.root.toValue(), end: result.value.end };
      }
    };
    const atOnce = (bytes: Uint8Array): unknown => {
      const { root, end } = parse(bytes, { lenient: true });
      return { value: root.toValue(), end };
    };
    const outcome = (read: () => unknown): unknown => {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof BencodeError)) throw error;
        return [error.code, error.offset];
      }
    };
    fc.assert(
      fc.property(
        fc.oneof(
          value.map((item) => encode(item)),
          almost,
        ),
        fc.integer({ min: 1, max: 9 }),
        (bytes, tokens) => {
          expect(outcome(() => inSteps(bytes, tokens))).toEqual(outcome(() => atOnce(bytes)));
        },
      ),
    );
  });

  it('pauses behind every step', () => {
    const steps = parseSteps(encode([1, 2, 3, 4, 5]), {}, 2);
    let pauses = 0;
    while (steps.next().done !== true) pauses++;
    expect(pauses).toBe(3);
  });

  it('decoding undoes encoding', () => {
    fc.assert(
      fc.property(value, (input) => {
        expect(fromDecoded(decode(encode(input as BencodeInput)))).toEqual(
          fromDecoded(sorted(input)),
        );
      }),
    );
  });

  it('what strict decoding accepts is what encoding gives', () => {
    fc.assert(
      fc.property(almost, (bytes) => {
        const decoded = attempt(() => decode(bytes));
        if (decoded !== undefined) {
          expect(Buffer.from(encode(decoded as BencodeInput)).equals(bytes)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('any bytes give a value or a typed error, and all ways of reading agree', () => {
    fc.assert(
      fc.property(fc.oneof(almost, fc.uint8Array()), fc.boolean(), (bytes, lenient) => {
        const document = attempt(() => parse(bytes, { lenient }));
        const decoded = attempt(() => decode(bytes, { lenient }));
        expect(decoded === undefined).toBe(document === undefined);
        if (document === undefined || decoded === undefined) return;
        expect(fromDecoded(document.root.toValue())).toEqual(fromDecoded(decoded));
        if (!lenient) expect(fromNode(document.root)).toEqual(fromDecoded(decoded));
        expect(document.root.start).toBe(0);
        expect(document.root.end).toBe(document.end);
        expect(decodePrefix(bytes, { lenient }).length).toBe(document.end);
      }),
      { numRuns: 2000 },
    );
  });

  it('a strict document is one a lenient reading has no remarks on', () => {
    fc.assert(
      fc.property(almost, (bytes) => {
        let remarks = 0;
        const lenient = attempt(() =>
          parse(bytes, { lenient: true, onIrregularity: () => remarks++ }),
        );
        const strict = attempt(() => parse(bytes));
        expect(strict !== undefined).toBe(lenient !== undefined && remarks === 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('the source of any value decodes to that value', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (items) => {
        for (const node of parse(encode(items)).root.items()) {
          expect(fromDecoded(decode(node.source()))).toEqual(fromNode(node));
        }
      }),
    );
  });
});
