import { checkedStorage } from '../support/checked-storage.ts';
import { poseAsSeed, type PeerScript, ScriptedPeer } from '../support/scripted-peer.ts';
import { SimSwarm } from '../support/sim-swarm.ts';
import { makeV2Torrent } from '../support/v2-torrent.ts';

const K = 1024;
const PORT = 6881;
const SPECS = [{ path: 'a', length: 2000 * K }];
const torrents = {
  'v2-only': makeV2Torrent(SPECS, 1024 * K),
  hybrid: makeV2Torrent(SPECS, 1024 * K, { hybrid: true }),
  // As somebody sees it who knows nothing of version 2.
  v1: makeV2Torrent(SPECS, 1024 * K, { hybrid: true }),
};

describe.each(['v1', 'v2-only', 'hybrid'] as const)(
  'a seed that spoils every block beside an honest one: %s',
  (kind) => {
    const made = torrents[kind];
    const script: PeerScript = {
      infoHash: made.info.infoHash ?? made.info.infoHashV2!.subarray(0, 20),
      onOpen: poseAsSeed,
      // Nobody tells leaf hashes.
      onHashRequest: (peer, request) => peer.send((to) => to.hashReject(request)),
    };

    it('is convicted, and nobody else', async () => {
      const swarm = new SimSwarm({ seed: 701, torrent: made });
      const [good, bad] = [swarm.host(), swarm.host()];
      await ScriptedPeer.listen(
        good,
        made,
        { ...script, onRequest: (peer, ...block) => peer.serve(...block) },
        PORT,
      );
      await ScriptedPeer.listen(
        bad,
        made,
        {
          ...script,
          peerId: new Uint8Array(20).fill(0x79),
          onRequest: (peer, piece, begin, length) => {
            const block = peer.blockOf(piece, begin, length).slice();
            block[3]! ^= 1;
            peer.send((to) => to.piece(piece, begin, block));
          },
        },
        PORT,
      );
      const leecher = await swarm.node({
        trackerless: true,
        ...(kind === 'v1' ? { side: kind } : {}),
        add: {
          storage: checkedStorage(made),
          peers: [good, bad].map(({ address }) => ({ address, port: PORT })),
        },
      });
      const banned: string[] = [];
      leecher.torrent.on('peer', ({ event, endpoint }) => {
        if (event === 'banned') banned.push(endpoint.address);
      });
      await swarm.finished([leecher], 120_000);
      expect(banned).toEqual([bad.address]);
      await swarm.close();
    });
  },
);
