import { encode } from '@shoal/bencode';
import { addressFromBytes } from '@shoal/net';
import fc from 'fast-check';
import { MAX_PEX_LENGTH, MAX_PEX_PEERS, pexFlags, utPex, WireError } from '../src/index.ts';
import { fixture, fromHex, thrownBy, toHex } from './support.ts';

interface VectorPeer {
  readonly ip: string;
  readonly port: number;
  readonly flags?: number;
}
interface Vector {
  readonly id: string;
  readonly hex: string;
  readonly fields: Partial<
    Record<'added' | 'added6' | 'dropped' | 'dropped6' | 'added_whole_entries', VectorPeer[]>
  >;
}
const { vectors } = fixture('messages') as { vectors: Vector[] };
const unreadable = { code: 'ERR_WIRE_EXTENSION_PAYLOAD' };
const refused = { code: 'ERR_WIRE_INVALID_ARGUMENT' };
const endpointOf = ({ ip, port }: VectorPeer) => ({ address: ip, port });

describe('shared vectors: ut_pex', () => {
  const messages = vectors.filter(({ id }) => id.includes('ut_pex'));
  it.each(messages.map((vector) => [vector.id, vector] as const))('%s', (id, { hex, fields }) => {
    const payload = fromHex(hex.slice(12));
    const message = utPex.decode(payload);
    const added = [...(fields.added ?? fields.added_whole_entries ?? []), ...(fields.added6 ?? [])];
    const dropped = [...(fields.dropped ?? []), ...(fields.dropped6 ?? [])];
    const flags = id.endsWith('ragged') ? [8, 0, 0] : added.map((peer) => peer.flags ?? 0);
    expect(message).toEqual({
      added: added.map((peer, index) => ({ ...endpointOf(peer), flags: flags[index] })),
      dropped: dropped.map(endpointOf),
    });
    if (id === 'extended/ut_pex') expect(toHex(utPex.encode(message!))).toBe(toHex(payload));
  });

  it('are all there', () => expect(messages).toHaveLength(3));
});

describe('peer exchange', () => {
  const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
  // 2001:: is no mapped IPv4 address, which would come out as IPv4.
  const ipv6 = fc
    .uint8Array({ minLength: 14, maxLength: 14 })
    .map((rest) => Uint8Array.of(0x20, 0x01, ...rest));
  const address = (bytes: fc.Arbitrary<Uint8Array>) => bytes.map(addressFromBytes);
  const port = fc.integer({ min: 0, max: 0xffff });
  const flags = fc.integer({ min: 0, max: 0xff });
  const list = <T>(bytes: fc.Arbitrary<Uint8Array>, rest: fc.Arbitrary<T>) =>
    fc.array(
      fc.tuple(address(bytes), port, rest).map(([a, p, r]) => ({ address: a, port: p, ...r })),
      { maxLength: MAX_PEX_PEERS },
    );

  it('gives back what was written, IPv4 first', () => {
    const withFlags = fc.record({ flags });
    const nothing = fc.constant({});
    fc.assert(
      fc.property(
        list(ipv4, withFlags),
        list(ipv6, withFlags),
        list(ipv4, nothing),
        list(ipv6, nothing),
        (added4, added6, dropped4, dropped6) => {
          const message = { added: [...added6, ...added4], dropped: [...dropped6, ...dropped4] };
          expect(utPex.decode(utPex.encode(message))).toEqual({
            added: [...added4, ...added6],
            dropped: [...dropped4, ...dropped6],
          });
        },
      ),
    );
  });

  it('takes a mapped address for the IPv4 address it is, flags included', () => {
    const added = [
      { address: '2001:db8::1', port: 1, flags: pexFlags.seed },
      { address: '::ffff:10.0.0.1', port: 2, flags: pexFlags.reachable },
    ];
    const message = utPex.decode(utPex.encode({ added, dropped: [] }));
    expect(message?.added).toEqual([
      { address: '10.0.0.1', port: 2, flags: pexFlags.reachable },
      { address: '2001:db8::1', port: 1, flags: pexFlags.seed },
    ]);
  });

  it('reads anything, or says what it cannot read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        const error = thrownBy(() => utPex.decode(payload));
        if (error !== undefined) {
          expect(error).toBeInstanceOf(WireError);
          expect(error).toMatchObject(unreadable);
        }
      }),
    );
  });

  it('ignores lists of the wrong type', () => {
    const payload = encode({ added: 7, 'added.f': [1], dropped: { a: 1 }, added6: [] });
    expect(utPex.decode(payload)).toEqual({ added: [], dropped: [] });
  });

  it('takes the first peers of a list that is too long, and no message that is', () => {
    const long = encode({ added: new Uint8Array(6 * (MAX_PEX_PEERS + 1)) });
    expect(utPex.decode(long)?.added).toHaveLength(MAX_PEX_PEERS);
    const longer = encode({ added: new Uint8Array(MAX_PEX_LENGTH) });
    expect(thrownBy(() => utPex.decode(longer))).toMatchObject(unreadable);
  });

  it('writes no more than it reads, nor what is no endpoint', () => {
    const peer = { address: '10.0.0.1', port: 1, flags: 0 };
    const many = Array.from({ length: MAX_PEX_PEERS + 1 }, () => peer);
    const wrong = [
      { added: many, dropped: [] },
      { added: [], dropped: many },
      { added: [{ ...peer, port: 65_536 }], dropped: [] },
      { added: [{ ...peer, flags: 256 }], dropped: [] },
      { added: [{ ...peer, address: 'example.org' }], dropped: [] },
    ];
    for (const message of wrong)
      expect(thrownBy(() => utPex.encode(message))).toMatchObject(refused);
  });
});
