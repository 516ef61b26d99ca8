import { encode } from '@shoal/bencode';
import { seededRandom } from '@shoal/net';
import fc from 'fast-check';
import { MAX_SEQ } from '../src/items/item.ts';
import type { Item, MutableItem } from '../src/items/item.ts';
import {
  formatPublicKeyMagnet,
  infoHashOfValue,
  parsePublicKeyMagnet,
  torrentValue,
} from '../src/items/public-key-magnet.ts';
import { isStoredAlready, itemFault, itemOf, replacementFault } from '../src/items/put-rules.ts';
import { isSignatureValid, ItemKeyPair, signedBytes } from '../src/items/signature.ts';
import { immutableTarget, itemTarget, mutableTarget } from '../src/items/target.ts';
import { parseValue } from '../src/items/value.ts';
import { fixture } from './support/fixture.ts';
import { fromHex, text, toHex } from './support/hex.ts';

interface ItemVectors {
  mutable: {
    source?: string;
    seed?: string;
    public_key: string;
    salt_hex: string;
    seq: number | string;
    v_bencoded_hex: string;
    signed_buffer_hex: string;
    signature: string;
    target: string;
    valid: boolean;
    why?: string;
  }[];
  immutable: { v_bencoded_hex: string; target?: string; expect?: string }[];
  bep46_magnets: { magnet: string; target: string }[];
}
const vectors = fixture('bep44-bep46') as ItemVectors;

/** A mutable item with a right signature. */
function signed(content: Partial<MutableItem> = {}, seed = 1): MutableItem {
  const keys = ItemKeyPair.fromSeed(new Uint8Array(32).fill(seed));
  const { salt = text(''), seq = 1n, value = text('5:hello') } = content;
  return keys.sign({ salt, seq, value });
}

