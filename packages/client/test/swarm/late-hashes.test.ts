import { PieceLayers } from '@shoal/metainfo';
import { type AddOptions, FileStates, type PieceHashes, type Torrent } from '../../src/index.ts';
import { noise } from '../disk/fixture.ts';
import { rightAnswer } from '../hashes/exchange-support.ts';
import { checkedStorage } from '../support/checked-storage.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { poseAsSeed, type PeerScript, ScriptedPeer } from '../support/scripted-peer.ts';
import { SimSwarm } from '../support/sim-swarm.ts';
import { makeV2Torrent, type V2Torrent } from '../support/v2-torrent.ts';

const K = 1024;
const PORT = 6881;
const SPECS = [
  { path: 'a', length: 40 * 16 * K + 5 },
  { path: 'b', length: 3 },
  { path: 'c', length: 70 * K },
];
const v2 = makeV2Torrent(SPECS, 16 * K);
const hybrid = makeV2Torrent(SPECS, 16 * K, { hybrid: true });

/** What lies on disk; as real storage it finds no piece whole of which no hash is known. */
class DiskContent extends ContentStorage {
  hashes: PieceHashes | undefined;
  readonly checked: number[] = [];
  onCheck: (() => void) | undefined;
  /** Bytes of each file. */
  sizes: readonly number[] | undefined;

  override async checkPieces(
    ...[pieces, onPiece, signal]: Parameters<ContentStorage['checkPieces']>
  ) {
    this.checked.push(...pieces);
    this.onCheck?.();
    const isKnown = (piece: number): boolean => this.hashes?.isVerifiable(piece) === true;
    await super.checkPieces(
      pieces,
      (piece, whole) => onPiece(piece, whole && isKnown(piece)),
      signal,
    );
  }

  override async fileStates() {
    const states = await super.fileStates();
    const changed = [...states].map((state, file) => ({
      ...state,
      size: this.sizes?.[file] ?? state.size,
    }));
    return FileStates.of(changed);
  }
}

/** A torrent whose piece layers have yet to come. */
async function stripped(
  swarm: SimSwarm,
  options: Partial<AddOptions>,
): Promise<{ torrent: Torrent; address: string; banned: string[] }> {
  const [client, host] = await swarm.client();
  const pieceLayers = PieceLayers.unknown(swarm.torrent.info);
  const torrent = await client.add(
    { ...swarm.metainfo, trackers: [], pieceLayers },
    { directory: '/nowhere', ...options },
  );
  torrent.on('error', () => undefined);
  const banned: string[] = [];
  torrent.on('peer', ({ event, endpoint }) => {
    if (event === 'banned') banned.push(endpoint.address);
  });
  return { torrent, address: host.address, banned };
}

function onDisk(torrent: V2Torrent, have: Iterable<number> | 'all') {
  const storage = new DiskContent(torrent, have);
  const factory: AddOptions['storage'] = (_info, _directory, hashes) => {
    storage.hashes = hashes;
    return storage;
  };
  return { storage, factory };
}

async function scripted(swarm: SimSwarm, torrent: V2Torrent, script: PeerScript) {
  const host = swarm.host();
  await ScriptedPeer.listen(
    host,
    torrent,
    { onOpen: poseAsSeed, onRequest: (peer, ...block) => peer.serve(...block), ...script },
    PORT,
  );
  return { address: host.address, port: PORT };
}

function tellsHashes(torrent: V2Torrent): PeerScript {
  return {
    infoHash: torrent.info.infoHashV2!.subarray(0, 20),
    peerId: new Uint8Array(20).fill(0x79),
    onHashRequest: (peer, request) => {
      const hashes = rightAnswer(torrent, request);
      if (hashes !== undefined) peer.send((to) => to.hashes(request, hashes));
    },
  };
}

const every = (torrent: V2Torrent): number[] => [...Array(torrent.info.pieceCount).keys()];

