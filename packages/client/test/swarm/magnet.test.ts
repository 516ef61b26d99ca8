import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatMagnet, type MagnetInput } from '@shoal/metainfo';
import { encodeExtensionHandshake, utMetadata } from '@shoal/peer-wire';
import type { AddOptions, AnyTorrent, Client, ClientOptions, PeerReport } from '../../src/index.ts';
import { sha1 } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { metadataScript, type MetadataScriptOptions } from '../support/metadata-peer.ts';
import { makeRealTorrent, type RealTorrentOptions } from '../support/real-torrent.ts';
import { ScriptedPeer } from '../support/scripted-peer.ts';
import { SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';

const PORT = 6881;

/** A client that knows only a magnet link. */
interface Leech {
  readonly client: Client;
  readonly torrent: AnyTorrent;
  readonly storage: ContentStorage;
  readonly states: string[];
  readonly reports: PeerReport[];
  readonly at: { address: string; port: number };
}

class MagnetSwarm extends SimSwarm {
  constructor(seed: number, options: RealTorrentOptions = {}) {
    super({ seed, torrent: makeRealTorrent(seed, options) });
  }

  magnet(more: MagnetInput = {}): string {
    const { infoHash, infoHashV2 } = this.torrent.info;
    return formatMagnet({ infoHash, infoHashV2, name: 'a film', ...more });
  }

  /** Someone who behaves as a script says, by its address. */
  async scripted(options: MetadataScriptOptions): Promise<{ host: string; port: number }> {
    const host = this.host();
    const peerId = Buffer.from(host.address.padEnd(20, '-'));
    await ScriptedPeer.listen(host, this.torrent, metadataScript({ peerId, ...options }), PORT);
    return { host: host.address, port: PORT };
  }

  async leech(
    magnet: string,
    { client: clientOptions, ...add }: Partial<AddOptions> & { client?: ClientOptions } = {},
  ): Promise<Leech> {
    const [client, host] = await this.client(clientOptions);
    const storage = new ContentStorage(this.torrent);
    const torrent = await client.add(magnet, {
      directory: '/nowhere',
      storage: () => storage,
      ...add,
    });
    const states: string[] = [torrent.state];
    const reports: PeerReport[] = [];
    torrent.on('state', (state) => states.push(state));
    torrent.on('peer', (report) => reports.push(report));
    torrent.on('error', () => undefined);
    return { client, torrent, storage, states, reports, at: { address: host.address, port: PORT } };
  }

  /** For promises that wait for files, which take real time. */
  async real<T>(promise: Promise<T>): Promise<T> {
    const state = { over: false };
    const end = (): void => {
      state.over = true;
    };
    promise.then(end, end);
    while (!state.over) {
      await this.pass(10);
      await new Promise(setImmediate);
    }
    return promise;
  }

  complete(torrent: AnyTorrent, limit = 60_000): Promise<number> {
    return this.until(() => torrent.state === 'seeding', limit, 'the end of the download');
  }
}

describe('a magnet link', () => {
  it('is downloaded from a peer that it names', async () => {
    const swarm = new MagnetSwarm(301);
    const seed = await swarm.seed({ trackerless: true });
    const peers = [{ host: seed.host.address, port: PORT }];
    const { torrent, states, client } = await swarm.leech(swarm.magnet({ peers }));
    expect(torrent.hasMetadata()).toBe(false);
    expect(torrent.name).toBe('a film');
    expect(torrent.progress()).toMatchObject({
      state: 'metadata',
      totalBytes: 0,
      pieces: { total: 0, have: 0 },
      metadata: { length: 0, received: 0 },
    });
    const known = await swarm.settle(torrent.metadata());
    expect(known).toBe(torrent);
    expect(known.info.bytes).toEqual(swarm.torrent.info.bytes);
    expect(known.name).toBe('film');
    expect(known.files.map(({ path }) => path)).toEqual(['film']);
    expect(known.progress().metadata).toBeUndefined();
    await swarm.complete(torrent);
    expect(states).toEqual(['metadata', 'checking', 'downloading', 'seeding']);
    expect(client.torrents).toEqual([torrent]);
    expect(client.find(torrent.infoHashHex)).toBe(torrent);
    await swarm.close();
  });

  it('keeps the connection of which it has the metadata', async () => {
    const swarm = new MagnetSwarm(302);
    const seed = await swarm.seed({ trackerless: true });
    const peers = [{ host: seed.host.address, port: PORT }];
    const { torrent } = await swarm.leech(swarm.magnet({ peers }));
    const seen: string[] = [];
    seed.torrent.on('peer', ({ event }) => seen.push(event));
    await swarm.complete(torrent);
    expect(seen).toEqual(['connected']);
    await swarm.close();
  });

  it('is downloaded from peers of its trackers, which are not told that it is a seed', async () => {
    const swarm = new MagnetSwarm(303);
    await swarm.seed();
    const { torrent } = await swarm.leech(swarm.magnet({ trackers: [TRACKER_URL] }));
    await swarm.complete(torrent);
    const known = await torrent.metadata();
    expect(known.metainfo.trackers).toEqual([[TRACKER_URL]]);
    const [first] = swarm.tracker.seen.filter(({ request }) => Number(request.left) === 16_384);
    expect(first?.request.event).toBe('started');
    await swarm.close();
  });

  it('is got from a peer that comes by itself', async () => {
    const swarm = new MagnetSwarm(304);
    const { torrent, at } = await swarm.leech(swarm.magnet());
    await swarm.seed({ trackerless: true, add: { peers: [at] } });
    await swarm.complete(torrent);
    await swarm.close();
  });
});

describe('the metadata of a magnet link', () => {
  const longer = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, Buffer.from('x')]);
  const spoilt = (bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice();
    copy[20_000] = copy[20_000]! ^ 1;
    return copy;
  };

  /** A swarm of liars around one honest peer that only knows the metadata, and its figures at the end. */
  async function among(
    seed: number,
    others: readonly ((truth: Uint8Array) => MetadataScriptOptions)[],
    honest = 1,
  ) {
    const swarm = new MagnetSwarm(seed);
    const truth = swarm.torrent.info.bytes;
    const peers = [];
    for (const other of others) peers.push(await swarm.scripted(other(truth)));
    const seeds = [];
    for (let count = 0; count < honest; count += 1)
      seeds.push(await swarm.scripted({ seeds: true }));
    const leech = await swarm.leech(swarm.magnet({ peers: [...peers, ...seeds] }));
    return { swarm, peers, seeds, ...leech };
  }

  it.each<[string, (truth: Uint8Array) => MetadataScriptOptions]>([
    ['another length', (truth) => ({ metadata: longer(truth) })],
    ['a length that it does not keep to', (truth) => ({ claims: truth.length + 1 })],
    ['a much longer length', () => ({ claims: 31_457_280, answers: 'nothing' })],
    ['no answer', () => ({ answers: 'nothing' })],
    ['rejects', () => ({ answers: 'reject' })],
    ['one piece, and leaves', () => ({ leavesAfter: 1 })],
    [
      'a length of 2 GB',
      () => ({ handshake: Buffer.from('d1:md11:ut_metadatai3ee13:metadata_sizei2147483647ee') }),
    ],
    [
      'a negative length',
      () => ({ handshake: Buffer.from('d1:md11:ut_metadatai3ee13:metadata_sizei-1ee') }),
    ],
  ])('comes from an honest peer beside those that give %s', async (_, other) => {
    const { swarm, torrent, reports, seeds } = await among(311, [other, other, other]);
    await swarm.complete(torrent, 90_000);
    const banned = reports.filter(({ event }) => event === 'banned');
    expect(banned.map(({ endpoint }) => endpoint.address)).not.toContain(seeds[0]!.host);
    await swarm.close();
  });

  it('bans whoever alone sent metadata of another hash', async () => {
    const { swarm, torrent, reports, peers } = await among(
      312,
      [(truth) => ({ metadata: longer(truth) })],
      0,
    );
    await swarm.until(() => reports.some(({ event }) => event === 'banned'), 20_000);
    const [banned] = reports.filter(({ event }) => event === 'banned');
    expect(banned?.endpoint.address).toBe(peers[0]!.host);
    expect(torrent.state).toBe('metadata');
    await swarm.seed({ trackerless: true });
    await swarm.close();
  });

  it('finds out one by one who spoils pieces among several', async () => {
    const lie = (truth: Uint8Array) => ({ metadata: spoilt(truth) });
    const { swarm, torrent, reports, seeds } = await among(313, [lie, lie, lie], 1);
    await swarm.complete(torrent, 300_000);
    const banned = reports.filter(({ event }) => event === 'banned');
    const addresses = banned.map(({ endpoint }) => endpoint.address);
    expect(addresses).not.toContain(seeds[0]!.host);
    await swarm.close();
  });

  it.each([
    ['-lt0D80-rtorrent.....', [0]],
    ['-LT2080-libtorrent...', [0, 1, 2]],
  ])('asks %s for pieces %j before it has answered', async (peerId, expected) => {
    const asked: number[] = [];
    const swarm = new MagnetSwarm(324);
    const peer = await swarm.scripted({
      peerId: Buffer.from(peerId).subarray(0, 20),
      answers: 'nothing',
      asked: (piece) => asked.push(piece),
    });
    await swarm.leech(swarm.magnet({ peers: [peer] }));
    await swarm.pass(5_000);
    expect(asked).toEqual(expected);
    await swarm.close();
  });

  it('goes on from another peer where one has left', async () => {
    const asked: number[] = [];
    const swarm = new MagnetSwarm(314);
    const first = await swarm.scripted({ leavesAfter: 1 });
    const { torrent } = await swarm.leech(swarm.magnet({ peers: [first] }));
    await swarm.until(() => (torrent.progress().metadata?.received ?? 0) > 0, 10_000);
    await swarm.pass(500);
    const { host, port } = await swarm.scripted({
      seeds: true,
      asked: (piece) => asked.push(piece),
    });
    torrent.addPeer({ address: host, port });
    await swarm.complete(torrent);
    expect(asked).toEqual([1, 2]);
    await swarm.close();
  });

  it('is served to whoever asks, up to a budget', async () => {
    const swarm = new MagnetSwarm(315);
    const seed = await swarm.seed({ trackerless: true });
    const answers: string[] = [];
    const connecting = ScriptedPeer.connect(
      swarm.host(),
      { address: seed.host.address, port: PORT },
      swarm.torrent,
      {
        extension: true,
        onExtended: (_, id, payload) => {
          if (id !== 0) answers.push(utMetadata.decode(payload)!.type);
        },
        onOpen: (self) =>
          self.send((to) =>
            to.extended(0, encodeExtensionHandshake({ extensions: new Map([['ut_metadata', 3]]) })),
          ),
      },
    );
    const peer = await swarm.settle(connecting);
    await swarm.pass(500);
    const ask = (piece: number): void =>
      peer.send((to) => to.extended(1, utMetadata.encode({ type: 'request', piece })));
    for (let count = 0; count < 40; count += 1) ask(count % 3);
    ask(3);
    await swarm.pass(5_000);
    expect(answers.filter((type) => type === 'data')).toHaveLength(16);
    expect(answers.filter((type) => type === 'reject')).toHaveLength(25);
    await swarm.pass(10_000);
    ask(0);
    await swarm.pass(2_000);
    expect(answers.at(-1)).toBe('data');
    await swarm.close();
  });
});