describe('items (BEP 44)', () => {
  it.each(vectors.mutable.map((vector, at) => [at, vector.why ?? 'right', vector] as const))(
    'mutable vector %i: %s',
    (_at, _why, vector) => {
      const item: MutableItem = {
        kind: 'mutable',
        key: fromHex(vector.public_key),
        salt: fromHex(vector.salt_hex),
        seq: BigInt(vector.seq),
        value: fromHex(vector.v_bencoded_hex),
        signature: fromHex(vector.signature),
      };
      expect(toHex(itemTarget(item))).toBe(vector.target);
      expect(isSignatureValid(item)).toBe(vector.valid);
      expect(itemFault(item)).toBeUndefined();
      if (!vector.valid) return;
      expect(toHex(signedBytes(item))).toBe(vector.signed_buffer_hex);
      if (vector.seed === undefined) return;
      const keys = ItemKeyPair.fromSeed(fromHex(vector.seed));
      expect(toHex(keys.publicKey)).toBe(vector.public_key);
      expect(keys.sign(item)).toEqual(item);
    },
  );

  it.each(vectors.immutable.map((vector, at) => [at, vector] as const))(
    'immutable vector %i',
    (_at, vector) => {
      const value = fromHex(vector.v_bencoded_hex);
      const fault = itemFault({ kind: 'immutable', value });
      // The one without a target is said to have 1,001 bytes and has 1,000, which are allowed.
      expect(fault).toBeUndefined();
      if (vector.target !== undefined) {
        expect(toHex(immutableTarget(value))).toBe(vector.target);
      }
    },
  );

  it('signs what can be verified, and nothing else', () => {
    const content = fc.record({
      salt: fc.uint8Array({ maxLength: 64 }),
      seq: fc.bigInt({ min: 0n, max: MAX_SEQ }),
      value: fc.uint8Array({ maxLength: 200 }).map((bytes) => encode(bytes)),
    });
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(content, seed, fc.nat(), ({ salt, seq, value }, from, where) => {
        const item = ItemKeyPair.fromSeed(from).sign({ salt, seq, value });
        expect(isSignatureValid(item)).toBe(true);
        expect(isSignatureValid({ ...item, seq: seq ^ 1n })).toBe(false);
        expect(isSignatureValid({ ...item, salt: Uint8Array.of(...salt, 1) })).toBe(false);
        for (const field of ['value', 'signature', 'key'] as const) {
          const bytes = item[field].slice();
          bytes[where % bytes.length]! ^= 1 << (where % 8);
          expect(isSignatureValid({ ...item, [field]: bytes })).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('takes any bytes for a key and a signature without failing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.uint8Array({ maxLength: 70 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (key, signature, wholeKey, wholeSignature) => {
          expect(isSignatureValid({ ...signed(), key })).toBe(false);
          expect(isSignatureValid({ ...signed(), signature })).toBe(false);
          const content = { ...signed(), key: wholeKey, signature: wholeSignature };
          expect(typeof isSignatureValid(content)).toBe('boolean');
        },
      ),
    );
  });

  it('makes key pairs of seeds of 32 bytes only', () => {
    const { keys, seed } = ItemKeyPair.generate(seededRandom(5));
    expect(ItemKeyPair.fromSeed(seed).publicKey).toEqual(keys.publicKey);
    expect(keys.publicKey).toHaveLength(32);
    expect(() => ItemKeyPair.fromSeed(new Uint8Array(31))).toThrow(RangeError);
  });

  it('a salt that is empty is none', () => {
    expect(mutableTarget(new Uint8Array(32), text(''))).toEqual(mutableTarget(new Uint8Array(32)));
    expect(signedBytes(signed())).toEqual(text('3:seqi1e1:v5:hello'));
  });
});

describe('put rules (BEP 44)', () => {
  const put = { method: 'put', token: text('t') } as const;

  it('tell mutable from immutable items', () => {
    expect(itemOf({ ...put, value: text('i1e'), salt: text('x'), cas: 3n })).toEqual({
      kind: 'immutable',
      value: text('i1e'),
    });
    const { kind: _kind, ...fields } = signed({ salt: text('s') });
    expect(itemOf({ ...put, ...fields })).toEqual(signed({ salt: text('s') }));
    const { salt: _salt, ...without } = fields;
    expect(itemOf({ ...put, ...without })).toMatchObject({ salt: text('') });
  });

  it('have their error codes', () => {
    const code = (item: Item) => itemFault(item)?.code;
    const value = (length: number) => encode(new Uint8Array(length));
    expect(code({ kind: 'immutable', value: value(996) })).toBeUndefined();
    expect(value(996)).toHaveLength(1_000);
    expect(code({ kind: 'immutable', value: value(997) })).toBe(205);
    expect(code(signed({ value: value(997) }))).toBe(205);
    expect(code(signed({ salt: new Uint8Array(64) }))).toBeUndefined();
    expect(code(signed({ salt: new Uint8Array(65) }))).toBe(207);
    expect(code(signed({ seq: -1n }))).toBe(203);
    expect(code(signed({ seq: 2n ** 63n - 1n }))).toBeUndefined();
    expect(code(signed({ seq: 2n ** 63n }))).toBe(203);
    for (const wrong of ['', 'i01e', 'd1:bi1e1:ai1ee', '3:ab', 'i1ei2e', 'l', 'x']) {
      expect([wrong, code({ kind: 'immutable', value: text(wrong) })]).toEqual([wrong, 203]);
    }
    expect(code({ kind: 'immutable', value: text('l'.repeat(500) + 'e'.repeat(500)) })).toBe(
      undefined,
    );
  });

  it('are total in the value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_100 }), (value) => {
        const fault = itemFault({ kind: 'immutable', value });
        expect(fault === undefined).toBe(parseValue(value) !== undefined);
      }),
    );
  });

  it('never let a sequence number go down', () => {
    const stored = signed({ seq: 5n });
    expect(replacementFault(signed({ seq: 6n }), stored, undefined)).toBeUndefined();
    expect(replacementFault(signed({ seq: 4n }), stored, undefined)?.code).toBe(302);
    expect(replacementFault(signed({ seq: 5n }), stored, undefined)).toBeUndefined();
    const other = signed({ seq: 5n, value: text('3:new') });
    expect(replacementFault(other, stored, undefined)?.code).toBe(302);
    expect(replacementFault(signed({ seq: 0n }), undefined, undefined)).toBeUndefined();
  });

  it('compare and swap', () => {
    const stored = signed({ seq: 5n });
    expect(replacementFault(signed({ seq: 6n }), stored, 5n)).toBeUndefined();
    expect(replacementFault(signed({ seq: 6n }), stored, 4n)?.code).toBe(301);
    expect(replacementFault(signed({ seq: 4n }), stored, 4n)?.code).toBe(301);
    expect(replacementFault(signed({ seq: 5n }), stored, 4n)?.code).toBe(301);
    expect(replacementFault(signed({ seq: 6n }), undefined, 4n)).toBeUndefined();
    expect(replacementFault({ kind: 'immutable', value: text('i1e') }, stored, 4n)).toBe(undefined);
  });

  it('know what is stored already, down to the signature', () => {
    const stored = signed();
    expect(isStoredAlready(signed(), stored)).toBe(true);
    expect(isStoredAlready({ ...stored, signature: new Uint8Array(64) }, stored)).toBe(false);
    expect(isStoredAlready(signed({ seq: 2n }), stored)).toBe(false);
    expect(isStoredAlready(signed(), undefined)).toBe(false);
  });
});

