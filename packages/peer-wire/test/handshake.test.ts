import fc from 'fast-check';
import {
  checkHandshake,
  decodeHandshake,
  decodeReserved,
  encodeHandshake,
  encodeReserved,
  HandshakeReader,
  WireError,
} from '../src/index.ts';
import type { ReservedBits } from '../src/index.ts';
import { fixture, fromHex, thrownBy, toHex } from './support.ts';

const { vectors, malformed } = fixture('handshakes') as {
  vectors: {
    hex: string;
    fields: { reserved: string; flags: ReservedBits; info_hash: string; peer_id: string };
    note?: string;
  }[];
  malformed: { hex: string; reason: string }[];
};

describe('shared vectors: handshakes', () => {
  it.each(vectors.map((vector) => [vector.fields.reserved, vector] as const))(
    'reserved %s',
    (reserved, { hex, fields, note }) => {
      const handshake = decodeHandshake(fromHex(hex));
      expect(handshake.reserved).toEqual(fields.flags);
      expect(toHex(handshake.infoHash)).toBe(fields.info_hash);
      expect(toHex(handshake.peerId)).toBe(fields.peer_id);
      expect(decodeReserved(fromHex(reserved))).toEqual(fields.flags);
      if (note === undefined) {
        expect(toHex(encodeHandshake(handshake))).toBe(hex);
        expect(toHex(encodeReserved(fields.flags))).toBe(reserved);
      }
    },
  );

  it.each(malformed.map((vector) => [vector.reason, vector.hex] as const))('%s', (reason, hex) => {
    const bytes = fromHex(hex);
    if (reason.startsWith('truncated')) {
      expect(new HandshakeReader().push(bytes)).toBeUndefined();
      expect(thrownBy(() => decodeHandshake(bytes))).toMatchObject({
        code: 'ERR_WIRE_HANDSHAKE_LENGTH',
      });
      return;
    }
    expect(thrownBy(() => decodeHandshake(bytes))).toMatchObject({
      code: 'ERR_WIRE_NOT_BITTORRENT',
    });
  });
});

describe('HandshakeReader', () => {
  const whole = fromHex(vectors[6]!.hex);

  it('refuses at the very byte that is wrong', () => {
    for (const wrongAt of [0, 1, 10, 19]) {
      const bytes = whole.slice();
      bytes[wrongAt] = bytes[wrongAt]! ^ 0x20;
      const reader = new HandshakeReader();
      expect(reader.push(bytes.subarray(0, wrongAt))).toBeUndefined();
      const error = thrownBy(() => reader.push(bytes.subarray(wrongAt, wrongAt + 1)));
      expect(error).toBeInstanceOf(WireError);
      expect(error).toMatchObject({ code: 'ERR_WIRE_NOT_BITTORRENT' });
    }
  });

  it('knows reserved bits and info-hash before the peer id came', () => {
    const reader = new HandshakeReader();
    reader.push(whole.subarray(0, 27));
    expect(reader.reserved).toBeUndefined();
    reader.push(whole.subarray(27, 47));
    expect(reader.reserved).toEqual(vectors[6]!.fields.flags);
    expect(reader.infoHash).toBeUndefined();
    reader.push(whole.subarray(47, 48));
    expect(toHex(reader.infoHash!)).toBe(vectors[6]!.fields.info_hash);
    expect(reader.receivedBytes).toBe(48);
  });

  it('reads any chunking and gives the rest, from copies', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.uint8Array({ maxLength: 20 }),
        (sizes, after) => {
          const stream = Uint8Array.of(...whole, ...after);
          const reader = new HandshakeReader();
          let at = 0;
          for (let i = 0; ; i++) {
            const chunk = stream.slice(at, at + sizes[i % sizes.length]!);
            const result = reader.push(chunk);
            at += chunk.length;
            if (result === undefined) continue;
            const rest = toHex(result.rest);
            expect(toHex(after).startsWith(rest)).toBe(true);
            expect(result.consumed + result.rest.length).toBe(chunk.length);
            expect(at - result.rest.length).toBe(68);
            chunk.fill(0);
            expect(encodeHandshake(result.handshake)).toEqual(whole);
            break;
          }
        },
      ),
    );
  });

  it('is done after one handshake', () => {
    const reader = new HandshakeReader();
    reader.push(whole);
    expect(thrownBy(() => reader.push(whole))).toMatchObject({ code: 'ERR_WIRE_HANDSHAKE_LENGTH' });
    expect(thrownBy(() => decodeHandshake(Uint8Array.of(...whole, 0)))).toMatchObject({
      code: 'ERR_WIRE_HANDSHAKE_LENGTH',
    });
  });

  it('is total', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, right) => {
        const input = Uint8Array.of(...whole.subarray(0, right), ...bytes);
        try {
          new HandshakeReader().push(input);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });
});

describe('checkHandshake', () => {
  const infoHash = new Uint8Array(20).fill(1);
  const peerId = new Uint8Array(20).fill(2);
  const handshake = decodeHandshake(encodeHandshake({ infoHash, peerId }));

  it('accepts what was expected', () => {
    checkHandshake(handshake, { infoHash });
    checkHandshake(handshake, { infoHash, peerId });
  });
  it('names what differs', () => {
    const other = new Uint8Array(20).fill(3);
    expect(thrownBy(() => checkHandshake(handshake, { infoHash: other, peerId }))).toMatchObject({
      code: 'ERR_WIRE_INFO_HASH_MISMATCH',
    });
    expect(thrownBy(() => checkHandshake(handshake, { infoHash, peerId: other }))).toMatchObject({
      code: 'ERR_WIRE_PEER_ID_MISMATCH',
    });
  });
  it('takes info-hash and peer id of 20 bytes only', () => {
    for (const call of [
      () => encodeHandshake({ infoHash: new Uint8Array(32), peerId }),
      () => encodeHandshake({ infoHash, peerId: new Uint8Array(0) }),
      () => decodeReserved(new Uint8Array(7)),
    ]) {
      expect(thrownBy(call)).toMatchObject({ code: 'ERR_WIRE_INVALID_ARGUMENT' });
    }
  });
});