describe('data on disk of a v2-only torrent without piece layers', () => {
  it('is found as soon as its hashes are known, and not downloaded', async () => {
    const swarm = new SimSwarm({ seed: 601, torrent: v2 });
    const peers = [await scripted(swarm, v2, tellsHashes(v2))];
    const { storage, factory } = onDisk(v2, 'all');
    const { torrent } = await stripped(swarm, { storage: factory, peers });
    await swarm.until(() => torrent.state === 'seeding', 30_000);
    expect(torrent.progress().downloadedBytes).toBe(0);
    expect(storage.written).toEqual([]);
    expect(storage.checked.sort((one, other) => one - other)).toEqual(every(v2));
    for (const { completedBytes, length, padding } of torrent.files)
      if (!padding) expect(completedBytes).toBe(length);
    await swarm.close();
  });

  it('is downloaded where it is damaged', async () => {
    const swarm = new SimSwarm({ seed: 602, torrent: v2 });
    const peers = [await scripted(swarm, v2, tellsHashes(v2))];
    const damaged = [3, 4, v2.info.pieceCount - 1];
    const { storage, factory } = onDisk(
      v2,
      every(v2).filter((piece) => !damaged.includes(piece)),
    );
    const { torrent } = await stripped(swarm, { storage: factory, peers });
    await swarm.until(() => torrent.state === 'seeding', 30_000);
    expect(storage.written.sort((one, other) => one - other)).toEqual(damaged);
    await swarm.close();
  });

  it('is copied from an equal file where it is damaged, rather than downloaded', async () => {
    const twin = (bytes: Uint8Array): void => bytes.set(noise(bytes.length, 4711));
    const specs = [
      { path: 'a', length: 10 * 16 * K },
      { path: 'b', length: 10 * 16 * K },
    ];
    const twins = makeV2Torrent(specs, 16 * K, { change: twin });
    const swarm = new SimSwarm({ seed: 608, torrent: twins });
    // It tells hashes, and gives nothing else.
    const script = { ...tellsHashes(twins), onRequest: () => undefined };
    const peers = [await scripted(swarm, twins, script)];
    const damaged = [12, 13, 19];
    const { storage, factory } = onDisk(
      twins,
      every(twins).filter((piece) => !damaged.includes(piece)),
    );
    const { torrent } = await stripped(swarm, { storage: factory, peers });
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    expect(storage.written.sort((one, other) => one - other)).toEqual(damaged);
    expect(torrent.progress()).toMatchObject({
      downloadedBytes: 0,
      reusedBytes: damaged.length * 16 * K,
    });
    await swarm.close();
  });

  it('is not looked for beyond the end of its file', async () => {
    const swarm = new SimSwarm({ seed: 603, torrent: v2 });
    const peers = [await scripted(swarm, v2, tellsHashes(v2))];
    const { storage, factory } = onDisk(v2, [0, 1, 2]);
    storage.sizes = [3 * 16 * K + 100, 0, -1, 0, -1];
    const { torrent } = await stripped(swarm, { storage: factory, peers });
    await swarm.settle(torrent.checked());
    storage.sizes = undefined;
    await swarm.until(() => torrent.state === 'seeding', 30_000);
    // The file of one piece needs no layer, and is looked at in the beginning.
    expect(storage.checked.sort((one, other) => one - other)).toEqual([0, 1, 2, 41]);
    expect(storage.written).not.toContain(0);
    await swarm.close();
  });

  it('is looked at after a pause that came between', async () => {
    const swarm = new SimSwarm({ seed: 604, torrent: v2 });
    const peers = [await scripted(swarm, v2, tellsHashes(v2))];
    const { storage, factory } = onDisk(v2, 'all');
    const { torrent } = await stripped(swarm, { storage: factory, peers });
    // The first turn of reading.
    const paused = new Promise<void>((resolve) => {
      storage.onCheck = () => {
        if (storage.checked.length > 1) resolve(torrent.pause());
      };
    });
    await swarm.settle(paused);
    storage.onCheck = undefined;
    const before = storage.checked.length;
    await swarm.pass(10_000);
    expect(storage.checked).toHaveLength(before);
    await swarm.settle(torrent.resume());
    await swarm.until(() => torrent.state === 'seeding', 30_000);
    expect(storage.written).toEqual([]);
    await swarm.close();
  });
});

describe('pieces of a hybrid torrent that were verified by SHA-1 alone', () => {
  const v1Only: PeerScript = { infoHash: hybrid.info.infoHash! };

  it('are compared with SHA-256 as soon as that is known', async () => {
    const swarm = new SimSwarm({ seed: 605, torrent: hybrid });
    const { storage, factory } = onDisk(hybrid, []);
    const peers = [await scripted(swarm, hybrid, v1Only)];
    const { torrent } = await stripped(swarm, { storage: factory, peers });
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    storage.checked.length = 0;
    const waiting = torrent.completeMetainfo();
    torrent.addPeer(await scripted(swarm, hybrid, tellsHashes(hybrid)));
    await swarm.settle(waiting, 120_000);
    await swarm.until(() => torrent.swarm?.isAtDisk !== true, 10_000);
    const several = every(hybrid).filter((piece) => piece !== 41);
    expect(storage.checked.sort((one, other) => one - other)).toEqual(several);
    expect(torrent.state).toBe('seeding');
    await swarm.close();
  });

  it('make the torrent fail where the two contradict each other, and nobody is banned', async () => {
    const spoilt = makeV2Torrent(SPECS, 16 * K, {
      hybrid: true,
      spoilV1: (content) => (content[7 * 16 * K]! ^= 1),
    });
    const swarm = new SimSwarm({ seed: 606, torrent: spoilt });
    const v1Seed = await scripted(swarm, spoilt, {
      infoHash: spoilt.info.infoHash!,
      onRequest: (peer, piece, begin, length) => {
        const block = peer.blockOf(piece, begin, length).slice();
        if (piece === 7 && begin === 0) block[0]! ^= 1;
        peer.send((to) => to.piece(piece, begin, block));
      },
    });
    const options = { storage: checkedStorage(spoilt), peers: [v1Seed] };
    const { torrent, banned } = await stripped(swarm, options);
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    const waiting = Promise.allSettled([torrent.completeMetainfo()]);
    torrent.addPeer(await scripted(swarm, spoilt, tellsHashes(spoilt)));
    await swarm.until(() => torrent.state === 'error', 60_000);
    expect(torrent.error).toMatchObject({ name: 'InconsistentHashesError', piece: 7 });
    await waiting;
    expect(banned).toEqual([]);
    await swarm.close();
  });

  it('are downloaded again where they turn out to be damaged', async () => {
    const swarm = new SimSwarm({ seed: 607, torrent: hybrid });
    const { storage, factory } = onDisk(hybrid, []);
    const peers = [await scripted(swarm, hybrid, v1Only)];
    const { torrent } = await stripped(swarm, { storage: factory, peers });
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    storage.lose(5);
    storage.written.length = 0;
    const waiting = torrent.completeMetainfo();
    torrent.addPeer(await scripted(swarm, hybrid, tellsHashes(hybrid)));
    await swarm.settle(waiting, 120_000);
    await swarm.until(() => storage.written.length > 0, 60_000);
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    expect(storage.written).toEqual([5]);
    const { completedBytes, totalBytes } = torrent.progress();
    expect(completedBytes).toBe(totalBytes);
    await swarm.close();
  });
});
