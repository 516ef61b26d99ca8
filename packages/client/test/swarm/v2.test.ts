import { FileHashTree, hashBlocks, PieceLayers } from '@shoal/metainfo';
import { BLOCK_LENGTH } from '@shoal/peer-wire';
import type { PeerReport, PieceHashes } from '../../src/index.ts';
import { checkedStorage } from '../support/checked-storage.ts';
import { K, seedOf, swarmOf } from '../support/hash-swarm.ts';
import { poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import type { Node, SimSwarm } from '../support/sim-swarm.ts';
import { makeV2Torrent, type V2Spec, type V2Torrent } from '../support/v2-torrent.ts';

const SHAPES: readonly [string, readonly V2Spec[], number][] = [
  ['one file with a short last piece', [{ path: 'one', length: 500 * K + 77 }], 64 * K],
  ['one file that ends with a piece', [{ path: 'one', length: 256 * K }], 64 * K],
  ['one file of one block', [{ path: 'one', length: 9 }], 64 * K],
  [
    'pieces of one block',
    [
      { path: 'a', length: 200 * K + 1 },
      { path: 'b', length: 16 * K },
    ],
    16 * K,
  ],
  [
    'many files, some of them small or empty',
    [
      { path: 'a', length: 100 * K + 3 },
      { path: 'b', length: 0 },
      { path: 'c/a', length: 1 },
      { path: 'c/b', length: 16 * K },
      { path: 'c/c', length: 64 * K },
      { path: 'c/d', length: 16 * K + 1 },
      { path: 'd', length: 300 * K },
      { path: 'e', length: 0 },
    ],
    64 * K,
  ],
];

function leecherOf(swarm: SimSwarm): Promise<Node> {
  return swarm.node({ add: { storage: checkedStorage(swarm.torrent) } });
}

function payloadOf(torrent: V2Torrent): number {
  return torrent.info.files.reduce(
    (sum, { length, attributes }) => sum + (attributes.padding ? 0 : length),
    0,
  );
}

describe.each([
  ['v2-only', false],
  ['hybrid', true],
])('a %s torrent', (_kind, hybrid) => {
  it.each(SHAPES)('goes round a swarm: %s', async (_shape, specs, pieceLength) => {
    const torrent = makeV2Torrent(specs, pieceLength, { hybrid });
    const swarm = swarmOf(torrent);
    await seedOf(swarm);
    const leechers = [await leecherOf(swarm), await leecherOf(swarm), await leecherOf(swarm)];
    await swarm.finished(leechers, 60_000);
    for (const { torrent: leecher } of leechers) {
      const { completedBytes, totalBytes, pieces } = leecher.progress();
      expect(completedBytes).toBe(payloadOf(torrent));
      expect(totalBytes).toBe(payloadOf(torrent));
      expect(pieces.have).toBe(torrent.info.pieceCount);
    }
    await swarm.close();
  });

  it('is downloaded without a byte of padding, which is announced as left to nobody', async () => {
    const [, specs, pieceLength] = SHAPES[4]!;
    const torrent = makeV2Torrent(specs, pieceLength, { hybrid });
    const swarm = swarmOf(torrent);
    await seedOf(swarm);
    const leecher = await leecherOf(swarm);
    await swarm.finished([leecher], 60_000);
    expect(leecher.torrent.progress().downloadedBytes).toBe(payloadOf(torrent));
    const lefts = swarm.tracker.seen
      .filter(({ request }) => request.event === 'started')
      .map(({ request }) => request.left);
    // A hybrid has two swarms to announce to.
    expect(new Set(lefts)).toEqual(new Set([0, payloadOf(torrent)]));
    expect(lefts).toHaveLength(hybrid ? 4 : 2);
    await swarm.close();
  });

  it('is served as it is asked for, with zeros for padding', async () => {
    const [, specs, pieceLength] = SHAPES[4]!;
    const torrent = makeV2Torrent(specs, pieceLength, { hybrid });
    const swarm = swarmOf(torrent);
    const seed = await seedOf(swarm);
    const asked: [number, number, number][] = [];
    const { pieceCount, totalLength } = torrent.info;
    for (let piece = 0; piece < pieceCount; piece += 1) {
      const length = Math.min(pieceLength, totalLength - piece * pieceLength);
      for (let begin = 0; begin < length; begin += BLOCK_LENGTH)
        asked.push([piece, begin, Math.min(BLOCK_LENGTH, length - begin)]);
      asked.push([piece, length - 7, 7], [piece, 3, 1]);
    }
    const endpoint = { address: seed.host.address, port: 6881 };
    const peer = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), endpoint, swarm.torrent, {
        onOpen: (self) => self.send((to) => to.interested()),
        onUnchoke: (self) => self.send((to) => asked.forEach((request) => to.request(...request))),
      }),
    );
    await swarm.until(() => peer.count('piece') === asked.length, 60_000);
    for (const [piece, begin, length] of asked) {
      const got = peer.blocks.get(`${piece} ${begin}`)!;
      expect(Buffer.compare(got, torrent.blockOf(piece, begin, length))).toBe(0);
    }
    await swarm.close();
  });

  it('has who sent all of a corrupt piece convicted at once', async () => {
    const torrent = makeV2Torrent([{ path: 'one', length: 256 * K }], 64 * K, { hybrid });
    const swarm = swarmOf(torrent);
    const liar = await swarm.node({
      add: { storage: checkedStorage(torrent, { full: true, spoil: (block) => (block[0]! ^= 1) }) },
    });
    const leecher = await leecherOf(swarm);
    const banned = bansOf(leecher);
    await swarm.until(() => banned.length > 0, 60_000);
    expect(banned).toEqual([liar.host.address]);
    expect(leecher.torrent.progress().pieces.have).toBe(0);
    await seedOf(swarm);
    await swarm.finished([leecher], 60_000);
    await swarm.close();
  });
});

