import type { BencodeInput } from '../src/index.ts';
import { BencodeError, decode, encode } from '../src/index.ts';
import { text } from './vector-value.ts';

const encoded = (value: BencodeInput): string => Buffer.from(encode(value)).toString('latin1');

function codeOf(value: unknown): string | undefined {
  try {
    encode(value as BencodeInput);
  } catch (error) {
    if (error instanceof BencodeError) return error.code;
    throw error;
  }
  return undefined;
}

describe('encode', () => {
  it.each<[BencodeInput, string]>([
    [0, 'i0e'],
    [-0, 'i0e'],
    [-5, 'i-5e'],
    [2n ** 64n, 'i18446744073709551616e'],
    ['', '0:'],
    ['é', '2:\xc3\xa9'],
    ['\ud800', '3:\xef\xbf\xbd'],
    [text('\xff'), '1:\xff'],
    [[], 'le'],
    [[1, [2]], 'li1eli2eee'],
    [{}, 'de'],
    [{ b: 1, a: 2 }, 'd1:ai2e1:bi1ee'],
    [{ a: undefined, b: 1 }, 'd1:bi1ee'],
    [new Map([['z', 1]]), 'd1:zi1ee'],
    [
      new Map([
        ['\xff', 1],
        ['\x80', 2],
        ['a', 3],
        ['', 4],
      ]),
      'd0:i4e1:ai3e1:\x80i2e1:\xffi1ee',
    ],
    [JSON.parse('{"__proto__": 1}') as BencodeInput, 'd9:__proto__i1ee'],
    [Object.assign(Object.create(null) as object, { a: 1 }), 'd1:ai1ee'],
  ])('%p', (value, expected) => {
    expect(encoded(value)).toBe(expected);
  });

  it('sorts numeric keys as bytes', () => {
    expect(encoded({ 10: 1, 9: 2, 1: 3 })).toBe('d1:1i3e2:10i1e1:9i2ee');
  });

  it('gives memory of its own', () => {
    const bytes = encode('abc');
    expect(bytes.constructor).toBe(Uint8Array);
    expect(bytes.buffer.byteLength).toBe(5);
  });

  it('puts long and short byte strings in order', () => {
    const sizes = [3, 70_000, 0, 300, 65_536, 65_535, 5_000_000, 1];
    const list = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
    const expected = list.flatMap((bytes) => [Buffer.from(`${bytes.length}:`), bytes]);
    const encoded = encode(list);
    const whole = Buffer.concat([Buffer.from('l'), ...expected, Buffer.from('e')]);
    expect(Buffer.compare(encoded, whole)).toBe(0);
    list[1]?.fill(0);
    expect(Buffer.compare(encoded, whole)).toBe(0);
  });

  it('takes the same value twice', () => {
    const shared = [1];
    expect(encoded([shared, shared])).toBe('lli1eeli1eee');
  });

  it.each([
    ['a fraction', 1.5],
    ['an unsafe integer', 2 ** 53],
    ['NaN', NaN],
    ['infinity', Infinity],
    ['null', null],
    ['undefined', undefined],
    ['a hole', [undefined]],
    ['a boolean', true],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a set', new Set()],
    ['an array buffer', new ArrayBuffer(1)],
  ])('refuses %s', (_, value) => {
    expect(codeOf(value)).toBe('ERR_BENCODE_UNENCODABLE');
    expect(codeOf({ key: [value] })).toBe('ERR_BENCODE_UNENCODABLE');
  });

  it('refuses keys that are no byte strings', () => {
    expect(codeOf({ ключ: 1 })).toBe('ERR_BENCODE_INVALID_KEY');
    expect(codeOf(new Map([[1, 1]]))).toBe('ERR_BENCODE_INVALID_KEY');
    // With others beside them, so that they are put in order.
    expect(
      codeOf(
        new Map<unknown, number>([
          [Symbol('a'), 1],
          ['b', 2],
        ]),
      ),
    ).toBe('ERR_BENCODE_INVALID_KEY');
  });

  it('refuses cycles and depth', () => {
    const list: BencodeInput[] = [];
    list.push({ list });
    expect(codeOf(list)).toBe('ERR_BENCODE_CYCLE');
    let deep: BencodeInput = 1;
    for (let depth = 0; depth < 101; depth++) deep = [deep];
    expect(codeOf(deep)).toBe('ERR_BENCODE_TOO_DEEP');
    for (let depth = 101; depth < 100_000; depth++) deep = { a: deep };
    expect(encode(deep, { maxDepth: 100_000 })).toHaveLength(5 * (100_000 - 101) + 202 + 3);
  });

  it('writes what decode reads', () => {
    const value = new Map<string, BencodeInput>([['list', [1, 'two', 3n]]]);
    expect(decode(encode(value))).toEqual(new Map([['list', [1, text('two'), 3]]]));
  });
});
