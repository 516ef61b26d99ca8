import { type BannedPeer, MemoryStorage } from '../../src/index.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

const DAY = 24 * 3_600_000;

describe('bans', () => {
  it('by the user end the connections, are told with their time, and can be ended', async () => {
    const swarm = new SimSwarm({ seed: 41, files: [{ path: 'film.bin', length: 20 << 20 }] });
    const seed = await swarm.seed();
    const leech = await swarm.node();
    const { torrent, host } = leech;
    const told: BannedPeer[] = [];
    const left: unknown[] = [];
    torrent.on('ban', (ban) => told.push(ban));
    torrent.on('peer', ({ event, reason }) => left.push(`${event} ${reason ?? ''}`));
    await swarm.until(() => torrent.progress().pieces.have > 0, 30_000);
    const { address } = seed.host;
    const since = new Date(Math.round(host.clock.wallTime()));
    torrent.ban(`::ffff:${address}`);
    const ban: BannedPeer = {
      address,
      code: 'user',
      reason: 'You have banned it',
      since,
      until: new Date(since.getTime() + DAY),
    };
    expect(told).toEqual([ban]);
    expect(torrent.bannedPeers()).toEqual([ban]);
    expect(left.at(-1)).toMatch(/^disconnected/);
    expect(left).toContain('banned You have banned it');
    const at = { address, port: seed.client.port };
    torrent.addPeer(at);
    await swarm.pass(60_000);
    expect(torrent.progress().peers).toBe(0);
    expect(torrent.unban(address)).toBe(true);
    expect(torrent.unban(address)).toBe(false);
    expect(torrent.bannedPeers()).toEqual([]);
    torrent.addPeer(at);
    await swarm.until(() => torrent.progress().peers === 1, 60_000, 'the banned peer');
    await swarm.close();
  });

  it('last as long as they are to, also of a torrent without connections', async () => {
    const swarm = new SimSwarm({ seed: 42 });
    const { torrent } = await swarm.node({ trackerless: true, add: { paused: true } });
    torrent.ban('192.0.2.1', { duration: 5_000 });
    torrent.ban('2001:DB8::1', { duration: 60_000 });
    expect(torrent.bannedPeers().map(({ address }) => address)).toEqual([
      '192.0.2.1',
      '2001:db8::1',
    ]);
    swarm.world.at(swarm.world.now + 6_000, () => undefined);
    await swarm.pass(6_000);
    expect(torrent.bannedPeers().map(({ address }) => address)).toEqual(['2001:db8::1']);
    expect(() => torrent.ban('localhost')).toThrow(/IP address/);
    expect(() => torrent.unban('')).toThrow(/IP address/);
    await swarm.close();
  });

  it('last no longer and no shorter where the clock is set', async () => {
    const swarm = new SimSwarm({ seed: 46 });
    const { torrent, host } = await swarm.node({ trackerless: true, add: { paused: true } });
    torrent.ban('192.0.2.1', { duration: 60_000 });
    host.setWallTime(host.clock.wallTime() + DAY);
    expect(torrent.bannedPeers()).toHaveLength(1);
    host.setWallTime(host.clock.wallTime() - 3 * DAY);
    swarm.world.at(swarm.world.now + 61_000, () => undefined);
    await swarm.pass(61_000);
    expect(torrent.bannedPeers()).toEqual([]);
    await swarm.close();
  });

  it('hold for a connection that is being opened', async () => {
    const swarm = new SimSwarm({ seed: 45 });
    const seed = await swarm.seed();
    const { host, client } = seed;
    const peers = [{ address: host.address, port: client.port }];
    const { torrent } = await swarm.node({ trackerless: true, add: { peers } });
    const events: string[] = [];
    torrent.on('peer', ({ event }) => events.push(event));
    await swarm.until(() => torrent.knownPeers()[0]?.state === 'dialling', 10_000);
    torrent.ban(host.address);
    await swarm.pass(30_000);
    expect(events).toEqual([]);
    await swarm.close();
  });

  it('work while only the magnet link is known', async () => {
    const swarm = new SimSwarm({ seed: 43 });
    const [client] = await swarm.client();
    const torrent = await client.add(`magnet:?xt=urn:btih:${'7'.repeat(40)}&x.pe=20.0.9.9:5`, {
      directory: '/nowhere',
      storage: (info) => new MemoryStorage(info),
    });
    torrent.ban('20.0.9.9');
    expect(torrent.knownPeers()).toEqual([]);
    expect(torrent.bannedPeers()).toMatchObject([{ address: '20.0.9.9', code: 'user' }]);
    await swarm.close();
  });
});

describe('peers that are waited with', () => {
  it('are told, and why and until when', async () => {
    const swarm = new SimSwarm({ seed: 44 });
    const nobody = swarm.host();
    const endpoint = { address: nobody.address, port: 9 };
    const leech = await swarm.node({ trackerless: true, add: { peers: [endpoint] } });
    await swarm.until(() => (leech.torrent.knownPeers()[0]?.failures ?? 0) > 0, 60_000);
    const [known] = leech.torrent.knownPeers();
    expect(known).toMatchObject({
      endpoint,
      sources: ['user'],
      state: 'idle',
      failures: 1,
      reason: 'Nobody listens there',
    });
    expect(known?.retryAt?.getTime()).toBeGreaterThan(leech.host.clock.wallTime());
    await swarm.close();
  });
});
