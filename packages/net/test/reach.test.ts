import type { LookupFunction } from 'node:net';
import { AddressGuard, addressKind, isWithinReach, type Reach } from '../src/index.ts';

const PUBLIC = [
  '8.8.8.8',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '2002:808:808::',
];
const LOCAL = [
  '127.0.0.1',
  '127.255.255.254',
  '::1',
  '10.0.0.1',
  '172.31.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '192.0.0.1',
  'fc00::1',
  'fd12::1',
  '64:ff9b:1::1',
  // IPv4 in IPv6: mapped, compatible, NAT64, 6to4, Teredo.
  '::ffff:127.0.0.1',
  '::ffff:a00:1',
  '::10.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::192.168.0.1',
  '2002:7f00:1::',
  '2002:c0a8:1::',
  '2001:0:808:808::80ff:fffe',
];
const NEVER = [
  '0.0.0.0',
  '::',
  '224.0.0.1',
  '255.255.255.255',
  'ff02::1',
  '169.254.169.254',
  '169.254.0.1',
  'fe80::1',
  'fe80::1%eth0',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::',
  'fd00:ec2::254',
  'fd00:0ec2:0::254',
  'fd20:ce::254',
  '100.100.100.200',
  '::ffff:100.100.100.200',
  '168.63.129.16',
  'no address',
  '',
];

describe('isWithinReach', () => {
  const within = (reach: Reach, addresses: readonly string[]): string[] =>
    addresses.filter((address) => isWithinReach(address, reach));

  it('lets requests to the public internet alone, or to local networks, too', () => {
    expect(within('public', [...PUBLIC, ...LOCAL, ...NEVER])).toEqual(PUBLIC);
    expect(within('local', [...PUBLIC, ...LOCAL, ...NEVER])).toEqual([...PUBLIC, ...LOCAL]);
    expect(within('any', NEVER)).toEqual(NEVER);
  });

  it('knows ::1 and :: from addresses that carry one of IPv4', () => {
    expect(addressKind('::1')).toBe('loopback');
    expect(addressKind('::')).toBe('unspecified');
    expect(addressKind('::2')).toBe('unspecified');
    expect(addressKind('::8.8.8.8')).toBe('public');
  });
});

describe('AddressGuard', () => {
  const found: Record<string, string[]> = {
    'public.example': ['8.8.8.8'],
    'local.example': ['127.0.0.1', '10.0.0.1'],
    'both.example': ['169.254.169.254', '8.8.8.8', '192.168.0.1'],
    'nothing.example': [],
  };
  const lookup: LookupFunction = (name, { all }, callback) => {
    const addresses = found[name] ?? [];
    if (name === 'broken.example') callback(new Error('broken'), '', 0);
    else if (all === true) {
      callback(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    } else callback(null, addresses[0] ?? '', 4);
  };

  function resolve(guard: AddressGuard, name: string): Promise<string[]> {
    return new Promise((done, failed) => {
      guard.lookup(name, { all: true }, (error, addresses) => {
        if (error !== null) failed(error);
        else if (typeof addresses === 'string') done([addresses]);
        else done(addresses.map(({ address }) => address));
      });
    });
  }

  it('gives those addresses of a name that are within reach', async () => {
    const guard = new AddressGuard({ lookup, reach: 'public' });
    expect(await resolve(guard, 'public.example')).toEqual(['8.8.8.8']);
    expect(await resolve(guard, 'both.example')).toEqual(['8.8.8.8']);
    expect(await resolve(guard, 'nothing.example')).toEqual([]);
    await expect(resolve(guard, 'broken.example')).rejects.toThrow('broken');
    await expect(resolve(guard, 'local.example')).rejects.toMatchObject({
      code: 'ERR_NET_FORBIDDEN_ADDRESS',
      message: expect.stringContaining('local or private') as unknown,
    });
    const local = new AddressGuard({ lookup, reach: 'local' });
    expect(await resolve(local, 'both.example')).toEqual(['8.8.8.8', '192.168.0.1']);
  });

  it('checks the one address, too, where one is asked for', () => {
    const guard = new AddressGuard({ lookup, reach: 'public' });
    const answers: unknown[] = [];
    for (const name of ['public.example', 'local.example']) {
      guard.lookup(name, {}, (error, address) => answers.push(error ?? address));
    }
    expect(answers).toEqual(['8.8.8.8', expect.objectContaining({ name: 'NetError' })]);
  });

  it('checks addresses in URLs, and leaves names to the resolver', () => {
    const guard = new AddressGuard({ lookup, reach: 'public' });
    expect(() => guard.checkHost('local.example')).not.toThrow();
    expect(() => guard.checkHost('8.8.8.8')).not.toThrow();
    expect(() => guard.checkHost('::ffff:7f00:1')).toThrow(/local or private/);
  });

  it('keeps to the public internet after a redirect from there, or of somebody else', () => {
    const own = new AddressGuard({ lookup, reach: 'any' });
    own.redirectedBy('192.168.0.1');
    expect(own.reach).toBe('any');
    own.redirectedBy('8.8.8.8');
    expect(own.reach).toBe('public');
    const unknown = new AddressGuard({ lookup, reach: 'any' });
    unknown.redirectedBy(undefined);
    expect(unknown.reach).toBe('public');
    const named = new AddressGuard({ lookup, reach: 'local' });
    named.redirectedBy('192.168.0.1');
    expect(named.reach).toBe('public');
  });

  it('lets nothing through that is blocked', async () => {
    const isBlocked = (address: string): boolean => address === '8.8.8.8';
    const guard = new AddressGuard({ lookup, reach: 'any', isBlocked });
    expect(() => guard.checkHost('8.8.8.8')).toThrow(/IP filter/);
    await expect(resolve(guard, 'public.example')).rejects.toThrow(/IP filter/);
    expect(await resolve(guard, 'both.example')).toEqual(['169.254.169.254', '192.168.0.1']);
  });
});
