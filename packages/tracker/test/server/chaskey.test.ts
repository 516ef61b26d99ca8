import fc from 'fast-check';
import { seededRandom } from '@shoal/net';
import { Chaskey } from '../../src/server/udp/chaskey.ts';
import { ConnectionTokens, TOKEN_PERIOD } from '../../src/server/udp/connection-tokens.ts';

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const address = fc.tuple(word, word, word, word).map((words) => Uint32Array.from(words));

describe('Chaskey', () => {
  it('gives the published tag of the message of 16 bytes', () => {
    // Reference implementation of Chaskey-12: bytes 0 to 15, words least significant byte first.
    const mac = new Chaskey(Uint32Array.of(0x833d3433, 0x009f389f, 0x2398e64f, 0x417acf39));
    mac.tag(Uint32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c));
    expect([mac.tag0, mac.tag1]).toEqual([0x5dd0e2a9, 0xfb5eac8c]);
  });
});

describe('ConnectionTokens', () => {
  function issued(tokens: ConnectionTokens, to: Uint32Array, now: number): Uint8Array {
    const packet = new Uint8Array(16);
    tokens.issue(to, now, packet, 8);
    return packet;
  }

  it('accepts an id for two to four minutes, from whom it was given to', () => {
    fc.assert(
      fc.property(
        address,
        address,
        fc.nat({ max: 10 * TOKEN_PERIOD }),
        fc.nat({ max: 4 * TOKEN_PERIOD }),
        (own, other, start, age) => {
          const tokens = new ConnectionTokens(seededRandom(start), 0);
          const packet = issued(tokens, own, start);
          const accepted = tokens.accepts(own, start + age, packet, 8);
          if (age <= TOKEN_PERIOD) expect(accepted).toBe(true);
          if (age >= 2 * TOKEN_PERIOD) expect(accepted).toBe(false);
          if (own.some((each, index) => each !== other[index])) {
            expect(tokens.accepts(other, start, packet, 8)).toBe(false);
          }
        },
      ),
    );
  });

  it('accepts no id with a bit changed, and none of another server', () => {
    const own = Uint32Array.of(0, 0, 0xffff, 0x0a000001);
    const tokens = new ConnectionTokens(seededRandom(1), 0);
    const packet = issued(tokens, own, 0);
    for (let bit = 0; bit < 64; bit += 1) {
      const changed = packet.slice();
      changed[8 + (bit >> 3)] = (changed[8 + (bit >> 3)] ?? 0) ^ (1 << (bit & 7));
      expect(tokens.accepts(own, 0, changed, 8)).toBe(false);
    }
    expect(new ConnectionTokens(seededRandom(2), 0).accepts(own, 0, packet, 8)).toBe(false);
  });
});
