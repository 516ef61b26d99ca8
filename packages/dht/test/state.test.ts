import { encode } from '@shoal/bencode';
import * as fc from 'fast-check';
import { MAX_STATE_CONTACTS } from '../src/limits.ts';
import { decodeState, encodeState, type DhtState } from '../src/state.ts';

const id = new Uint8Array(20).fill(5);
const node = (index: number) => ({
  id: new Uint8Array(20).fill(index),
  endpoint: { address: `20.0.${index >> 8}.${index & 255}`, port: 1 + index },
});

describe('state', () => {
  it('is read as it was written', () => {
    const six = { id, endpoint: { address: '2001:db8::1', port: 5 } };
    const state: DhtState = new Map([
      [4, { id, nodes: [node(1), node(2)] }],
      [6, { id, nodes: [six] }],
    ]);
    expect(decodeState(encodeState(state))).toEqual(state);
  });

  it('is bounded', () => {
    const nodes = Array.from({ length: 5_000 }, (_, index) => node(index));
    const bytes = encodeState(new Map([[4, { id, nodes }]]));
    expect(bytes.length).toBeLessThan(12_000);
    expect(decodeState(bytes).get(4)?.nodes).toHaveLength(MAX_STATE_CONTACTS);
  });

  it('is nothing where it is damaged or of another version', () => {
    const ipv4 = { id, nodes: new Uint8Array(0) };
    expect(decodeState(encode({ ipv4, version: 1 })).size).toBe(1);
    expect(decodeState(encode({ ipv4, version: 2 })).size).toBe(0);
    expect(decodeState(encode({ ipv4 })).size).toBe(0);
    expect(decodeState(encode({ ipv4: { ...ipv4, id: id.subarray(1) }, version: 1 })).size).toBe(0);
    expect(decodeState(encode(['state'])).size).toBe(0);
    const good = encodeState(new Map([[4, { id, nodes: [node(1)] }]]));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const damaged = good.slice();
        damaged[at] = byte;
        expect(decodeState(damaged).size).toBeLessThanOrEqual(2);
        expect(decodeState(damaged.subarray(0, at)).size).toBe(0);
      }),
    );
  });
});
