import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { fileServer } from '../support/sim-web.ts';
import { SimSwarm } from '../support/sim-swarm.ts';
import { BASE, leech, setUp } from '../web-seed/support.ts';

const KIB = 1024;

/** Bytes per second: a block takes longer than one is waited for where somebody else would send it. */
const SLOW = 2_000;

describe('the end of a download from a slow source', () => {
  it('is waited for where nobody else could send it: a peer', async () => {
    const swarm = new SimSwarm({ seed: 71, files: [{ path: 'a.bin', length: 40 * KIB }] });
    await swarm.seed({ line: { bandwidthUp: SLOW } });
    await swarm.node({ have: [] });
    const leecher = await swarm.node();
    await swarm.finished([leecher], 60_000);
    await swarm.close();
  });

  it('is waited for where nobody else could send it: a web seed', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 40 * KIB }] });
    web.serve('http://mirror.example', fileServer(BASE, swarm.torrent), { rate: SLOW });
    await swarm.node({ have: [] });
    const node = await leech(swarm, web, { trackerless: false });
    await swarm.finished([node], 60_000);
    await swarm.close();
  });

  it('comes from several that are all slow: peers, none of which is given up for another', async () => {
    const swarm = new SimSwarm({ seed: 72, files: [{ path: 'a.bin', length: 40 * KIB }] });
    for (let count = 0; count < 3; count += 1) await swarm.seed({ line: { bandwidthUp: SLOW } });
    const leecher = await swarm.node();
    // The time of one block and a half: what the others are asked for besides is taken back when a block is here.
    expect(await swarm.finished([leecher], 120_000)).toBeLessThan(16_000);
    expect(leecher.torrent.progress().wastedBytes).toBeLessThanOrEqual(2 * BLOCK_LENGTH);
    await swarm.close();
  });

  it('comes from several that are all slow: web seeds', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 40 * KIB }] });
    const mirrors = ['http://one.example', 'http://two.example'];
    for (const mirror of mirrors)
      web.serve(mirror, fileServer(`${mirror}/`, swarm.torrent), { rate: SLOW });
    const webSeeds = mirrors.map((mirror) => `${mirror}/`);
    const node = await leech(swarm, web, { add: { webSeeds } });
    await swarm.finished([node], 120_000);
    await swarm.close();
  });

  it('is left to others where a web seed trickles', async () => {
    const { swarm, web } = setUp({ files: [{ path: 'film.bin', length: 2048 * KIB }] });
    web.serve('http://mirror.example', fileServer(BASE, swarm.torrent), { rate: 100 });
    await swarm.seed();
    const node = await leech(swarm, web, { trackerless: false });
    expect(await swarm.finished([node], 60_000)).toBeLessThan(15_000);
    await swarm.close();
  });
});
