import { decode, parse } from '../src/index.ts';
import { text } from './vector-value.ts';

/** How often the parser looks at a byte of its input, which is what its work consists of. */
function looks(input: string, read: (bytes: Uint8Array) => unknown): number {
  const bytes = text(input);
  let count = 0;
  const counting = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && key.charCodeAt(0) <= 0x39) count++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  read(counting);
  return count;
}

const digits = (value: number): string => String(value).padStart(6, '0');
const rising = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `6:${digits(index)}le`);

/** Inputs of about `size` times ten bytes, each made to take a careless parser more than linear time. */
const INPUTS: Record<string, (size: number) => string> = {
  'many small values': (size) => `l${'0:'.repeat(2 * size)}${'i0e'.repeat(2 * size)}e`,
  'one long byte string': (size) => `${10 * size}:${'x'.repeat(10 * size)}`,
  'a long length that ends in leading zeros': (size) => `l${'0'.repeat(10 * size)}1:xe`,
  'many containers side by side': (size) => `l${'le'.repeat(2 * size)}${'de'.repeat(2 * size)}e`,
  'containers inside one another': (size) => 'l'.repeat(5 * size) + 'e'.repeat(5 * size),
  'dictionaries inside one another': (size) =>
    `${'d1:a'.repeat(2 * size)}de${'e'.repeat(2 * size)}`,
  'many keys in order': (size) => `d${rising(size).join('')}e`,
  'many keys in falling order': (size) => `d${rising(size).reverse().join('')}e`,
  'one key out of order at the end': (size) => `d${rising(size).join('')}1:!lee`,
  'many repetitions of one key': (size) => `d${'3:keyi1e'.repeat(size)}e`,
  'many repetitions of two keys': (size) => `d${'1:bi1e1:ai1e'.repeat(size)}e`,
  'long keys that differ at their ends': (size) =>
    `d${Array.from({ length: 100 }, (_, index) => {
      const key = 'x'.repeat(size / 10) + digits(100 - index);
      return `${key.length}:${key}i0e`;
    }).join('')}e`,
};

describe('work', () => {
  const options = { lenient: true, maxDepth: Infinity };
  const readers: Record<string, (bytes: Uint8Array) => unknown> = {
    decode: (bytes) => decode(bytes, options),
    parse: (bytes) => parse(bytes, options).root.toValue(),
  };
  const cases = Object.entries(INPUTS).flatMap(([what, input]) =>
    Object.entries(readers).map(([name, read]) => [what, name, input, read] as const),
  );

  it.each(cases)('is in proportion to the input: %s, by %s', (_what, _name, input, read) => {
    const small = input(300);
    const large = input(900);
    const growth = large.length / small.length;
    expect(looks(large, read)).toBeLessThan(looks(small, read) * growth * 1.2 + 1_000);
    // Each byte is looked at a few times, whatever stands around it.
    expect(looks(large, read)).toBeLessThan(12 * large.length);
  });
});