/** The addresses a node bans, as it bans them. */
function bansOf({ torrent }: Node): string[] {
  const banned: string[] = [];
  torrent.on('peer', ({ event, endpoint }: PeerReport) => {
    if (event === 'banned') banned.push(endpoint.address);
  });
  return banned;
}

/** A leecher between an honest peer and one that spoils every block, in a torrent of one long piece that both must share. */
async function betweenTwo(hybrid = false): Promise<{
  swarm: SimSwarm;
  torrent: V2Torrent;
  leecher: Node;
  honest: ScriptedPeer[];
  liars: ScriptedPeer[];
  banned: string[];
  liarAddress: string;
}> {
  const torrent = makeV2Torrent([{ path: 'one', length: 1000 * K }], 1024 * K, { hybrid });
  const swarm = swarmOf(torrent);
  const [good, bad] = [swarm.host(), swarm.host()];
  let lies = 0;
  const honest = await ScriptedPeer.listen(good, torrent, {
    onOpen: poseAsSeed,
    onRequest: (peer, ...request) => peer.serve(...request),
  });
  const liars = await ScriptedPeer.listen(bad, torrent, {
    peerId: new Uint8Array(20).fill(0x79),
    onOpen: poseAsSeed,
    onRequest: (peer, piece, begin, length) => {
      const block = peer.blockOf(piece, begin, length).slice();
      // Never the same twice, so that it gives itself away without anybody's help when it is asked again.
      block[1] = lies += 1;
      block[2]! ^= 1;
      peer.send((to) => to.piece(piece, begin, block));
    },
  });
  const leecher = await swarm.node({
    add: {
      storage: checkedStorage(torrent),
      peers: [good, bad].map(({ address }) => ({ address, port: 6881 })),
    },
  });
  const banned = bansOf(leecher);
  await swarm.until(() => leecher.torrent.swarm !== undefined, 10_000);
  return { swarm, torrent, leecher, honest, liars, banned, liarAddress: bad.address };
}

function requestsTo(peers: readonly ScriptedPeer[]): string[] {
  return peers.flatMap(({ messages }) =>
    messages.filter(([name]) => name === 'request').map((message) => message.join(' ')),
  );
}

