import fc from 'fast-check';
import { crc32c } from '@shoal/net';
import { allowedFastSet, clientName, makePeerId, peerPriority } from '../src/index.ts';
import { fixture, fromHex, thrownBy } from './support.ts';

const text = (value: string) => new TextEncoder().encode(value);

describe('allowedFastSet', () => {
  const { vectors } = fixture('allowed-fast') as {
    vectors: { ip: string; info_hash: string; pieces: number; k: number; set: number[] }[];
  };
  it.each(
    vectors.map((vector) => [`${vector.ip} k=${vector.k} of ${vector.pieces}`, vector] as const),
  )('%s', (_name, { ip, info_hash, pieces, k, set }) => {
    expect(allowedFastSet(ip, fromHex(info_hash), pieces, k)).toEqual(set);
  });

  it('is the same for a whole /24, has 10 pieces by default and none for IPv6', () => {
    const infoHash = new Uint8Array(20).fill(7);
    const set = allowedFastSet('192.0.2.1', infoHash, 1000);
    expect(set).toHaveLength(10);
    expect(allowedFastSet('192.0.2.254', infoHash, 1000)).toEqual(set);
    expect(allowedFastSet('192.0.3.1', infoHash, 1000)).not.toEqual(set);
    expect(allowedFastSet('2001:db8::1', infoHash, 1000)).toEqual([]);
    expect(allowedFastSet('256.0.0.1', infoHash, 1000)).toEqual([]);
    expect(allowedFastSet('192.0.2.1', infoHash, 0)).toEqual([]);
  });

  it('refuses impossible arguments', () => {
    for (const call of [
      () => allowedFastSet('192.0.2.1', new Uint8Array(19), 10),
      () => allowedFastSet('192.0.2.1', new Uint8Array(20), -1),
      () => allowedFastSet('192.0.2.1', new Uint8Array(20), 10, 101),
    ]) {
      expect(thrownBy(call)).toMatchObject({ code: 'ERR_WIRE_INVALID_ARGUMENT' });
    }
  });

  it('gives different pieces in range, always as many as asked for', () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 100 }),
        (ip, infoHash, pieces, size) => {
          const set = allowedFastSet(ip, infoHash, pieces, size);
          expect(new Set(set).size).toBe(Math.min(size, pieces));
          expect(set).toHaveLength(Math.min(size, pieces));
          expect(set.every((piece) => piece < pieces)).toBe(true);
        },
      ),
    );
  });
});

describe('peerPriority', () => {
  const { vectors } = fixture('peer-priority') as {
    vectors: {
      client: string;
      client_port: number;
      peer: string;
      peer_port: number;
      hashed: string;
      priority: string;
    }[];
  };
  it.each(vectors.map((vector) => [`${vector.client} and ${vector.peer}`, vector] as const))(
    '%s',
    (_name, vector) => {
      const a = { address: vector.client, port: vector.client_port };
      const b = { address: vector.peer, port: vector.peer_port };
      const priority = Number.parseInt(vector.priority, 16);
      expect(crc32c(fromHex(vector.hashed))).toBe(priority);
      expect(peerPriority(a, b)).toBe(priority);
      expect(peerPriority(b, a)).toBe(priority);
    },
  );

  it('is symmetric and total, also across families', () => {
    const endpoint = fc.record({
      address: fc.oneof(fc.ipV4(), fc.ipV6()),
      port: fc.integer({ min: 0, max: 65535 }),
    });
    fc.assert(
      fc.property(endpoint, endpoint, (a, b) => {
        const priority = peerPriority(a, b);
        expect(peerPriority(b, a)).toBe(priority);
        expect(priority >>> 0).toBe(priority);
      }),
    );
  });
});

describe('makePeerId', () => {
  const random = Uint8Array.from({ length: 12 }, (_, i) => 200 + i);
  it('writes the Azureus style', () => {
    expect(makePeerId('SH', '0.1.0', random)).toEqual(
      Uint8Array.of(...text('-SH0100-'), ...random),
    );
    expect(makePeerId('SH', '1.12.35.4-beta.1', random).subarray(0, 8)).toEqual(text('-SH1CZ4-'));
  });
  it.each([
    ['S', '1.0'],
    ['S-', '1.0'],
    ['SH', '1.36'],
    ['SH', '1.2.3.4.5'],
    ['SH', '1..2'],
    ['SH', 'x'],
  ])('refuses %s %s', (code, version) => {
    expect(thrownBy(() => makePeerId(code, version, random))).toMatchObject({
      code: 'ERR_WIRE_INVALID_ARGUMENT',
    });
  });
  it('refuses another number of random bytes', () => {
    expect(thrownBy(() => makePeerId('SH', '1.0', new Uint8Array(11)))).toMatchObject({
      code: 'ERR_WIRE_INVALID_ARGUMENT',
    });
  });
});

describe('clientName', () => {
  it.each([
    ['-SH0100-abcdefghijkl', 'Shoal 0.1.0'],
    ['-qB4650-abcdefghijkl', 'qBittorrent 4.6.5'],
    ['-LT2080-abcdefghijkl', 'libtorrent 2.0.8'],
    ['-lt0D70-abcdefghijkl', 'rTorrent 0.13.7'],
    ['-TR3000-abcdefghijkl', 'Transmission 3.00'],
    ['-TR4060-abcdefghijkl', 'Transmission 4.0.6'],
    ['-UT355W-abcdefghijkl', 'µTorrent 3.5.5.32'],
    ['-ZQ1234-abcdefghijkl', 'ZQ 1.2.3.4'],
    ['TIX0295-abcdefghijkl', 'Tixati 2.95'],
    ['M7-10-5--abcdefghijk', 'BitTorrent 7.10.5'],
    ['A2-1-36-0-abcdefghij', 'A2-1-36-'],
    ['\x1b[31mred\x1b[0m-------', 'unknown'],
    ['<script>alert(1)</sc', 'unknown'],
    ['', 'unknown'],
  ])('%j is %s', (id, name) => {
    expect(clientName(text(id))).toBe(name);
  });
  it('is printable whatever the id', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.boolean(), (bytes, styled) => {
        const id = styled ? Uint8Array.of(...text('-UT'), ...bytes) : bytes;
        expect(clientName(id)).toMatch(/^[µA-Za-z0-9._ -]{1,40}$/);
      }),
    );
  });
});
