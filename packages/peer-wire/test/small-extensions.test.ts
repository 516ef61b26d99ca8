import fc from 'fast-check';
import { holepunchErrors, ltDontHave, utHolepunch, WireEncoder } from '../src/index.ts';
import type { UtHolepunchMessage } from '../src/index.ts';
import { fixture, fromHex, thrownBy, toHex } from './support.ts';

interface Vector {
  readonly id: string;
  readonly hex: string;
  readonly fields?: {
    readonly index?: number;
    readonly ip?: string;
    readonly port?: number;
    readonly err_code?: number;
  };
}
const { vectors } = fixture('messages') as { vectors: Vector[] };
const { vectors: malformed } = fixture('malformed') as { vectors: Vector[] };
const payloadOf = (hex: string) => fromHex(hex.slice(12));
const refused = { code: 'ERR_WIRE_INVALID_ARGUMENT' };

describe('lt_donthave', () => {
  it('reads and writes the shared vector', () => {
    const { hex, fields } = vectors.find(({ id }) => id === 'extended/lt_donthave')!;
    expect(ltDontHave.decode(payloadOf(hex))).toBe(fields?.index);
    const encoder = new WireEncoder();
    encoder.extended(7, ltDontHave.encode(2056));
    expect(toHex(encoder.take())).toBe(hex);
  });

  it('gives back every index', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (piece) => {
        expect(ltDontHave.decode(ltDontHave.encode(piece))).toBe(piece);
      }),
    );
  });

  it('refuses what is no index', () => {
    const short = malformed.find(({ id }) => id === 'donthave-short')!;
    for (const payload of [payloadOf(short.hex), new Uint8Array(0), new Uint8Array(5)]) {
      const error = thrownBy(() => ltDontHave.decode(payload));
      expect(error).toMatchObject({ code: 'ERR_WIRE_EXTENSION_PAYLOAD' });
    }
    for (const piece of [-1, 1.5, 2 ** 32]) {
      expect(thrownBy(() => ltDontHave.encode(piece))).toMatchObject(refused);
    }
  });
});

describe('ut_holepunch', () => {
  const messages = vectors.filter(({ id }) => id.includes('holepunch'));
  it.each(messages.map((vector) => [vector.id, vector] as const))('%s', (id, { hex, fields }) => {
    const message = utHolepunch.decode(payloadOf(hex));
    const type = /holepunch-(rendezvous|connect|error)/.exec(id)?.[1];
    expect(message).toEqual({
      type,
      endpoint: { address: fields?.ip, port: fields?.port },
      ...(type === 'error' ? { code: fields?.err_code } : {}),
    });
    expect(toHex(utHolepunch.encode(message!))).toBe(toHex(payloadOf(hex)));
  });

  it('has all vectors', () => expect(messages).toHaveLength(7));

  const bad = malformed.filter(({ id }) => id.startsWith('holepunch'));
  it.each(bad.map(({ id, hex }) => [id, hex] as const))('ignores %s', (_id, hex) => {
    expect(utHolepunch.decode(payloadOf(hex))).toBeUndefined();
  });

  it('reads anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (payload) => {
        const message = utHolepunch.decode(payload);
        if (message !== undefined) expect([12, 24]).toContain(payload.length);
      }),
    );
    expect(utHolepunch.decode(Uint8Array.of(3, 0, ...new Uint8Array(10)))).toBeUndefined();
  });

  it('refuses to write what is no endpoint', () => {
    const endpoint = { address: '10.0.0.1', port: 1 };
    const wrong: UtHolepunchMessage[] = [
      { type: 'connect', endpoint: { ...endpoint, address: 'example.org' } },
      { type: 'connect', endpoint: { ...endpoint, port: -1 } },
      { type: 'error', endpoint, code: 2 ** 32 },
    ];
    for (const message of wrong)
      expect(thrownBy(() => utHolepunch.encode(message))).toMatchObject(refused);
    expect(utHolepunch.encode({ type: 'error', endpoint, code: holepunchErrors.noSelf })[11]).toBe(
      4,
    );
  });
});
