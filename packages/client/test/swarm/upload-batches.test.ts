import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { ScriptedPeer } from '../support/scripted-peer.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

const PIECES = 64;

/** A peer that asks a seed on a line of that many bytes per second for so many blocks at once, and takes all back but two. */
async function takingBack(bandwidthUp: number, asked: number, after: number) {
  const files = [{ path: 'film.bin', length: PIECES * BLOCK_LENGTH }];
  const swarm = new SimSwarm({ seed: 5, files, pieceLength: BLOCK_LENGTH });
  const seed = await swarm.seed({ line: { bandwidthUp } });
  const host = swarm.host();
  const at = { address: seed.host.address, port: 6881 };
  const peer = await swarm.settle(
    ScriptedPeer.connect(host, at, swarm.torrent, {
      onOpen: (open) => open.send((to) => to.interested()),
      onUnchoke: (open) => {
        for (let piece = 0; piece < asked; piece += 1) open.encoder.request(piece, 0, BLOCK_LENGTH);
        open.flush();
        host.clock.setTimer(() => {
          for (let piece = 2; piece < asked; piece += 1)
            open.encoder.cancel(piece, 0, BLOCK_LENGTH);
          open.flush();
        }, after);
      },
    }),
  );
  await swarm.pass(120_000);
  const { size } = peer.blocks;
  await swarm.close();
  return size;
}

describe('Blocks that a peer is sent', () => {
  it('are within reach of a cancel while a slow line has not got to them', async () => {
    // Two seconds are less than one block takes.
    expect(await takingBack(6_000, 16, 2_000)).toBe(2);
  });

  it('go out in growing batches where the line takes them', async () => {
    const files = [{ path: 'film.bin', length: 4 << 20 }];
    const swarm = new SimSwarm({ seed: 6, files, pieceLength: 4 * BLOCK_LENGTH });
    const line = { bandwidthUp: 50_000_000, bandwidthDown: 50_000_000, latency: 1 };
    const seed = await swarm.seed({ line });
    const sizes: number[] = [];
    const read = seed.storage.readBlocks.bind(seed.storage);
    seed.storage.readBlocks = (target, reads) => {
      sizes.push(reads.length);
      return read(target, reads);
    };
    await swarm.finished([await swarm.node({ line })], 60_000);
    expect(sizes[0]).toBe(1);
    expect(Math.max(...sizes)).toBeGreaterThanOrEqual(8);
    await swarm.close();
  });
});