describe('a corrupt piece of several senders', () => {
  it.each([
    ['v2-only', false],
    ['hybrid', true],
  ])(
    'has the senders of bad blocks convicted at once, and only those blocks fetched again: %s',
    async (_kind, hybrid) => {
      const { swarm, torrent, leecher, honest, liars, banned, liarAddress } =
        await betweenTwo(hybrid);
      const engine = leecher.torrent.swarm!;
      const asked: number[] = [];
      let bansBefore = -1;
      let badBytes = 0;
      let requestsBefore = 0;
      engine.pieces.leafSource = {
        request: (piece) => {
          asked.push(piece);
          swarm.world.at(swarm.world.now + 200, () => {
            bansBefore = banned.length;
            requestsBefore = requestsTo(honest).length;
            const wastedBefore = engine.wastedBytes;
            const leaves = hashBlocks(torrent.bytesOf(piece));
            const wrong = leaves.slice();
            wrong[5]! ^= 1;
            expect(engine.pieces.judgeBlocks(piece, wrong)).toBe(false);
            expect(engine.pieces.judgeBlocks(piece + 1, leaves)).toBe(false);
            expect(engine.pieces.judgeBlocks(piece, leaves)).toBe(true);
            expect(engine.pieces.judgeBlocks(piece, leaves)).toBe(false);
            badBytes = engine.wastedBytes - wastedBefore;
            expect(banned).toEqual([liarAddress]);
          });
          return true;
        },
      };
      await swarm.finished([leecher], 60_000);
      expect(asked).toEqual([0]);
      expect(bansBefore).toBe(0);
      expect(requestsTo(liars).length).toBeGreaterThan(0);
      // The bad blocks, once each, and no other.
      const again = requestsTo(honest).slice(requestsBefore);
      expect(new Set(again).size).toBe(again.length);
      expect(badBytes).toBeGreaterThan(0);
      expect(badBytes).toBeLessThan(1000 * K);
      const lengths = again.map((request) => Number(request.split(' ')[3]));
      expect(lengths.reduce((sum, length) => sum + length)).toBe(badBytes);
      expect(leecher.torrent.progress().completedBytes).toBe(1000 * K);
      await swarm.close();
    },
  );

  it.each([
    ['says that nobody can be asked', false],
    ['never answers', true],
  ])('is fetched again where who should know the hashes %s', async (_what, promises) => {
    const { swarm, leecher, banned, liarAddress } = await betweenTwo();
    let asked = 0;
    leecher.torrent.swarm!.pieces.leafSource = {
      request: () => {
        asked += 1;
        return promises;
      },
    };
    await swarm.finished([leecher], 120_000);
    expect(asked).toBeGreaterThan(0);
    expect(banned).toEqual([liarAddress]);
    await swarm.close();
  });

  it('is given up with the torrent, memory and all', async () => {
    const { swarm, leecher } = await betweenTwo();
    const engine = leecher.torrent.swarm!;
    let asked = false;
    engine.pieces.leafSource = { request: () => (asked = true) };
    await swarm.until(() => asked, 60_000);
    await swarm.pass(10);
    expect(engine.picker.stateOf(0)).toBe('verifying');
    await swarm.settle(leecher.torrent.pause());
    expect(engine.picker.stateOf(0)).toBe('missing');
    engine.pieces.leafSource = undefined;
    await swarm.settle(leecher.torrent.resume());
    await swarm.finished([leecher], 120_000);
    await swarm.close();
  });
});

describe('a torrent whose metadata came without hashes', () => {
  it('is fetched as far as it can be verified, and the rest when its hashes are known', async () => {
    const specs = [
      { path: 'a', length: 200 * K },
      { path: 'b', length: 10 },
      { path: 'c', length: 64 * K },
    ];
    const torrent = makeV2Torrent(specs, 64 * K);
    const swarm = swarmOf(torrent);
    const host = swarm.host();
    await ScriptedPeer.listen(host, torrent, {
      onOpen: poseAsSeed,
      onRequest: (peer, ...request) => peer.serve(...request),
    });
    let hashes: PieceHashes | undefined;
    const storage = checkedStorage(torrent);
    const [client] = await swarm.client();
    const leecher = await client.add(
      { ...swarm.metainfo, pieceLayers: PieceLayers.unknown(torrent.info) },
      {
        directory: '/nowhere',
        peers: [{ address: host.address, port: 6881 }],
        storage: (info, directory, known) => storage(info, directory, (hashes = known)),
      },
    );
    await swarm.until(() => leecher.progress().pieces.have === 2, 30_000);
    await swarm.pass(5_000);
    expect(leecher.state).toBe('downloading');
    expect([0, 1, 2, 3, 4, 5].map((piece) => leecher.swarm!.picker.have.get(piece))).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
    const source = new FileHashTree({
      piecesRoot: torrent.info.files[0]!.piecesRoot!,
      fileLength: 200 * K,
      pieceLength: 64 * K,
      pieceLayer: torrent.metainfo.pieceLayers.layerOf(0),
    });
    for (const request of hashes!.treeOf(0)!.missingRanges())
      leecher.swarm!.pieces.hashesLearned(hashes!.addHashes(0, request, source.answer(request)!)!);
    await swarm.until(() => leecher.state === 'seeding', 30_000);
    expect(leecher.progress().completedBytes).toBe(payloadOf(torrent));
    await swarm.close();
  });
});

describe('a hybrid torrent whose two parts contradict each other', () => {
  it('stops with an error, bans nobody and keeps what it has', async () => {
    const torrent = makeV2Torrent([{ path: 'a', length: 256 * K }], 64 * K, {
      hybrid: true,
      spoilV1: (content) => (content[200 * K]! ^= 1),
    });
    const swarm = swarmOf(torrent);
    await swarm.seed();
    const leecher = await leecherOf(swarm);
    const banned = bansOf(leecher);
    await swarm.until(() => leecher.torrent.state === 'error', 60_000);
    expect(leecher.torrent.error).toMatchObject({
      code: 'ERR_CLIENT_INCONSISTENT_HASHES',
      piece: 3,
    });
    expect(banned).toEqual([]);
    await swarm.close();
  });
});
