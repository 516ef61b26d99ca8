import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { addressFromBytes, type IpFilter, IpFilterBuilder, IpFilterError } from '../src/index.ts';
import { parseFilterLine } from '../src/ip-filter/filter-line.ts';

async function filterOf(...lines: string[]): Promise<IpFilter> {
  const builder = new IpFilterBuilder();
  for (const line of lines) builder.add(line);
  return builder.build();
}

function ipv4(value: number): string {
  return [24, 16, 8, 0].map((bits) => (value >>> bits) & 255).join('.');
}

describe('a line of an IP filter', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4', '1.2.3.4'],
    ['  1.2.3.4\r', '1.2.3.4', '1.2.3.4'],
    ['1.2.3.0/24', '1.2.3.0', '1.2.3.255'],
    ['1.2.3.77/24', '1.2.3.0', '1.2.3.255'],
    ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
    ['9.9.9.9/32', '9.9.9.9', '9.9.9.9'],
    ['1.2.3.4-1.2.3.9', '1.2.3.4', '1.2.3.9'],
    ['001.009.096.105 - 001.009.096.255 , 000 , Some Organization', '1.9.96.105', '1.9.96.255'],
    ['1.2.3.4 - 1.2.3.5 , 127 , a, b: c - d', '1.2.3.4', '1.2.3.5'],
    ['1.2.3.4 - 1.2.3.5,0', '1.2.3.4', '1.2.3.5'],
    ['Some Organization:1.2.4.0-1.2.4.255', '1.2.4.0', '1.2.4.255'],
    ['a:b - c: 1.2.4.0 - 1.2.4.255', '1.2.4.0', '1.2.4.255'],
    [':1.2.4.0-1.2.4.255', '1.2.4.0', '1.2.4.255'],
    ['127.0.0.1 of old:1.2.4.0-1.2.4.255', '1.2.4.0', '1.2.4.255'],
    ['ab::1.2.3.4-1.2.3.5', '1.2.3.4', '1.2.3.5'],
    ['2001:db8::/32', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::/126', '2001:db8::', '2001:db8::3'],
    ['2001:db8::1', '2001:db8::1', '2001:db8::1'],
    ['2001:DB8::1 - 2001:db8::f , 5 , x', '2001:db8::1', '2001:db8::f'],
    ['Some: Org-1:2001:db8::1-2001:db8::2', '2001:db8::1', '2001:db8::2'],
    ['::ffff:1.2.3.4', '1.2.3.4', '1.2.3.4'],
    // What begins as a line of a .dat list does is one, whatever its name holds.
    ['1.2.3.4,1,x:5.6.7.8-5.6.7.9', '1.2.3.4', '1.2.3.4'],
    ['::1,1,,:5.6.7.8-5.6.7.9', '::1', '::1'],
  ])('%s', (line, start, end) => {
    const read = parseFilterLine(line);
    if (read.kind !== 'blocked') throw new Error(JSON.stringify(read));
    const textOf = (words: readonly number[]): string => {
      const bytes = words.flatMap((word) => [24, 16, 8, 0].map((bits) => (word >>> bits) & 255));
      return addressFromBytes(Uint8Array.from(bytes));
    };
    expect([textOf(read.range.start), textOf(read.range.end)]).toEqual([start, end]);
  });

  it.each(['', '  ', '# 1.2.3.4', '// 1.2.3.4', '; 1.2.3.4', '\r'])('%j says nothing', (line) => {
    expect(parseFilterLine(line)).toEqual({ kind: 'blank' });
  });

  it('of a trusted range blocks nothing', () => {
    expect(parseFilterLine('1.2.3.4 - 1.2.3.5 , 128 , x')).toEqual({ kind: 'allowed' });
  });

  it.each([
    'nothing',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4/33',
    '2001:db8::/129',
    '1.2.3.4-',
    '1.2.3.5-1.2.3.4',
    'x:1.2.3.5-1.2.3.4',
    '2001:db8::2-2001:db8::1',
    '1.2.3.4-2001:db8::1',
    'x:1.2.3.4-2001:db8::1',
    '0x7f.1.1.1',
    '1.2.3.0004',
    `x${'x'.repeat(5000)}:1.2.3.4-1.2.3.5`,
    '<html>',
  ])('%s cannot be read', (line) => {
    expect(parseFilterLine(line)).toMatchObject({ kind: 'malformed' });
  });

  it('that is too long is not looked at', () => {
    const line = `${'x'.repeat(5_000)}:1.2.3.4-1.2.3.5`;
    expect(parseFilterLine(line)).toEqual({ kind: 'malformed', reason: 'it is too long' });
  });

  it('is read whatever it holds', () => {
    const odd = fc.string({
      unit: fc.constantFrom(...Array.from('0123456789abcdef.:-/, \t#x')),
      maxLength: 80,
    });
    fc.assert(fc.property(fc.oneof(fc.string(), odd), (line) => void parseFilterLine(line)));
  });
});

