import { SimSwarm } from '../support/sim-swarm.ts';

const KIB = 1024;

describe('A stream whose next piece was asked of a slow peer', () => {
  it('has it from a fast one that comes later, long before the slow one is done', async () => {
    const files = [{ path: 'film.bin', length: 20_000 * KIB }];
    const swarm = new SimSwarm({ seed: 9, files, pieceLength: 64 * KIB });
    const slow = await swarm.seed({ line: { bandwidthUp: 3_000 } });
    const node = await swarm.node();
    const stream = node.torrent.files[0]!.createReadStream();
    let first: number | undefined;
    stream.once('data', () => {
      first = swarm.world.now;
      stream.pause();
    });
    await swarm.until(
      () => node.torrent.swarm?.picker.stateOf(0) === 'downloading',
      60_000,
      'the request',
    );
    const start = swarm.world.now;
    await swarm.seed({ line: { bandwidthUp: 200_000 } });
    await swarm.until(() => first !== undefined, 60_000, 'the first bytes');
    // Its four blocks take the slow one 22 s, and the whole download takes longer than a hundred.
    expect((first ?? Infinity) - start).toBeLessThan(12_000);
    expect(node.torrent.state).toBe('downloading');
    // The slow one goes on with what is not needed now.
    const before = slow.torrent.progress().uploadedBytes;
    await swarm.until(
      () => slow.torrent.progress().uploadedBytes > before,
      60_000,
      'a block of it',
    );
    stream.destroy();
    await swarm.close();
  });
});