describe('public key magnets (BEP 46)', () => {
  it.each(vectors.bep46_magnets.map((vector) => [vector.magnet, vector] as const))(
    '%s',
    (link, vector) => {
      const magnet = parsePublicKeyMagnet(link);
      expect(toHex(magnet!.target)).toBe(vector.target);
      expect(formatPublicKeyMagnet(magnet!.key, magnet!.salt)).toBe(link);
    },
  );

  const key = 'ab'.repeat(32);
  it('refuses what is none, or is ambiguous', () => {
    const link = `magnet:?xs=urn:btpk:${key}`;
    expect(parsePublicKeyMagnet(link.toUpperCase().replace('XS=', 'xs='))).toBeDefined();
    expect(parsePublicKeyMagnet(`magnet:?dn=name&xs=http://x/&xs=urn:btpk:${key}`)).toBeDefined();
    expect(parsePublicKeyMagnet(`${link}&s=6e&s=6E`)).toBeDefined();
    for (const wrong of [
      'magnet:?',
      `magnet:?xt=urn:btpk:${key}`,
      `magnet:?xs=urn:btpk:${key}0`,
      `magnet:?xs=urn:btpk:${key.slice(1)}`,
      `magnet:?xs=urn:btpk:${'xy'.repeat(32)}`,
      `http:?xs=urn:btpk:${key}`,
      `${link}&s=6`,
      `${link}&s=zz`,
      `${link}&s=${'00'.repeat(65)}`,
      `${link}&s=00&s=01`,
      `${link}&xs=urn:btpk:${'cd'.repeat(32)}`,
      `${link}&dn=${'x'.repeat(20_000)}`,
    ]) {
      expect([wrong, parsePublicKeyMagnet(wrong)]).toEqual([wrong, undefined]);
    }
  });

  it('reads back what it writes, and any text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 64 }),
        (bytes, salt) => {
          const read = parsePublicKeyMagnet(formatPublicKeyMagnet(bytes, salt));
          expect(read).toEqual({ key: bytes, salt, target: mutableTarget(bytes, salt) });
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), (any) => parsePublicKeyMagnet(`magnet:?${any}`) === undefined),
    );
    expect(() => formatPublicKeyMagnet(new Uint8Array(31))).toThrow(RangeError);
    expect(() => formatPublicKeyMagnet(new Uint8Array(32), new Uint8Array(65))).toThrow(RangeError);
  });

  it('names a torrent in the value of the item', () => {
    const infoHash = new Uint8Array(20).fill(9);
    expect(torrentValue(infoHash)).toEqual(Uint8Array.of(...text('d2:ih20:'), ...infoHash, 101));
    expect(infoHashOfValue(torrentValue(infoHash))).toEqual(infoHash);
    expect(() => torrentValue(new Uint8Array(32))).toThrow(RangeError);
    for (const wrong of ['d2:ih2:abe', '2:ih', 'd2:ihi1ee', 'de', 'x', '']) {
      expect(infoHashOfValue(text(wrong))).toBeUndefined();
    }
  });
});
