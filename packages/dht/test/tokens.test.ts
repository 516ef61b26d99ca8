import { seededRandom } from '@shoal/net';
import fc from 'fast-check';
import { TOKEN_BYTES, TOKEN_ROTATION_MS, Tokens } from '../src/tokens.ts';
import { StillClock } from './support/still-clock.ts';

const address = fc.oneof(fc.ipV4(), fc.ipV6());

function make(): { clock: StillClock; tokens: Tokens } {
  const clock = new StillClock();
  return { clock, tokens: new Tokens({ clock, random: seededRandom(7) }) };
}

describe('Tokens (BEP 5)', () => {
  it('are valid for the address they were issued to, and for no other', () => {
    const { tokens } = make();
    fc.assert(
      fc.property(address, address, (to, other) => {
        const token = tokens.issue(to);
        expect(token).toHaveLength(TOKEN_BYTES);
        expect(tokens.isValid(token, to)).toBe(true);
        expect(tokens.isValid(token, other)).toBe(Buffer.compare(token, tokens.issue(other)) === 0);
      }),
    );
    expect(tokens.isValid(tokens.issue('1.2.3.4'), '1.2.3.5')).toBe(false);
    expect(tokens.isValid(tokens.issue('1.2.3.4'), '102:304::')).toBe(false);
    expect(tokens.isValid(tokens.issue('1.2.3.4'), '::ffff:1.2.3.4')).toBe(true);
  });

  it('are the same within a generation, and another in the next', () => {
    const { clock, tokens } = make();
    const token = tokens.issue('1.2.3.4');
    clock.advance(TOKEN_ROTATION_MS - 1);
    expect(tokens.issue('1.2.3.4')).toEqual(token);
    clock.advance(1);
    expect(tokens.issue('1.2.3.4')).not.toEqual(token);
  });

  it('live 5 to 10 minutes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3_600_000 }),
        fc.integer({ min: 0, max: 3_600_000 }),
        (issuedAfter, age) => {
          const { clock, tokens } = make();
          clock.advance(issuedAfter);
          const token = tokens.issue('1.2.3.4');
          clock.advance(age);
          const valid = tokens.isValid(token, '1.2.3.4');
          if (age <= TOKEN_ROTATION_MS) expect(valid).toBe(true);
          if (age >= 2 * TOKEN_ROTATION_MS) expect(valid).toBe(false);
        },
      ),
    );
  });

  it('survive a rotation also where somebody else causes it', () => {
    const { clock, tokens } = make();
    const token = tokens.issue('1.2.3.4');
    clock.advance(TOKEN_ROTATION_MS);
    tokens.issue('5.6.7.8');
    expect(tokens.isValid(token, '1.2.3.4')).toBe(true);
    clock.advance(TOKEN_ROTATION_MS - 1);
    expect(tokens.isValid(token, '1.2.3.4')).toBe(true);
    clock.advance(1);
    expect(tokens.isValid(token, '1.2.3.4')).toBe(false);
  });

  it('cannot be made up, and any bytes can be asked about', () => {
    const { tokens } = make();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => !tokens.isValid(bytes, '1.2.3.4')),
    );
    const token = tokens.issue('1.2.3.4');
    expect(tokens.isValid(token.subarray(0, 7), '1.2.3.4')).toBe(false);
    expect(tokens.isValid(Uint8Array.of(...token, 0), '1.2.3.4')).toBe(false);
  });

  it('differ from node to node', () => {
    const clock = new StillClock();
    const token = new Tokens({ clock, random: seededRandom(1) }).issue('1.2.3.4');
    expect(new Tokens({ clock, random: seededRandom(2) }).isValid(token, '1.2.3.4')).toBe(false);
  });
});
