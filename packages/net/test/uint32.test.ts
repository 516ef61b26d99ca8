import fc from 'fast-check';
import { readUint32, writeUint32 } from '../src/index.ts';

it('unsigned 32-bit integers are written and read in network byte order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(8), (value, at) => {
      const bytes = new Uint8Array(12).fill(0xa5);
      writeUint32(bytes, at, value);
      expect(new DataView(bytes.buffer).getUint32(at)).toBe(value);
      expect(readUint32(bytes, at)).toBe(value);
      expect(bytes.filter((byte) => byte === 0xa5).length).toBeGreaterThanOrEqual(8);
    }),
  );
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, -1);
  expect(readUint32(bytes, 0)).toBe(0xffff_ffff);
});
