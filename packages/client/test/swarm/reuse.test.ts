import type { Metainfo } from '@shoal/metainfo';
import type { Client, Torrent } from '../../src/index.ts';
import { makeTorrent, noise, type TestTorrent } from '../disk/fixture.ts';
import { checkedStorage } from '../support/checked-storage.ts';
import { metainfoOf } from '../support/metainfo.ts';
import { type Node, SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';
import { makeV2Torrent, type V2Spec, type V2Torrent } from '../support/v2-torrent.ts';

const K = 1024;
const PIECE = 64 * K;
const FILM = 500 * K + 77;

/** Every file whose name begins with `film` is the same. */
const SPECS: readonly V2Spec[] = [
  { path: 'a/film', length: FILM },
  { path: 'b', length: 100 * K },
  { path: 'c/film', length: FILM },
  { path: 'd/film', length: FILM },
];

/** Files whose last component is `film` are equal, whatever else differs. */
function filmsIn(specs: readonly V2Spec[], options: { hybrid?: boolean; seed?: number } = {}) {
  return makeV2Torrent(specs, PIECE, {
    ...options,
    change: (bytes, index) => {
      if (specs[index]?.path.endsWith('film') === true) bytes.set(noise(bytes.length, 4711));
    },
  });
}

function seedOf(swarm: SimSwarm): Promise<Node> {
  return swarm.node({ add: { storage: checkedStorage(swarm.torrent, { full: true }) } });
}

function leecherOf(swarm: SimSwarm, add: Parameters<SimSwarm['node']>[0] = {}): Promise<Node> {
  return swarm.node({ ...add, add: { storage: checkedStorage(swarm.torrent), ...add.add } });
}

/** A torrent in a client that knows its content: all of it, or nothing yet. */
function hold(
  client: Client,
  torrent: TestTorrent,
  metainfo: Metainfo,
  full: boolean,
  add = {},
): Promise<Torrent> {
  return client.add(metainfo, {
    directory: '/nowhere',
    storage: checkedStorage(torrent, { full }),
    ...add,
  });
}

describe.each([
  ['v2-only', false],
  ['hybrid', true],
])('equal files of a %s torrent', (_kind, hybrid) => {
  const torrent = filmsIn(SPECS, { hybrid });

  it('are downloaded once', async () => {
    const swarm = new SimSwarm({ seed: 3, torrent });
    const seed = await seedOf(swarm);
    const leecher = await leecherOf(swarm);
    await swarm.finished([leecher], 60_000);
    expect(leecher.torrent.progress()).toMatchObject({
      completedBytes: 3 * FILM + 100 * K,
      downloadedBytes: FILM + 100 * K,
      reusedBytes: 2 * FILM,
      wastedBytes: 0,
    });
    expect(seed.torrent.progress().uploadedBytes).toBe(FILM + 100 * K);
    await swarm.close();
  });

  it('are downloaded as often as they are there without the option', async () => {
    const swarm = new SimSwarm({ seed: 3, torrent });
    await seedOf(swarm);
    const leecher = await leecherOf(swarm, { client: { reuseLocalData: false } });
    const other = await leecherOf(swarm, { add: { reuseLocalData: false } });
    await swarm.finished([leecher, other], 60_000);
    for (const { torrent: each } of [leecher, other]) {
      const { reusedBytes, downloadedBytes } = each.progress();
      expect({ reusedBytes, downloadedBytes }).toEqual({
        reusedBytes: 0,
        downloadedBytes: 3 * FILM + 100 * K,
      });
    }
    await swarm.close();
  });

  it('are copied only where they are wanted, and those chosen later from what is there', async () => {
    const swarm = new SimSwarm({ seed: 3, torrent });
    await seedOf(swarm);
    const { files } = torrent.info;
    const [first, , third, fourth] = files
      .filter(({ attributes }) => !attributes.padding)
      .map(({ index }) => index);
    const leecher = await leecherOf(swarm, { add: { select: [third ?? 0] } });
    await swarm.finished([leecher], 60_000);
    expect(leecher.torrent.progress()).toMatchObject({ downloadedBytes: FILM, reusedBytes: 0 });
    expect(leecher.torrent.files[first ?? 0]?.completedBytes).toBe(0);
    leecher.torrent.select([first ?? 0, fourth ?? 0]);
    await swarm.until(
      () => leecher.torrent.progress().reusedBytes === 2 * FILM,
      10_000,
      'the copies',
    );
    expect(leecher.torrent.progress().downloadedBytes).toBe(FILM);
    await swarm.close();
  });

  it('are asked for one by one where somebody has only the later ones', async () => {
    const swarm = new SimSwarm({ seed: 3, torrent });
    const seed = await seedOf(swarm);
    const fourth = torrent.info.files.findIndex(({ path }) => path.endsWith('d/film'));
    const half = await leecherOf(swarm, { add: { select: [fourth] } });
    await swarm.finished([half], 60_000);
    await swarm.settle(seed.client.close());
    const leecher = await leecherOf(swarm);
    await swarm.until(
      () => leecher.torrent.progress().completedBytes === 3 * FILM,
      60_000,
      'the films',
    );
    expect(leecher.torrent.progress()).toMatchObject({
      downloadedBytes: FILM,
      reusedBytes: 2 * FILM,
    });
    await swarm.close();
  });

  it('are not waited for by a stream', async () => {
    const swarm = new SimSwarm({ seed: 3, torrent });
    await seedOf(swarm);
    const leecher = await leecherOf(swarm);
    await swarm.until(() => leecher.torrent.progress().pieces.have > 0, 60_000, 'a piece');
    const fourth = torrent.info.files.findIndex(({ path }) => path.endsWith('d/film'));
    const file = leecher.torrent.files[fourth];
    const firstPiece = (torrent.info.files[fourth]?.offset ?? 0) / PIECE;
    const pieces = Array.from(
      { length: Math.ceil(FILM / PIECE) },
      (_, index) => firstPiece + index,
    );
    const waiting = (): number =>
      pieces.filter((piece) => leecher.torrent.swarm?.picker.stateOf(piece) === 'verifying').length;
    expect(waiting()).toBeGreaterThan(3);
    const read = (async () => {
      const parts: Uint8Array[] = [];
      for await (const part of file?.createReadStream() ?? []) parts.push(part as Uint8Array);
      return Buffer.concat(parts);
    })();
    await swarm.until(() => waiting() < 3, 20, 'the pieces in reach of the stream to be asked for');
    const bytes = await swarm.settle(read);
    expect(bytes.equals(torrent.fileBytes(fourth))).toBe(true);
    await swarm.close();
  });
});

describe('files of another torrent of the client', () => {
  const old = filmsIn([
    { path: 'x/film', length: FILM },
    { path: 'y', length: 300 * K },
  ]);
  const mixed = filmsIn(SPECS.slice(0, 2), { hybrid: true, seed: 2 });

  async function clientWith(
    torrents: readonly [V2Torrent, boolean, Partial<Metainfo['info']>?][],
    trackers: string[][] = [],
  ) {
    const swarm = new SimSwarm({ seed: 9, torrent: mixed });
    const [client] = await swarm.client();
    const added: Torrent[] = [];
    for (const [torrent, full, info = {}] of torrents) {
      const { files } = torrent.info;
      const metainfo = {
        ...torrent.metainfo,
        trackers,
        info: { ...torrent.metainfo.info, files, ...info },
      };
      added.push(await hold(client, torrent, metainfo, full));
    }
    return { swarm, client, added };
  }

  it('are copied when the torrent is added, whichever is added first', async () => {
    for (const order of [
      [old, mixed],
      [mixed, old],
    ]) {
      const { swarm, added } = await clientWith(order.map((each) => [each, each === old]));
      const target = added[order.indexOf(mixed)];
      await swarm.until(() => target?.progress().reusedBytes === FILM, 10_000, 'the copy');
      expect(target?.progress()).toMatchObject({ completedBytes: FILM, downloadedBytes: 0 });
      await swarm.close();
    }
  });

  it('are copied when the other torrent is complete', async () => {
    const { swarm, added } = await clientWith(
      [
        [old, false],
        [mixed, false],
      ],
      [[TRACKER_URL]],
    );
    const [first, second] = added;
    const [seeder] = await swarm.client();
    await hold(seeder, old, { ...old.metainfo, trackers: [[TRACKER_URL]] }, true);
    await swarm.until(() => second?.progress().completedBytes === FILM, 60_000, 'the copy');
    expect(first?.state).toBe('seeding');
    expect(second?.progress()).toMatchObject({ reusedBytes: FILM, downloadedBytes: 0 });
    await swarm.close();
  });

  it('stay where they are when they are private', async () => {
    const { swarm, client, added } = await clientWith([
      [old, true, { private: true }],
      [mixed, false],
    ]);
    await swarm.pass(5_000);
    expect(added[1]?.progress()).toMatchObject({ reusedBytes: 0, completedBytes: 0 });
    expect(client.torrents).toHaveLength(2);
    await swarm.close();
  });

  it('are taken by a private torrent', async () => {
    const { swarm, added } = await clientWith([
      [old, true],
      [mixed, false, { private: true }],
    ]);
    await swarm.until(() => added[1]?.progress().reusedBytes === FILM, 10_000, 'the copy');
    await swarm.close();
  });

  it('are had from peers where they turn out to be wrong', async () => {
    const swarm = new SimSwarm({ seed: 9, torrent: mixed });
    await seedOf(swarm);
    const [client] = await swarm.client();
    const storage = checkedStorage(old, { full: true, spoil: (block) => block.fill(7) });
    await hold(client, old, old.metainfo, true, { storage });
    const metainfo = { ...mixed.metainfo, trackers: [[TRACKER_URL]] };
    const target = await hold(client, mixed, metainfo, false);
    await swarm.until(() => target.state === 'seeding', 60_000, 'the download');
    expect(target.progress()).toMatchObject({
      reusedBytes: 0,
      wastedBytes: 0,
      downloadedBytes: FILM + 100 * K,
    });
    await swarm.close();
  });

  it('are had from peers where they cannot be read, or their torrent goes', async () => {
    for (const removed of [false, true]) {
      const swarm = new SimSwarm({ seed: 9, torrent: mixed });
      await seedOf(swarm);
      const [client] = await swarm.client();
      const held: { source?: Torrent } = {};
      let reads = 0;
      const storage: ReturnType<typeof checkedStorage> = (...parameters) => {
        const made = checkedStorage(old, { full: true })(...parameters);
        const readBlocks = made.readBlocks.bind(made);
        made.readBlocks = async (target, wanted) => {
          if (++reads > 2) {
            if (removed) await held.source?.remove();
            else throw new Error('EIO');
          }
          await readBlocks(target, wanted);
        };
        return made;
      };
      held.source = await hold(client, old, old.metainfo, true, { storage });
      const metainfo = { ...mixed.metainfo, trackers: [[TRACKER_URL]] };
      const target = await hold(client, mixed, metainfo, false);
      await swarm.until(() => target.state === 'seeding', 60_000, 'the download');
      const { reusedBytes, downloadedBytes } = target.progress();
      expect(reusedBytes).toBeGreaterThan(0);
      expect(reusedBytes).toBeLessThan(FILM);
      expect(reusedBytes + downloadedBytes).toBe(FILM + 100 * K);
      if (!removed) expect(held.source.state).toBe('seeding');
      await swarm.close();
    }
  });

  it('stop a torrent that cannot write them, and are copied when it goes on', async () => {
    const { swarm, client } = await clientWith([[old, true]]);
    let full = true;
    const storage: ReturnType<typeof checkedStorage> = (...parameters) => {
      const made = checkedStorage(mixed)(...parameters);
      const writePiece = made.writePiece.bind(made);
      made.writePiece = (piece, buffer, ...more) =>
        full
          ? Promise.resolve({
              outcome: 'failed',
              buffer,
              blockHashes: undefined,
              error: new Error('ENOSPC'),
            })
          : writePiece(piece, buffer, ...more);
      return made;
    };
    const target = await hold(client, mixed, mixed.metainfo, false, { storage });
    await swarm.until(() => target.state === 'error', 10_000, 'the error');
    expect(target.error?.message).toBe('ENOSPC');
    full = false;
    await target.resume();
    await swarm.until(() => target.progress().reusedBytes === FILM, 10_000, 'the copy');
    await swarm.close();
  });

  it('are copied again after a pause, which leaves nothing behind', async () => {
    const { swarm, client } = await clientWith([[old, true]]);
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let writes = 0;
    const storage: ReturnType<typeof checkedStorage> = (...parameters) => {
      const made = checkedStorage(mixed)(...parameters);
      const writePiece = made.writePiece.bind(made);
      made.writePiece = async (...piece) => {
        if (++writes > 2) await gate;
        return await writePiece(...piece);
      };
      return made;
    };
    const target = await hold(client, mixed, mixed.metainfo, false, { storage });
    await swarm.until(() => target.progress().reusedBytes > 0, 10_000, 'a piece');
    const pausing = target.pause();
    open();
    await swarm.settle(pausing);
    const { reusedBytes } = target.progress();
    await swarm.pass(1_000);
    expect(target.progress().reusedBytes).toBe(reusedBytes);
    expect(reusedBytes).toBeLessThan(FILM);
    await target.resume();
    await swarm.until(() => target.progress().reusedBytes === FILM, 10_000, 'the rest');
    await swarm.close();
  });
});

describe('files of similar torrents (BEP 38)', () => {
  const shared = [
    { path: 'set/film', length: 700 * K + 5 },
    { path: 'set/notes', length: 3 * K },
  ];
  /** The content of both, and something before it that shifts it by `shift` bytes. */
  function versions(shift: number) {
    const one = makeTorrent(shared, PIECE, 1);
    const specs = [{ path: 'set/extra', length: shift }, ...shared];
    const other = makeTorrent(specs, PIECE, 1, (content) => content.set(one.content, shift));
    return { one, other };
  }

  it.each([
    ['at pieces of the same', PIECE * 2],
    ['elsewhere in pieces', 12_345],
  ])('are copied where they lie %s', async (_where, shift) => {
    const { one, other } = versions(shift);
    for (const hint of ['similar', 'collections'] as const) {
      const swarm = new SimSwarm({ seed: 9 });
      const [client] = await swarm.client();
      const collections = hint === 'collections' ? ['org.example.series'] : [];
      const similar = hint === 'similar' ? [one.info.infoHash ?? new Uint8Array(20)] : [];
      await hold(client, one, { ...metainfoOf(one), collections }, true);
      const metainfo = { ...metainfoOf(other), similar, collections };
      const target = await hold(client, other, metainfo, false);
      const pieces = other.info.pieceCount;
      // What shares a piece with the file that is new has to come from peers.
      const expected = pieces - Math.ceil(shift / PIECE);
      await swarm.until(() => target.progress().pieces.have === expected, 10_000, 'the copy');
      await swarm.pass(2_000);
      expect(target.progress().pieces.have).toBe(expected);
      await swarm.close();
    }
  });

  it('are left alone without a hint', async () => {
    const { one, other } = versions(PIECE);
    const swarm = new SimSwarm({ seed: 9 });
    const [client] = await swarm.client();
    await hold(client, one, metainfoOf(one), true);
    const target = await hold(client, other, metainfoOf(other), false);
    await swarm.pass(3_000);
    expect(target.progress().reusedBytes).toBe(0);
    await swarm.close();
  });
});
