import type { BencodeErrorCode, BencodeNode, Irregularity } from '../src/index.ts';
import {
  BencodeError,
  bytesFromKey,
  decode,
  decodePrefix,
  keyFromBytes,
  parse,
} from '../src/index.ts';
import { text } from './vector-value.ts';

function codeOf(action: () => unknown): BencodeErrorCode | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof BencodeError) return error.code;
    throw error;
  }
  return undefined;
}

describe('decode', () => {
  it('gives byte strings as views of the input', () => {
    const bytes = text('l3:abce');
    const [item] = decode(bytes) as [Uint8Array];
    expect(item.buffer).toBe(bytes.buffer);
    bytes[3] = 0x7a;
    expect(Buffer.from(item).toString()).toBe('zbc');
  });

  it('gives equal short byte strings of lists as one view, and others as their own', () => {
    const long = `100:${'x'.repeat(100)}`;
    const value = decode(text(`ll3:abc1:ael3:abc1:bel${long}ee`));
    const [first, second, third] = value as [Uint8Array[], Uint8Array[], Uint8Array[]];
    expect(second[0]).toBe(first[0]);
    expect(second[1]).not.toEqual(first[1]);
    expect(third[0]).toHaveLength(100);
  });

  it('tells any two byte strings of a list apart', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => index.toString(36));
    const twice = [...names, ...names.reverse()];
    const list = decode(text(`l${twice.map((name) => `${name.length}:${name}`).join('')}e`));
    expect((list as Uint8Array[]).map((item) => Buffer.from(item).toString())).toEqual(twice);
  });

  it('decodes documents of hundreds of thousands of values', () => {
    const count = 300_000;
    const list = decode(text(`l${'i7e'.repeat(count)}e`)) as number[];
    expect(list).toHaveLength(count);
    expect(list.every((item) => item === 7)).toBe(true);
  });

  it('reads from a part of a larger buffer', () => {
    const whole = text('xxd1:a2:bcexx');
    expect(decode(whole.subarray(2, -2))).toEqual(new Map([['a', text('bc')]]));
  });

  it('reads nothing behind a part of a larger buffer', () => {
    const whole = text('4:abcdi12ele');
    for (const [start, end] of [
      [0, 5],
      [6, 9],
      [10, 11],
    ]) {
      expect(codeOf(() => decode(whole.subarray(start, end)))).toBe('ERR_BENCODE_TRUNCATED');
    }
  });

  it.each([
    ['i9007199254740991e', 9007199254740991],
    ['i9007199254740992e', 9007199254740992n],
    ['i-9007199254740991e', -9007199254740991],
    ['i-9007199254740992e', -9007199254740992n],
    ['i999999999999999e', 999999999999999],
    ['i1000000000000000e', 1000000000000000],
  ])('reads %s as a number while it is exact', (input, value) => {
    expect(decode(text(input))).toBe(value);
  });

  it('never gives negative zero', () => {
    expect(Object.is(decode(text('i-0e'), { lenient: true }), 0)).toBe(true);
    expect(Object.is(decode(text('i-0000000000000000000e'), { lenient: true }), 0)).toBe(true);
  });

  it('takes special keys for keys', () => {
    const value = decode(text('d9:__proto__i1e11:constructori2e8:toStringi3ee'));
    expect(value).toEqual(
      new Map([
        ['__proto__', 1],
        ['constructor', 2],
        ['toString', 3],
      ]),
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('tells apart keys that begin and end alike, however often they come', () => {
    const dictionary = 'd3:axbi1e3:aybi2e3:azbi3ee';
    const value = decode(text(`l${dictionary.repeat(3)}e`));
    const members = new Map([
      ['axb', 1],
      ['ayb', 2],
      ['azb', 3],
    ]);
    expect(value).toEqual([members, members, members]);
  });

  it('keeps the first value of a repeated key', () => {
    expect(decode(text('d1:ai1e1:ai2ee'), { lenient: true })).toEqual(new Map([['a', 1]]));
  });

  it('says where the input is wrong', () => {
    expect(() => decode(text('d1:ai1e1:bx1ee'))).toThrow(
      expect.objectContaining({ code: 'ERR_BENCODE_UNEXPECTED_BYTE', offset: 10 }) as Error,
    );
    expect(() => decode(text('li1e'))).toThrow('the input ends inside a value (at byte 4)');
  });
});

describe('lenient mode', () => {
  it('reports each irregularity where it stands', () => {
    const found: Irregularity[] = [];
    decode(text('d1:bi01e1:ai-0e1:b01:x1:ci1eezz'), {
      lenient: true,
      onIrregularity: (irregularity) => found.push(irregularity),
    });
    expect(found).toEqual([
      { kind: 'leading_zero_int', offset: 4 },
      { kind: 'unsorted_keys', offset: 8 },
      { kind: 'negative_zero', offset: 11 },
      { kind: 'duplicate_key', offset: 15 },
      { kind: 'leading_zero_strlen', offset: 18 },
      { kind: 'trailing_data', offset: 29 },
    ]);
  });

  it('takes linear time for many keys out of order', () => {
    const keys = Array.from({ length: 50_000 }, (_, index) => `5:${99_999 - index}i0e`);
    let count = 0;
    const options = { lenient: true, onIrregularity: () => count++ };
    expect((decode(text(`d${keys.join('')}e`), options) as Map<string, unknown>).size).toBe(50_000);
    expect(count).toBe(49_999);
  });
});

describe('limits', () => {
  it('bounds the depth', () => {
    const nested = (depth: number): Uint8Array => text('l'.repeat(depth) + 'e'.repeat(depth));
    expect(codeOf(() => decode(nested(100)))).toBeUndefined();
    expect(codeOf(() => decode(nested(101)))).toBe('ERR_BENCODE_TOO_DEEP');
    expect(codeOf(() => decode(nested(3), { maxDepth: 2 }))).toBe('ERR_BENCODE_TOO_DEEP');
    expect(codeOf(() => decode(text('i1e'), { maxDepth: 0 }))).toBeUndefined();
    // Deeper than any call stack.
    expect(codeOf(() => decode(nested(500_000), { maxDepth: 500_000 }))).toBeUndefined();
  });

  it('bounds the tokens', () => {
    const list = (items: number): Uint8Array => text(`l${'0:'.repeat(items)}e`);
    expect(codeOf(() => decode(list(8), { maxTokens: 10 }))).toBeUndefined();
    expect(codeOf(() => decode(list(9), { maxTokens: 10 }))).toBe('ERR_BENCODE_TOO_MANY_TOKENS');
    expect(codeOf(() => decode(list(3_000_000)))).toBe('ERR_BENCODE_TOO_MANY_TOKENS');
  });

  it('bounds the input', () => {
    expect(codeOf(() => decode(text('3:abc'), { maxLength: 5 }))).toBeUndefined();
    expect(codeOf(() => decode(text('4:abcd'), { maxLength: 5 }))).toBe('ERR_BENCODE_TOO_LONG');
  });

  it('bounds the digits of an integer', () => {
    const long = text(`i${'1'.repeat(1024)}e`);
    expect(decode(long)).toBe(BigInt('1'.repeat(1024)));
    expect(codeOf(() => decode(text(`i${'1'.repeat(1025)}e`)))).toBe(
      'ERR_BENCODE_INTEGER_TOO_LONG',
    );
    expect(codeOf(() => decode(text('i-12e'), { maxIntegerLength: 2 }))).toBe(
      'ERR_BENCODE_INTEGER_TOO_LONG',
    );
  });
});

describe('decodePrefix', () => {
  it('says where the value ends', () => {
    const bytes = text('d8:msg_typei1e5:piecei0eerest');
    const { value, length } = decodePrefix(bytes);
    expect(value).toEqual(
      new Map([
        ['msg_type', 1],
        ['piece', 0],
      ]),
    );
    expect(Buffer.from(bytes.subarray(length)).toString()).toBe('rest');
  });

  it('is strict about the value itself', () => {
    expect(codeOf(() => decodePrefix(text('i01e')))).toBe('ERR_BENCODE_LEADING_ZERO');
    expect(codeOf(() => decodePrefix(text('3:ab')))).toBe('ERR_BENCODE_TRUNCATED');
  });
});

describe('BencodeNode', () => {
  const source = text('d4:infod6:lengthi5e4:name3:abce4:listl1:xi2elee5:texts3:\xc3\xa9!e');
  const { root } = parse(source);
  const get = (node: BencodeNode, key: string): BencodeNode => node.get(key)!;

  it('knows its kind, size and exact bytes', () => {
    const info = get(root, 'info');
    expect([info.type, info.size, info.start, info.end]).toEqual(['dictionary', 2, 7, 31]);
    expect(Buffer.from(info.source()).toString()).toBe('d6:lengthi5e4:name3:abce');
    expect([get(info, 'name').type, get(info, 'name').size]).toEqual(['bytes', 3]);
    expect(Buffer.from(get(info, 'name').source()).toString()).toBe('3:abc');
    expect([get(info, 'length').type, get(info, 'length').size]).toEqual(['integer', 0]);
    expect([get(root, 'list').type, get(root, 'list').size]).toEqual(['list', 3]);
    expect(root.end).toBe(source.length);
  });

  it('finds keys', () => {
    expect(root.has('info')).toBe(true);
    expect(root.has('inf')).toBe(false);
    expect(root.has('infox')).toBe(false);
    expect(root.has('length')).toBe(false);
    expect(get(root, 'list').get('x')).toBeUndefined();
    expect([...root.entries()].map(([key]) => key)).toEqual(['info', 'list', 'texts']);
    expect([...get(root, 'list').items()].map(({ type }) => type)).toEqual([
      'bytes',
      'integer',
      'list',
    ]);
  });

  it('reads text only where it is UTF-8', () => {
    expect(get(root, 'texts').asText()).toBe('é!');
    expect(parse(text('2:\xff\xfe')).root.asText()).toBeUndefined();
    expect(parse(text('4:\xef\xbb\xbfa')).root.asText()).toBe('\uFEFFa');
    expect(parse(text('0:')).root.asText()).toBe('');
  });

  it('reads a list of texts at once, or says that it is none', () => {
    expect(parse(text('l0:2:\xc3\xa93:a/be')).root.asTexts()).toEqual(['', 'é', 'a/b']);
    expect(parse(text('le')).root.asTexts()).toEqual([]);
    for (const other of ['l1:ai1ee', 'l1:alee', 'l1:adee', 'l2:\xff\xfee']) {
      expect(parse(text(other)).root.asTexts()).toBeUndefined();
    }
  });

  it('gives views of the source', () => {
    expect(get(get(root, 'info'), 'name').asBytes().buffer).toBe(source.buffer);
    expect(get(root, 'info').source().buffer).toBe(source.buffer);
  });

  it('materialises only what it is asked for', () => {
    expect(get(root, 'list').toValue()).toEqual([text('x'), 2, []]);
    expect(get(get(root, 'info'), 'length').toValue()).toBe(5);
  });

  it('refuses to be read as another kind', () => {
    for (const read of [
      () => root.asInteger(),
      () => root.asBytes(),
      () => root.asText(),
      () => root.items(),
      () => root.asTexts(),
      () => get(root, 'list').entries(),
    ]) {
      expect(codeOf(read)).toBe('ERR_BENCODE_WRONG_TYPE');
    }
  });
});

describe('keys', () => {
  it('stand for bytes one by one', () => {
    const bytes = new Uint8Array([0, 0x41, 0x7f, 0x80, 0xff]);
    expect(keyFromBytes(bytes)).toBe('\0A\x7f\x80\xff');
    expect(bytesFromKey(keyFromBytes(bytes))).toEqual(bytes);
  });

  it('stay apart where they are not UTF-8', () => {
    const bytes = text('d2:\xc3\x28i1e2:\xc4\x28i2ee');
    expect([...(decode(bytes) as Map<string, unknown>)]).toEqual([
      ['\xc3(', 1],
      ['\xc4(', 2],
    ]);
  });
});
