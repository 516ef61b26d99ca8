import fc from 'fast-check';
import { Bitfield } from '../src/index.ts';
import { thrownBy } from './support.ts';

const from = (length: number, ...indices: number[]) => {
  const field = new Bitfield(length);
  for (const index of indices) field.set(index);
  return field;
};
const indicesOf = (field: Bitfield) => {
  const indices: number[] = [];
  field.forEachSet((index) => indices.push(index));
  return indices;
};

describe('Bitfield', () => {
  it('has the highest bit of the first byte as index 0', () => {
    const field = from(12, 0, 9);
    expect([...field.bytes]).toEqual([0x80, 0x40]);
    expect([field.get(0), field.get(1), field.get(9), field.get(11)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('says whether a change was one, and keeps count', () => {
    const field = new Bitfield(9);
    expect(field.isEmpty).toBe(true);
    expect(field.set(8)).toBe(true);
    expect(field.set(8)).toBe(false);
    expect(field.count).toBe(1);
    expect(field.clear(8)).toBe(true);
    expect(field.clear(8)).toBe(false);
    expect(field.count).toBe(0);
    field.setAll();
    expect([field.count, field.isFull, field.isEmpty]).toEqual([9, true, false]);
    expect([...field.bytes]).toEqual([0xff, 0x80]);
    field.clearAll();
    expect([field.count, field.isEmpty]).toEqual([0, true]);
    expect([...field.bytes]).toEqual([0, 0]);
  });

  it('is both full and empty without bits', () => {
    const field = new Bitfield(0);
    field.setAll();
    expect([field.bytes.length, field.isFull, field.isEmpty]).toEqual([0, true, true]);
  });

  it('copies what it is made from', () => {
    const bytes = Uint8Array.of(0xf0, 0x80);
    const field = Bitfield.fromBytes(bytes, 9);
    bytes.fill(0);
    expect([field.count, indicesOf(field)]).toEqual([5, [0, 1, 2, 3, 8]]);
    const copy = field.clone();
    copy.clear(0);
    expect([field.count, copy.count, field.get(0)]).toEqual([5, 4, true]);
    expect([field.equals(copy), field.equals(field.clone())]).toEqual([false, true]);
  });

  it.each([
    ['ERR_WIRE_BITFIELD_LENGTH', [0], 9],
    ['ERR_WIRE_BITFIELD_LENGTH', [0, 0, 0], 16],
    ['ERR_WIRE_BITFIELD_LENGTH', [0], 0],
    ['ERR_WIRE_BITFIELD_SPARE_BITS', [0, 0x40], 9],
    ['ERR_WIRE_BITFIELD_SPARE_BITS', [0xff, 0x01], 15],
    ['ERR_WIRE_INVALID_ARGUMENT', [], -1],
    ['ERR_WIRE_INVALID_ARGUMENT', [], 0.5],
  ])('fromBytes: %s for %j as %d bits', (code, bytes, length) => {
    expect(thrownBy(() => Bitfield.fromBytes(Uint8Array.from(bytes), length))).toMatchObject({
      code,
    });
  });

  it('has no bits beyond its length', () => {
    const field = new Bitfield(10);
    field.setAll();
    expect([field.get(10), field.get(15), field.get(2 ** 32)]).toEqual([false, false, false]);
    for (const index of [10, -1, 1.5, Number.NaN]) {
      expect(thrownBy(() => field.set(index))).toMatchObject({
        code: 'ERR_WIRE_PIECE_OUT_OF_RANGE',
      });
      expect(thrownBy(() => field.clear(index))).toMatchObject({
        code: 'ERR_WIRE_PIECE_OUT_OF_RANGE',
      });
    }
  });

  it('compares only bitfields of one length', () => {
    expect(thrownBy(() => new Bitfield(8).hasAnyNotIn(new Bitfield(9)))).toMatchObject({
      code: 'ERR_WIRE_INVALID_ARGUMENT',
    });
    expect(new Bitfield(8).equals(new Bitfield(9))).toBe(false);
  });

  it('agrees with a set of numbers', () => {
    const indices = fc.uniqueArray(fc.nat(199));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), indices, indices, (length, some, others) => {
        const a = new Set(some.filter((index) => index < length));
        const b = new Set(others.filter((index) => index < length));
        const fieldA = from(length, ...a);
        const fieldB = from(length, ...b);
        const sorted = [...a].sort((x, y) => x - y);
        expect(fieldA.count).toBe(a.size);
        expect(fieldA.isFull).toBe(a.size === length);
        expect(indicesOf(fieldA)).toEqual(sorted);
        const missing = sorted.filter((index) => !b.has(index));
        expect(fieldA.hasAnyNotIn(fieldB)).toBe(missing.length > 0);
        expect(fieldA.firstNotIn(fieldB)).toBe(missing[0] ?? -1);
        const again = Bitfield.fromBytes(fieldA.bytes, length);
        expect(again.count).toBe(a.size);
        expect(again.equals(fieldA)).toBe(true);
        for (const index of a) fieldA.clear(index);
        expect(fieldA.isEmpty).toBe(true);
        expect(fieldA.bytes.every((byte) => byte === 0)).toBe(true);
      }),
    );
  });
});