describe('a torrent of a magnet link', () => {
  it('downloads the files that the link chooses, unless the options or the user do', async () => {
    for (const [select, later, expected] of [
      [undefined, undefined, [1]],
      [[2], undefined, [2]],
      [undefined, [0], [0]],
    ] as const) {
      const swarm = new MagnetSwarm(321, { files: [100_000, 100_000, 100_000] });
      const seed = await swarm.seed({ trackerless: true });
      const peers = [{ host: seed.host.address, port: PORT }];
      const { torrent } = await swarm.leech(
        swarm.magnet({ peers, selectOnly: [1] }),
        select === undefined ? {} : { select },
      );
      if (later !== undefined) torrent.select(later);
      await swarm.complete(torrent);
      const { files } = await torrent.metadata();
      expect(files.filter(({ priority }) => priority > 0).map(({ index }) => index)).toEqual(
        expected,
      );
      await swarm.close();
    }
  });

  it('ignores files of the link that it does not have, and fails where it has none of them', async () => {
    const swarm = new MagnetSwarm(328, { files: [100_000, 100_000] });
    const seed = await swarm.seed({ trackerless: true });
    const peers = [{ host: seed.host.address, port: PORT }];
    const { torrent: some } = await swarm.leech(swarm.magnet({ peers, selectOnly: [1, 5] }));
    await swarm.complete(some);
    expect(some.progress().totalBytes).toBe(100_000);
    const { torrent: none } = await swarm.leech(swarm.magnet({ peers, selectOnly: [5, 6] }));
    await swarm.until(() => none.state === 'error', 10_000);
    expect(none.error).toMatchObject({ code: 'ERR_CLIENT_NO_SUCH_FILE' });
    expect(none.error?.message).toContain('it has files 0 to 1');
    none.select([0]);
    await none.resume();
    await swarm.complete(none);
    expect(none.progress().totalBytes).toBe(100_000);
    await swarm.close();
  });

  it('has none of the peers of its link once it turns out to be private', async () => {
    const swarm = new MagnetSwarm(322, { private: true });
    const seed = await swarm.seed({ trackerless: true });
    const peers = [{ host: seed.host.address, port: PORT }];
    const { torrent, reports } = await swarm.leech(swarm.magnet({ peers }));
    await swarm.settle(torrent.metadata());
    await swarm.pass(30_000);
    expect(torrent.progress()).toMatchObject({ state: 'downloading', peers: 0 });
    expect(reports.map(({ event }) => event)).toEqual(['connected', 'disconnected']);
    torrent.addPeer({ address: seed.host.address, port: PORT });
    await swarm.complete(torrent);
    await swarm.close();
  });

  it('is refused twice, also where its other hash is known only later', async () => {
    const swarm = new SimSwarm({ seed: 323, hybrid: 200_000 });
    const seed = await swarm.seed({ trackerless: true });
    const { infoHash, infoHashV2 } = swarm.torrent.info;
    const [client] = await swarm.client();
    const storage = () => new ContentStorage(swarm.torrent);
    const add = { directory: '/nowhere', storage };
    const peers = [{ host: seed.host.address, port: PORT }];
    const first = await client.add(formatMagnet({ infoHash }), add);
    const duplicate = { code: 'ERR_CLIENT_DUPLICATE' };
    await expect(client.add(swarm.metainfo, add)).rejects.toMatchObject(duplicate);
    await expect(client.add(formatMagnet({ infoHash }), add)).rejects.toMatchObject(duplicate);
    const second = await client.add(formatMagnet({ infoHashV2, peers }), add);
    second.on('error', () => undefined);
    first.on('error', () => undefined);
    await expect(swarm.settle(second.metadata())).rejects.toMatchObject(duplicate);
    expect(second.state).toBe('error');
    await swarm.settle(first.remove());
    await swarm.settle(second.resume());
    await swarm.settle(second.metadata());
    expect(second.infoHashes).toEqual({ v1: infoHash, v2: infoHashV2 });
    for (const hash of [infoHash!, infoHashV2!]) {
      expect(client.find(Buffer.from(hash).toString('hex'))).toBe(second);
    }
    await swarm.settle(second.remove());
    expect(client.find(second.infoHashHex)).toBeUndefined();
    await swarm.close();
  });

  it('asks its trackers for the swarm that it did not know of', async () => {
    const swarm = new SimSwarm({ seed: 324, hybrid: 200_000 });
    await swarm.seed();
    const { infoHash, infoHashV2 } = swarm.torrent.info;
    const [client, host] = await swarm.client();
    const torrent = await client.add(formatMagnet({ infoHash, trackers: [TRACKER_URL] }), {
      directory: '/nowhere',
      storage: () => new ContentStorage(swarm.torrent),
    });
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    await swarm.pass(5_000);
    expect(swarm.tracker.eventsOf(host.address, infoHash)[0]).toBe('started');
    const v2 = infoHashV2!.subarray(0, 20);
    expect(swarm.tracker.eventsOf(host.address, v2)[0]).toBe('started');
    await swarm.close();
  });

  it('can be paused, given up and closed before its metadata is known', async () => {
    const swarm = new MagnetSwarm(325);
    const silent = await swarm.scripted({ answers: 'nothing' });
    const { torrent, states, client } = await swarm.leech(
      swarm.magnet({ peers: [silent], trackers: [TRACKER_URL] }),
    );
    const abort = new AbortController();
    const aborted = torrent.metadata({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await swarm.until(() => torrent.progress().peers === 1, 5_000);
    await swarm.settle(torrent.pause());
    expect(torrent.progress()).toMatchObject({ state: 'paused', peers: 0 });
    await swarm.settle(torrent.resume());
    await swarm.until(() => torrent.progress().peers === 1, 20_000);
    const closed = { code: 'ERR_CLIENT_TORRENT_CLOSED' };
    const waiting = [torrent.metadata(), torrent.completed(), torrent.checked()];
    const outcomes = Promise.allSettled(waiting);
    await swarm.settle(torrent.close());
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: closed });
    expect(states).toEqual(['metadata', 'paused', 'metadata', 'closed']);
    expect(client.torrents).toEqual([]);
    const known = torrent as unknown as { readonly files: unknown };
    expect(() => known.files).toThrow('The metadata of the torrent is not known yet');
    await swarm.close();
  });

  it('keeps what has come of its metadata over a pause', async () => {
    const asked: number[] = [];
    const swarm = new MagnetSwarm(329);
    const first = await swarm.scripted({ leavesAfter: 2 });
    const { torrent } = await swarm.leech(swarm.magnet({ peers: [first] }));
    await swarm.until(() => (torrent.progress().metadata?.received ?? 0) > 20_000, 10_000);
    await swarm.settle(torrent.pause());
    const before = torrent.progress().metadata;
    await swarm.pass(60_000);
    const { host, port } = await swarm.scripted({
      seeds: true,
      asked: (piece) => asked.push(piece),
    });
    await swarm.settle(torrent.resume());
    expect(torrent.progress().metadata).toEqual(before);
    torrent.addPeer({ address: host, port });
    await swarm.complete(torrent);
    expect(asked).toEqual([2]);
    await swarm.close();
  });

  it('puts no file outside of its folder, whatever its metadata names', async () => {
    const swarm = new MagnetSwarm(327);
    const path = 'l2:..2:..5:/etc/6:passwde';
    const metadata = Buffer.from(
      `d5:filesld6:lengthi20000e4:path${path}ee4:name2:..12:piece lengthi16384e6:pieces40:${'x'.repeat(40)}e`,
    );
    const infoHash = sha1(metadata);
    const host = swarm.host();
    const script = { ...metadataScript({ metadata }), infoHash };
    await ScriptedPeer.listen(host, swarm.torrent, script, PORT);
    const peers = [{ host: host.address, port: PORT }];
    const { torrent } = await swarm.leech(formatMagnet({ infoHash, peers }));
    await swarm.until(() => torrent.hasMetadata(), 10_000);
    const { info } = await torrent.metadata();
    const parts = info.files.flatMap((file) => file.path.split('/'));
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) expect(['', '.', '..']).not.toContain(part);
    await swarm.close();
  });

  it('fails where its metadata is no torrent', async () => {
    const swarm = new MagnetSwarm(326);
    const metadata = Buffer.from('d4:name1:xe');
    const infoHash = sha1(metadata);
    const host = swarm.host();
    const script = { ...metadataScript({ metadata }), infoHash };
    await ScriptedPeer.listen(host, swarm.torrent, script, PORT);
    const peers = [{ host: host.address, port: PORT }];
    const { torrent } = await swarm.leech(formatMagnet({ infoHash, peers }));
    await swarm.until(() => torrent.state === 'error', 10_000);
    expect(torrent.error).toMatchObject({ name: 'MetainfoError' });
    await swarm.close();
  });

  it('is known at once when it was known before, if what is remembered is right', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-magnet-'));
    try {
      for (const run of ['fetch', 'remember', 'spoil', 'forget']) {
        const swarm = new MagnetSwarm(327);
        const client = { resumeDirectory: folder };
        const file = join(folder, 'metadata');
        if (run === 'spoil') {
          const [name] = await readdir(file);
          await writeFile(join(file, name!), 'd4:name1:xe');
        }
        const fetches = run === 'fetch' || run === 'spoil';
        const seed = await swarm.seed({ trackerless: true });
        const peers = fetches ? [{ host: seed.host.address, port: PORT }] : [];
        const { torrent } = await swarm.leech(swarm.magnet({ peers }), { client });
        const known = await swarm.real(torrent.metadata());
        expect(known.info.bytes).toEqual(Buffer.from(swarm.torrent.info.bytes));
        if (run === 'forget') {
          await swarm.real(torrent.remove());
          expect(await readdir(file)).toEqual([]);
        }
        await swarm.real(Promise.all([torrent.close(), seed.client.close()]));
        if (run !== 'forget') expect(await readdir(file)).toHaveLength(1);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('goes to the one who asked, whoever else has it by another hash', async () => {
    const swarm = new SimSwarm({ seed: 328, hybrid: 200_000 });
    const seed = await swarm.seed({ trackerless: true });
    const { infoHash, infoHashV2 } = swarm.torrent.info;
    const [client] = await swarm.client();
    const peers = [{ host: seed.host.address, port: PORT }];
    const magnet = formatMagnet({ infoHash, infoHashV2, peers });
    const torrent = await client.add(magnet, {
      directory: '/nowhere',
      storage: () => new ContentStorage(swarm.torrent),
    });
    await swarm.until(() => torrent.state === 'seeding', 60_000);
    await swarm.close();
  });
});
