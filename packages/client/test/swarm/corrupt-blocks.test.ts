import { BLOCK_LENGTH } from '@shoal/peer-wire';
import { rightAnswer } from '../hashes/exchange-support.ts';
import { checkedStorage } from '../support/checked-storage.ts';
import { K, KINDS, swarmOf, seedOf, bansOf, scriptOf } from '../support/hash-swarm.ts';
import { ScriptedPeer, type PeerScript } from '../support/scripted-peer.ts';
import { makeV2Torrent } from '../support/v2-torrent.ts';

describe.each(KINDS)('a peer that corrupts one block in a thousand: %s', (kind) => {
  it('is convicted at the first one, and no good block is fetched again', async () => {
    // One piece of a thousand blocks, which both must send parts of.
    const torrent = makeV2Torrent([{ path: 'a', length: 16_000 * K }], 16 * 1024 * K, {
      hybrid: kind === 'hybrid',
    });
    const swarm = swarmOf(torrent, 11);
    const [good, bad] = [swarm.host(), swarm.host()];
    const seen = {
      honest: [] as string[],
      liar: 0,
      corrupt: [] as string[],
      leaves: [] as number[][],
    };
    await ScriptedPeer.listen(
      good,
      torrent,
      scriptOf(torrent, {
        onRequest: (peer, ...request) => {
          seen.honest.push(request.join(' '));
          peer.serve(...request);
        },
        onHashRequest: (peer, request) => {
          seen.leaves.push([request.index, request.length]);
          const hashes = rightAnswer(torrent, request);
          if (hashes !== undefined) peer.send((to) => to.hashes(request, hashes));
        },
      }),
    );
    await ScriptedPeer.listen(
      bad,
      torrent,
      scriptOf(torrent, {
        peerId: new Uint8Array(20).fill(0x79),
        onRequest: (peer, piece, begin, length) => {
          seen.liar += 1;
          const block = peer.blockOf(piece, begin, length).slice();
          if (seen.liar % 1_000 === 40) {
            block[7]! ^= 1;
            seen.corrupt.push(`${piece} ${begin} ${length}`);
          }
          peer.send((to) => to.piece(piece, begin, block));
        },
        onHashRequest: (peer, request) => peer.send((to) => to.hashReject(request)),
      }),
    );
    const leecher = await swarm.node({
      add: {
        storage: checkedStorage(torrent),
        peers: [good, bad].map(({ address }) => ({ address, port: 6881 })),
      },
    });
    const banned = bansOf(leecher);
    await swarm.finished([leecher], 240_000);
    expect(banned.map(({ endpoint }) => endpoint.address)).toEqual([bad.address]);
    expect(banned[0]).toMatchObject({ reason: 'It sent corrupt data' });
    expect(seen.corrupt).toHaveLength(1);
    expect(seen.leaves).toEqual([
      [0, 512],
      [512, 512],
    ]);
    // The corrupt one, and what both sent at the end; not the piece.
    expect(leecher.torrent.progress().wastedBytes).toBeLessThan(100 * BLOCK_LENGTH);
    // Each block was asked of the honest one once at most, and the corrupt one of it again.
    expect(new Set(seen.honest).size).toBe(seen.honest.length);
    expect(seen.honest).toContain(seen.corrupt[0]);
    await swarm.close();
  });

  it('is convicted with the leaf hashes that a client of ours reads from its disk', async () => {
    // One piece of a thousand blocks, which both must send parts of.
    const torrent = makeV2Torrent([{ path: 'a', length: 16_000 * K }], 16 * 1024 * K, {
      hybrid: kind === 'hybrid',
    });
    const swarm = swarmOf(torrent, 11);
    // Slow enough for the seed to take part, which has to unchoke first.
    const bad = swarm.host({ bandwidthUp: 200_000 });
    let served = 0;
    await ScriptedPeer.listen(
      bad,
      torrent,
      scriptOf(torrent, {
        onRequest: (peer, piece, begin, length) => {
          const block = peer.blockOf(piece, begin, length).slice();
          if ((served += 1) % 1_000 === 40) block[7]! ^= 1;
          peer.send((to) => to.piece(piece, begin, block));
        },
      }),
    );
    const seed = await seedOf(swarm);
    const leecher = await swarm.node({
      add: {
        storage: checkedStorage(torrent),
        peers: [seed.host, bad].map(({ address }) => ({ address, port: 6881 })),
      },
    });
    const banned = bansOf(leecher);
    await swarm.until(() => banned.length > 0, 120_000);
    expect(banned.map(({ endpoint }) => endpoint.address)).toEqual([bad.address]);
    expect(served).toBeLessThan(900);
    const { wastedBytes } = leecher.torrent.progress();
    expect(wastedBytes).toBeLessThan(100 * BLOCK_LENGTH);
    await swarm.finished([leecher], 240_000);
    await swarm.close();
  });
});

describe('the leaf hashes of a corrupt piece', () => {
  it.each<[string, NonNullable<PeerScript['onHashRequest']>]>([
    ['rejects', (peer, request) => peer.send((to) => to.hashReject(request))],
    ['is silent', () => undefined],
  ])('are done without where everybody %s', async (_what, onHashRequest) => {
    const torrent = makeV2Torrent([{ path: 'a', length: 1000 * K }], 1024 * K);
    const swarm = swarmOf(torrent);
    const [good, bad] = [swarm.host(), swarm.host()];
    let served = 0;
    const honest = await ScriptedPeer.listen(good, torrent, scriptOf(torrent, { onHashRequest }));
    await ScriptedPeer.listen(
      bad,
      torrent,
      scriptOf(torrent, {
        peerId: new Uint8Array(20).fill(0x79),
        onHashRequest,
        onRequest: (peer, piece, begin, length) => {
          const block = peer.blockOf(piece, begin, length).slice();
          // One block of the first attempt.
          if ((served += 1) === 5) block[1]! ^= 1;
          peer.send((to) => to.piece(piece, begin, block));
        },
      }),
    );
    const leecher = await swarm.node({
      add: {
        storage: checkedStorage(torrent),
        peers: [good, bad].map(({ address }) => ({ address, port: 6881 })),
      },
    });
    const banned = bansOf(leecher);
    await swarm.finished([leecher], 60_000);
    expect(served).toBeGreaterThan(5);
    expect(leecher.torrent.progress().wastedBytes).toBeGreaterThan(0);
    expect(banned.filter(({ endpoint }) => endpoint.address !== bad.address)).toEqual([]);
    expect(honest.reduce((sum, peer) => sum + peer.count('hash-request'), 0)).toBeLessThanOrEqual(
      1,
    );
    await swarm.close();
  });
});
