import { seededRandom } from '@shoal/net';
import fc from 'fast-check';
import { isIdBoundTo, isNodeIdValid, makeNodeId } from '../src/security-id.ts';
import { fixture } from './support/fixture.ts';
import { fromHex } from './support/hex.ts';

interface NodeIdVector {
  ip: string;
  rand?: number;
  node_id: string;
  valid: boolean;
  note?: string;
}
const { node_ids: vectors } = fixture('bep33-bep42') as { node_ids: NodeIdVector[] };

const address = fc.oneof(fc.ipV4(), fc.ipV6());

describe('node ids (BEP 42)', () => {
  const bound = vectors.filter(({ note }) => note === undefined);
  it.each(bound.map((vector) => [`${vector.node_id} at ${vector.ip}`, vector] as const))(
    '%s',
    (_name, vector) => {
      expect(isIdBoundTo(fromHex(vector.node_id), vector.ip)).toBe(vector.valid);
      // 127.0.0.0/8 is exempt, which these vectors leave out of account.
      const exempt = vector.ip.startsWith('127.');
      expect(isNodeIdValid(fromHex(vector.node_id), vector.ip)).toBe(exempt || vector.valid);
      if (vector.rand !== undefined) expect(fromHex(vector.node_id)[19]).toBe(vector.rand);
    },
  );

  const exempt = vectors.filter(({ note }) => note !== undefined);
  it.each(exempt.map((vector) => [vector.ip, vector] as const))('%s is exempt', (_ip, vector) => {
    expect(isNodeIdValid(fromHex(vector.node_id), vector.ip)).toBe(vector.valid);
  });

  it.each(['fd00::1', 'fe80::1', '::1', '172.31.255.255', '::ffff:192.168.0.1'])(
    'exempts %s',
    (local) => {
      expect(isNodeIdValid(new Uint8Array(20), local)).toBe(true);
    },
  );

  it.each(['172.32.0.1', '169.253.0.1', '11.0.0.1', '193.168.1.1', '224.0.0.1', '2001:db9::1'])(
    'does not exempt %s',
    (other) => {
      const ids = Array.from({ length: 64 }, (_, at) => new Uint8Array(20).fill(at * 4));
      expect(ids.filter((each) => isNodeIdValid(each, other))).toEqual([]);
    },
  );

  it('makes ids that are valid, and different', () => {
    fc.assert(
      fc.property(address, fc.integer(), (at, seed) => {
        const random = seededRandom(seed);
        const made = makeNodeId(at, random);
        expect(made).toHaveLength(20);
        expect(isIdBoundTo(made, at)).toBe(true);
        expect(makeNodeId(at, random)).not.toEqual(made);
      }),
    );
  });

  it('leaves 139 bits to chance: only 21 and the lowest 3 of the last byte are bound', () => {
    const made = makeNodeId('124.31.75.21', seededRandom(1));
    let free = 0;
    for (let bit = 0; bit < 160; bit++) {
      const changed = made.slice();
      changed[bit >>> 3]! ^= 0x80 >>> (bit & 7);
      if (isIdBoundTo(changed, '124.31.75.21')) free++;
    }
    expect(free).toBe(160 - 21 - 3);
  });

  it('knows the address only as far as its owner cannot choose it', () => {
    const made = makeNodeId('2001:db9:1:2::1', seededRandom(2));
    expect(isIdBoundTo(made, '2001:db9:1:2:ffff:ffff:ffff:ffff')).toBe(true);
    expect(isIdBoundTo(made, '2001:db9:1:3::1')).toBe(false);
  });

  it('takes an IPv4-mapped address for the IPv4 address', () => {
    const made = makeNodeId('124.31.75.21', seededRandom(3));
    expect(isNodeIdValid(made, '::ffff:124.31.75.21')).toBe(true);
  });

  it('is total in the id', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (any) => {
        expect(isNodeIdValid(any, '203.0.113.7')).toBe(
          any.length === 20 && isIdBoundTo(any, '203.0.113.7'),
        );
      }),
    );
  });

  it('refuses what is no address', () => {
    expect(() => makeNodeId('localhost', seededRandom(0))).toThrow(
      expect.objectContaining({ code: 'ERR_NET_INVALID_ADDRESS' }) as Error,
    );
    expect(() => isNodeIdValid(new Uint8Array(20), '1.2.3')).toThrow(
      expect.objectContaining({ code: 'ERR_NET_INVALID_ADDRESS' }) as Error,
    );
  });
});
