import {
  isIPv4Address,
  isIPv6Address,
  NetError,
  systemResolve,
  type Resolve,
} from '../src/index.ts';
import { SimWorld } from '../src/sim/index.ts';

const world = new SimWorld({ seed: 1 });
world.setName('Tracker.Example', ['10.0.0.1', '2001:DB8::1']);
world.setName('nobody.example', []);

describe.each<[string, Resolve, string]>([
  // RFC 6761 reserves both names; no resolver asks the world outside for "invalid".
  ['systemResolve', systemResolve, 'localhost'],
  ['SimWorld.resolve', world.resolve, 'tracker.example'],
])('%s', (_name, resolve, known) => {
  it('finds addresses', async () => {
    const addresses = await resolve(known);
    expect(addresses.length).toBeGreaterThan(0);
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const address of addresses) {
      expect(isIPv4Address(address) || isIPv6Address(address)).toBe(true);
    }
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
  ])('resolves %s to %s', async (literal, address) => {
    expect(await resolve(literal)).toEqual([address]);
  });

  it('rejects an unknown name', async () => {
    await expect(resolve('shoal.invalid')).rejects.toMatchObject({ code: 'ERR_NET_UNRESOLVED' });
    await expect(resolve('')).rejects.toMatchObject({ code: 'ERR_NET_UNRESOLVED' });
  });

  it('rejects with the reason of its signal', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(resolve(known, { signal })).rejects.toBe(reason);
  });
});

it('stops waiting for the system when told to', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const call = systemResolve('localhost', { signal: controller.signal });
  controller.abort(reason);
  await expect(call).rejects.toBe(reason);
});

it('has names in a simulated world', async () => {
  expect(await world.resolve('tracker.example')).toEqual(['10.0.0.1', '2001:db8::1']);
  await expect(world.resolve('nobody.example')).rejects.toMatchObject({
    code: 'ERR_NET_UNRESOLVED',
  });
  expect(() => world.setName('odd.example', ['tracker.example'])).toThrow(NetError);
});
