import { type Node, SimSwarm } from '../support/sim-swarm.ts';

const BLOCK = 16_384;
/** Bytes that may come twice: all four blocks from each of two more. */
const MOST_WASTED = 8 * BLOCK;
/** Bytes per second at which a block takes 13 s to arrive. */
const SLOW = { bandwidthUp: 1_250 };

async function download(seeds: number, blocks = 4): Promise<{ leecher: Node; time: number }> {
  const files = [{ path: 'text.bin', length: blocks * BLOCK }];
  const swarm = new SimSwarm({ seed: 61, files, pieceLength: 2 * BLOCK });
  for (let index = 0; index < seeds; index += 1) await swarm.seed({ line: SLOW });
  const leecher = await swarm.node();
  const time = await swarm.finished([leecher], 600_000);
  await swarm.close();
  return { leecher, time };
}

describe('the end of a download over lines so slow that one block takes longer than the end-game allows', () => {
  it('comes where there is one source: nothing is taken back from it', async () => {
    const { leecher, time } = await download(1);
    expect(time).toBeLessThan(1.2 * 1000 * ((4 * BLOCK) / SLOW.bandwidthUp));
    expect(leecher.torrent.progress().wastedBytes).toBe(0);
  });

  it('comes where all sources are as slow, although blocks are taken back in turns', async () => {
    const { leecher, time } = await download(3);
    expect(time).toBeLessThan(180_000);
    expect(leecher.torrent.progress().wastedBytes).toBeLessThanOrEqual(MOST_WASTED);
  });
});
