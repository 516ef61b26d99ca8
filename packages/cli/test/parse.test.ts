import fc from 'fast-check';
import { UsageError } from '../src/errors.ts';
import { parseDuration } from '../src/parse/duration.ts';
import { parseHostPort } from '../src/parse/host-port.ts';
import { parseCount, parseRatio } from '../src/parse/number.ts';
import { parsePort, parsePorts } from '../src/parse/port.ts';
import { checkSelection, parseSelect } from '../src/parse/select.ts';
import { parseRate, parseSize } from '../src/parse/size.ts';

const valueOrUsageError = <T>(parse: (text: string) => T, text: string): T | undefined => {
  try {
    return parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return undefined;
  }
};

describe('sizes and rates', () => {
  it.each([
    ['0', 0],
    ['16384', 16_384],
    ['500K', 512_000],
    ['500k', 512_000],
    ['1MiB', 1_048_576],
    ['1.5M', 1_572_864],
    ['20MB', 20_000_000],
    ['1 kB', 1000],
    ['2G', 2 ** 31],
    ['1T', 2 ** 40],
    ['100b', 100],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', '-1', '1X', 'K', '1.', '.5M', '1e3', '0x10', 'NaN', '1KK', '99999999T', '１'])(
    'refuses %j',
    (text) => {
      expect(() => parseSize(text)).toThrow(UsageError);
    },
  );

  it('reads any number of bytes back, with any unit', () => {
    const units = fc.constantFrom<[string, number]>(
      ['', 1],
      ['K', 1024],
      ['KiB', 1024],
      ['kB', 1000],
      ['m', 2 ** 20],
      ['MB', 1e6],
      ['GiB', 2 ** 30],
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000 }), units, (count, [unit, factor]) => {
        expect(parseSize(`${count}${unit}`)).toBe(count * factor);
      }),
    );
  });

  it('gives a whole number of bytes or a usage error for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[0-9.kKmMgGtTiIbB]{0,12}$/)),
        (text) => {
          const bytes = valueOrUsageError(parseSize, text);
          if (bytes !== undefined) expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
        },
      ),
    );
  });

  it('takes a rate with or without "per second"', () => {
    expect(parseRate('2M/s')).toBe(parseRate('2MiB'));
    expect(() => parseRate('2M/h')).toThrow(UsageError);
  });
});

describe('times', () => {
  it.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['250ms', 250],
    ['1d', 86_400_000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it('counts in the unit it is told where none is written', () => {
    expect(parseDuration('2', 'm')).toBe(120_000);
    expect(parseDuration('2s', 'm')).toBe(2000);
  });

  it.each(['', '-5', '5 weeks', '1:30', '100d', '1e9'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(UsageError);
  });
});

describe('ports', () => {
  it('reads one port and a range', () => {
    expect(parsePorts('0')).toBe(0);
    expect(parsePorts('65535')).toBe(65_535);
    expect(parsePorts('6881-6889')).toEqual({ from: 6881, to: 6889 });
    expect(parsePort('80')).toBe(80);
  });

  it.each(['', '65536', '-1', '6889-6881', '0-5', '1-65536', '80,81', 'http'])(
    'refuses %j',
    (text) => {
      expect(() => parsePorts(text)).toThrow(UsageError);
    },
  );

  it('refuses a range where one port is needed', () => {
    expect(() => parsePort('1-2')).toThrow(UsageError);
  });
});

describe('file selections', () => {
  it('reads lists and ranges, sorted and without repetition', () => {
    expect(parseSelect('0,2-5')).toEqual([0, 2, 3, 4, 5]);
    expect(parseSelect(' 7 , 3-4,4-5')).toEqual([3, 4, 5, 7]);
  });

  it('reads back any set of indices', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5000), { minLength: 1, maxLength: 50 }), (indices) => {
        const sorted = [...indices].sort((a, b) => a - b);
        expect(parseSelect(indices.join(','))).toEqual(sorted);
      }),
    );
  });

  it('gives indices or a usage error for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9,-]{0,12}$/)), (text) => {
        const indices = valueOrUsageError(parseSelect, text);
        expect(indices?.every((index) => Number.isSafeInteger(index))).not.toBe(false);
      }),
    );
  });

  it.each(['', 'a', '3-1', '1-', '-1', '0-999999999', '1,,2'])('refuses %j', (text) => {
    expect(() => parseSelect(text)).toThrow(UsageError);
  });

  it('refuses an index beyond the files', () => {
    expect(() => {
      checkSelection([0, 3], 3);
    }).toThrow('files 0 to 2');
    checkSelection([0, 2], 3);
  });
});

describe('peers', () => {
  it.each([
    ['192.0.2.7:6881', { host: '192.0.2.7', port: 6881 }],
    ['[2001:db8::7]:1', { host: '2001:db8::7', port: 1 }],
    ['peer.example:65535', { host: 'peer.example', port: 65_535 }],
  ])('%s', (text, expected) => {
    expect(parseHostPort(text)).toEqual(expected);
  });

  it.each(['', 'host', 'host:0', 'host:65536', '::1:80', 'a b:80', 'u@h:80', ':80', 'h:80x'])(
    'refuses %j',
    (text) => {
      expect(() => parseHostPort(text)).toThrow(UsageError);
    },
  );
});

describe('numbers', () => {
  it('reads counts and ratios', () => {
    expect(parseCount('5', 'number')).toBe(5);
    expect(parseRatio('1.5')).toBe(1.5);
    expect(parseRatio('0')).toBe(0);
  });

  it.each(['0', '-1', '1.5', 'x', '9999999999'])('refuses the count %j', (text) => {
    expect(() => parseCount(text, 'number')).toThrow(UsageError);
  });

  it.each(['-1', 'x', '1e3', 'Infinity'])('refuses the ratio %j', (text) => {
    expect(() => parseRatio(text)).toThrow(UsageError);
  });
});