describe('an IP filter', () => {
  const range = fc.tuple(fc.nat(400), fc.nat(30)).map(([start, length]) => ({ start, length }));

  it('blocks what is in one of its ranges, in whatever order they come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 40 }), async (ranges) => {
        // Around the places where a word of an address ends.
        const offset = 0x01ff_ff00;
        const filter = await filterOf(
          ...ranges.map(({ start, length }) => {
            return `${ipv4(offset + start)}-${ipv4(offset + start + length)}`;
          }),
        );
        const isIn = (value: number): boolean =>
          ranges.some(({ start, length }) => value >= start && value <= start + length);
        let islands = 0;
        for (let value = 0; value <= 432; value += 1) {
          if (isIn(value) && !isIn(value - 1)) islands += 1;
          if (filter.blocks(ipv4(offset + value)) !== isIn(value)) throw new Error(String(value));
        }
        expect(filter.ranges).toBe(islands);
        expect(filter.byteLength).toBe(islands * 8);
      }),
    );
  });

  it('does the same for IPv6', async () => {
    const addressOf = (value: number): string =>
      `2001:db8::${value > 200 ? '1' : '0'}:${((value + 0xff00) & 0xffff).toString(16)}:ffff`;
    const bounds = ['2001:db8::ffff:ffff', '2001:db8::1:0:0'];
    const filter = await filterOf('2001:db8::ffff:0-2001:db8::ffff:ffff', '2001:db8::1:0:0');
    expect(filter.ranges).toBe(1);
    expect(bounds.every((address) => filter.blocks(address))).toBe(true);
    expect(filter.blocks('2001:db8::1:0:1')).toBe(false);
    expect(filter.blocks('2001:db8::fffe:ffff')).toBe(false);
    const single = await filterOf(...[3, 1, 2].map((value) => addressOf(value)));
    expect(single.ranges).toBe(3);
    expect([0, 1, 2, 3, 4].map((value) => single.blocks(addressOf(value)))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('joins the ends of the number space', async () => {
    const filter = await filterOf(
      '255.255.255.255',
      '0.0.0.0',
      '255.255.255.0/25',
      '::/1',
      '8000::/1',
    );
    expect(filter.ranges).toBe(4);
    expect(filter.blocks('255.255.255.255')).toBe(true);
    expect(filter.blocks('255.255.255.128')).toBe(false);
    expect(filter.blocks('ffff::1')).toBe(true);
  });

  it('knows IPv4 in IPv6, scopes, and what is no address', async () => {
    const filter = await filterOf('1.2.3.4', 'fe80::/10');
    expect(filter.blocks('::ffff:1.2.3.4')).toBe(true);
    expect(filter.blocks('::ffff:102:304')).toBe(true);
    expect(filter.blocks('fe80::1%eth0')).toBe(true);
    expect(filter.blocks('1.2.3.4.5')).toBe(false);
    expect((await filterOf()).blocks('1.2.3.4')).toBe(false);
  });

  it('sorts more ranges than it sorts at once', async () => {
    const builder = new IpFilterBuilder();
    const count = 70_000;
    // 7919 has no divisor in common with the count: each number comes once.
    for (let index = 0; index < count; index += 1) {
      builder.add(ipv4(((index * 7919) % count) * 4));
    }
    expect(builder.ranges).toBe(count);
    const filter = await builder.build();
    expect(builder.ranges).toBe(0);
    expect(filter.ranges).toBe(count);
    for (let value = 0; value < count * 4; value += 1) {
      if (filter.blocks(ipv4(value)) !== (value % 4 === 0)) throw new Error(String(value));
    }
  });
});

describe('lists', () => {
  const LIST =
    '# comment\nA:1.0.0.0-1.0.0.255\r\n1.2.3.0/24\n2.0.0.0 - 2.0.0.9 , 200 , ok\n9.9.9.9';

  async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += length) {
      yield await Promise.resolve(bytes.subarray(at, at + length));
    }
  }

  it.each([1, 3, 7, 1000])('are read in pieces of %d bytes, packed or not', async (length) => {
    for (const bytes of [Buffer.from(LIST), gzipSync(LIST)]) {
      const builder = new IpFilterBuilder();
      const report = await builder.read(inPieces(bytes, length));
      expect(report).toEqual({ lines: 5, ranges: 3, allowed: 1, malformed: 0, problems: [] });
      const filter = await builder.build();
      expect(
        ['1.0.0.7', '1.2.3.4', '9.9.9.9', '2.0.0.1'].map((each) => filter.blocks(each)),
      ).toEqual([true, true, true, false]);
    }
  });

  it('may begin with a byte order mark, and be empty', async () => {
    const builder = new IpFilterBuilder();
    await builder.read(Buffer.from('\ufeff1.2.3.4\n'));
    expect(await builder.read(new Uint8Array(0))).toMatchObject({ lines: 0, ranges: 0 });
    expect((await builder.build()).blocks('1.2.3.4')).toBe(true);
  });

  it('are read without the lines that cannot be read, which are told', async () => {
    const lines = [...Array.from({ length: 12 }, () => 'b\u001b[31md\u0007'), '1.2.3.4'];
    const report = await new IpFilterBuilder().read(Buffer.from(lines.join('\n')));
    expect(report).toMatchObject({ lines: 13, ranges: 1, malformed: 12 });
    expect(report.problems).toHaveLength(10);
    expect(report.problems[0]).toEqual({
      line: 1,
      reason: 'it holds no range of addresses ("b [31md")',
    });
  });

  it('are refused for such a line where that is wanted', async () => {
    const read = new IpFilterBuilder().read(Buffer.from('1.2.3.4\n\nbad\n'), { strict: true });
    await expect(read).rejects.toBeInstanceOf(IpFilterError);
    await expect(read).rejects.toMatchObject({ code: 'ERR_NET_IP_FILTER', line: 3 });
  });

  it.each([
    ['a page', Buffer.from('<!doctype html>\n<p>Not found</p>\n'), /no line holds a range/],
    ['a zip archive', Buffer.from('PK\u0003\u0004rest'), /zip archive/],
    ['one endless line', Buffer.alloc(2 << 20, 'x'), /no list of lines/],
    ['half of a packed list', gzipSync(LIST.repeat(100)).subarray(0, 60), /cannot be unpacked/],
    ['a damaged packed list', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 255, 255]), /Z_/],
  ])('that are %s are refused', async (_, bytes, message) => {
    const read = new IpFilterBuilder().read(bytes);
    await expect(read).rejects.toMatchObject({ code: 'ERR_NET_IP_FILTER' });
    await expect(read).rejects.toThrow(message);
  });

  it('that unpack to more than the limit are refused while they are read', async () => {
    const bomb = gzipSync(Buffer.alloc(260 << 20, `#${'x'.repeat(4000)}\n`));
    await expect(new IpFilterBuilder().read(bomb)).rejects.toThrow(/more than 268435456 bytes/);
  }, 60_000);

  it('hand on what their source fails with, and the reason of a signal', async () => {
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('1.2.3.4\n5.'));
      throw new Error('gone');
    };
    await expect(new IpFilterBuilder().read(failing())).rejects.toThrow('gone');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(new IpFilterBuilder().read(Buffer.from(LIST), { signal })).rejects.toThrow(
      'enough',
    );
  });
});
