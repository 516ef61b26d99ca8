import { buildWorld, churn, tryLookups } from './simulation/scenarios.ts';

// `nx run dht:sim` does the same with 5,000 nodes, and prints more.
describe('a simulated DHT', () => {
  it('of 200 nodes, a fifth of them dead and a tenth hostile: lookups succeed', async () => {
    const dht = await buildWorld({ seed: 7, nodes: 200, dead: 0.2, hostile: 0.1 });
    const figures = await tryLookups(dht, 100);
    expect(figures.successes).toBeGreaterThanOrEqual(99);
    expect(figures.hops).toBeLessThanOrEqual(4);
    expect(figures.queries).toBeLessThan(40);
    expect(figures.worstQueries).toBeLessThan(150);
    await dht.close();
  });

  it('whose nodes come and go, with lost datagrams: lookups succeed', async () => {
    const dht = await buildWorld({ seed: 8, nodes: 80, dead: 0, hostile: 0.1, loss: 0.01 });
    const { lookups, joined } = await churn(dht, 12, 4);
    expect(joined).toBeGreaterThanOrEqual(12);
    expect(lookups.successes).toBeGreaterThanOrEqual(lookups.tries - 1);
    await dht.close();
  });

  it('in which one info-hash is surrounded by nodes that keep nothing: it is found all the same', async () => {
    const dht = await buildWorld({ seed: 9, nodes: 60, dead: 0, hostile: 0 });
    const infoHash = dht.random.bytes(20);
    await dht.surround(infoHash, 40);
    for (let tries = 0; tries < 5; tries++) {
      const seeder = dht.any();
      const announced = await dht.until(seeder.node.announce(infoHash, { port: 1000 + tries }));
      // The ones around the target are the closest by far, and took it, too.
      expect(announced.stored).toBeGreaterThan(8);
      const { peers } = await dht.until(dht.any().node.lookup(infoHash));
      expect(peers).toContainEqual({ address: seeder.host.address, port: 1000 + tries });
    }
    await dht.close();
  });

  it('repeats from its seed', async () => {
    const run = async (): Promise<unknown> => {
      const dht = await buildWorld({ seed: 3, nodes: 40, dead: 0.2, hostile: 0.2 });
      const figures = await tryLookups(dht, 10);
      await dht.close();
      return { figures, events: dht.world.events };
    };
    expect(await run()).toEqual(await run());
  });
});
