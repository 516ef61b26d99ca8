import { isNear, ownNetworks } from '../src/node/near.ts';

const HOME = ['192.168.1.7/24', '203.0.113.70/26', '2001:db8:1:2::7/64', 'fe80::7/64'];

describe('who can be in the local network', () => {
  it.each([
    '192.168.1.9',
    // Not ours, but nobody's on the internet either: there may be a router between.
    '10.9.9.9',
    '169.254.3.3',
    '127.0.0.1',
    'fe80::1',
    'fd00::1',
    '::1',
    '203.0.113.65',
    '203.0.113.127',
    '2001:db8:1:2:ffff::1',
    '::ffff:192.168.1.9',
  ])('%s', (address) => {
    expect(isNear(address, HOME)).toBe(true);
  });

  it.each([
    '198.51.100.9',
    '203.0.113.63',
    '203.0.113.128',
    '2001:db8:1:3::1',
    '::ffff:198.51.100.9',
    '0.0.0.0',
    '224.0.0.1',
    'nonsense',
    '',
  ])('not %j', (address) => {
    expect(isNear(address, HOME)).toBe(false);
  });

  it('nobody public without a network of ours, or with one that is none', () => {
    for (const networks of [[], ['x'], ['203.0.113.1'], ['203.0.113.1/x'], ['0.0.0.0/0']]) {
      expect(isNear('203.0.113.2', networks)).toBe(false);
      expect(isNear('10.0.0.2', networks)).toBe(true);
    }
  });

  it('is known of this machine', () => {
    for (const network of ownNetworks()) expect(network).toMatch(/^[0-9a-f.:]+\/\d+$/i);
  });
});
