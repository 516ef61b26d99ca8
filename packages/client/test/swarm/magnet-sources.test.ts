import { encodeMetainfo, formatMagnet } from '@shoal/metainfo';
import type { AnyTorrent, Client, ClientOptions } from '../../src/index.ts';
import { temporaryFolder } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { makeRealTorrent } from '../support/real-torrent.ts';
import { SimSwarm } from '../support/sim-swarm.ts';
import { fileServer, type SimServer, SimWeb } from '../support/sim-web.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';

const PORT = 6881;
const ORIGIN = 'https://w.example';
const FILE = `${ORIGIN}/film.torrent`;
const MIRROR = 'http://mirror.example/files/';

/** A client that knows a magnet link whose .torrent file is on a web of its own. */
class SourceSwarm extends SimSwarm {
  readonly web: SimWeb;
  readonly bytes: Uint8Array;
  readonly warnings: string[] = [];

  constructor(seed: number, named: { trackers?: string[][]; webSeeds?: string[] } = {}) {
    const torrent = makeRealTorrent(seed);
    super({ seed, torrent });
    this.bytes = encodeMetainfo({ ...torrent.metainfo, ...named });
    const { clock } = this.world.host({ address: '20.9.9.9' });
    this.web = new SimWeb(() => clock);
    this.web.serve(ORIGIN, () => this.file);
  }

  file: ReturnType<SimServer> = { status: 200 };

  serveFile(bytes = this.bytes): void {
    this.file = { status: 200, headers: { 'content-length': `${bytes.length}` }, body: bytes };
  }

  async leech(
    more: Parameters<typeof formatMagnet>[0],
    options: ClientOptions = {},
  ): Promise<[AnyTorrent, Client]> {
    const [client] = await this.client({ webSeeds: { transport: this.web }, ...options });
    const storage = new ContentStorage(this.torrent);
    const { infoHash } = this.torrent.info;
    const torrent = await client.add(formatMagnet({ infoHash, ...more }), {
      directory: '/nowhere',
      storage: () => storage,
    });
    torrent.on('error', () => undefined);
    torrent.on('warning', ({ message }) => this.warnings.push(message));
    return [torrent, client];
  }

  /** Parsing takes turns of the real event loop. */
  async happens(isSo: () => boolean, limit = 60_000): Promise<number> {
    const start = this.world.now;
    while (!isSo()) {
      if (this.world.now - start > limit) throw new Error('It did not happen');
      await this.pass(50);
      await new Promise(setImmediate);
    }
    return this.world.now - start;
  }
}

describe('the .torrent file that a magnet link names', () => {
  it('brings the metadata where there is nobody else to ask, and with it web seeds', async () => {
    const swarm = new SourceSwarm(701, { webSeeds: [MIRROR] });
    swarm.serveFile();
    swarm.web.serve('http://mirror.example', fileServer(MIRROR, swarm.torrent));
    const [torrent] = await swarm.leech({ exactSources: [FILE] });
    expect(await swarm.happens(() => torrent.hasMetadata(), 5_000)).toBeLessThan(2_000);
    const known = await torrent.metadata();
    expect(known.info.bytes).toEqual(Buffer.from(swarm.torrent.info.bytes));
    await swarm.happens(() => torrent.state === 'seeding');
    expect(swarm.web.requests[0]).toMatchObject({ url: FILE, publicOnly: true });
    await swarm.close();
  });

  it('brings its trackers', async () => {
    const swarm = new SourceSwarm(702, { trackers: [[TRACKER_URL]] });
    swarm.serveFile();
    await swarm.seed();
    const [torrent] = await swarm.leech({ exactSources: [FILE] });
    await swarm.happens(() => torrent.state === 'seeding');
    await swarm.close();
  });

  it('is left where it is while peers bring the metadata', async () => {
    const swarm = new SourceSwarm(703);
    swarm.serveFile();
    const seed = await swarm.seed({ trackerless: true });
    const peers = [{ host: seed.host.address, port: PORT }];
    const [torrent] = await swarm.leech({ exactSources: [FILE], peers });
    await swarm.happens(() => torrent.state === 'seeding');
    await swarm.pass(30_000);
    expect(swarm.web.requests).toEqual([]);
    await swarm.close();
  });

  it('is fetched where the peers that the link names do not come', async () => {
    const swarm = new SourceSwarm(704);
    swarm.serveFile();
    const peers = [{ host: '20.0.0.200', port: PORT }];
    const [torrent] = await swarm.leech({ exactSources: [FILE], peers });
    const time = await swarm.happens(() => torrent.hasMetadata());
    expect(time).toBeGreaterThan(9_000);
    expect(time).toBeLessThan(13_000);
    await swarm.close();
  });

  it('is believed only where it has the hash, and the next URL is tried', async () => {
    const swarm = new SourceSwarm(705);
    const other = makeRealTorrent(706);
    const urls = ['other', 'broken', 'missing', 'packed', 'film'].map(
      (name) => `${ORIGIN}/${name}.torrent`,
    );
    const ok = (body: Uint8Array, headers = {}) => ({ status: 200, headers, body });
    swarm.web.serve(ORIGIN, ({ url }) => {
      if (url.includes('other')) return ok(encodeMetainfo(other.metainfo));
      if (url.includes('broken')) return ok(swarm.bytes.subarray(0, 20_000));
      if (url.includes('packed')) return ok(swarm.bytes, { 'content-encoding': 'gzip' });
      return url.includes('film') ? ok(swarm.bytes) : { status: 404 };
    });
    const exactSources = ['https://user:secret@w.example/x', ...urls];
    const [torrent] = await swarm.leech({ exactSources });
    await swarm.happens(() => torrent.hasMetadata());
    expect(swarm.warnings.map((text) => /example\/([^ ]*): (.*)/.exec(text)?.slice(1))).toEqual([
      ['x', 'The server answers with status 404'],
      ['other.torrent', 'It is the .torrent file of another torrent'],
      ['broken.torrent', 'It is no .torrent file'],
      ['missing.torrent', 'The server answers with status 404'],
      ['packed.torrent', 'The server packs what it sends'],
    ]);
    expect(swarm.warnings.join()).not.toContain('secret');
    await swarm.close();
  });

  it.each([
    ['claims to be', { headers: { 'content-length': '40000000' } }],
    ['is', { body: new Uint8Array(32 * 1024 * 1024) }],
  ])('is given up when it %s longer than metadata may be', async (_, answer) => {
    const swarm = new SourceSwarm(707);
    swarm.web.serve(ORIGIN, () => ({ status: 200, ...answer }), { rate: 1e9 });
    await swarm.leech({ exactSources: [FILE] });
    await swarm.happens(() => swarm.warnings.length > 0);
    expect(swarm.warnings[0]).toContain('longer than 30 MiB');
    expect(swarm.web.sentBytes).toBeLessThan(31.5 * 1024 * 1024);
    await swarm.pass(60_000);
    expect([swarm.web.requests.length, swarm.web.active]).toEqual([1, 0]);
    await swarm.close();
  });

  it('is tried again where the server is silent, and not while it is paused', async () => {
    const swarm = new SourceSwarm(708);
    swarm.file = { status: 200, body: swarm.bytes, silentAfter: 20_000 };
    const [torrent] = await swarm.leech({ exactSources: [FILE] });
    await swarm.happens(() => swarm.warnings.length > 0);
    expect(swarm.warnings[0]).toContain('does not come in time');
    await swarm.settle(torrent.pause());
    await swarm.pass(200_000);
    expect(swarm.web.requests).toHaveLength(1);
    swarm.serveFile();
    await swarm.settle(torrent.resume());
    await swarm.happens(() => torrent.hasMetadata());
    await swarm.close();
    expect(swarm.web.active).toBe(0);
  });

  it('is not asked for where the web is not to be used', async () => {
    const swarm = new SourceSwarm(709);
    swarm.serveFile();
    const [torrent] = await swarm.leech({ exactSources: [FILE] }, { webSeeds: false });
    await swarm.pass(60_000);
    expect([torrent.hasMetadata(), swarm.web.requests]).toEqual([false, []]);
    await swarm.close();
  });

  it('is remembered with all that it says', async () => {
    const folder = await temporaryFolder();
    try {
      const swarm = new SourceSwarm(710, { trackers: [[TRACKER_URL]] });
      swarm.serveFile();
      const options = { resumeDirectory: folder.path };
      for (const run of ['fetch', 'remember']) {
        const [torrent, client] = await swarm.leech({ exactSources: [FILE] }, options);
        await swarm.happens(() => torrent.state === 'downloading');
        const known = await torrent.metadata();
        expect([run, known.metainfo.trackers]).toEqual([run, [[TRACKER_URL]]]);
        let isClosed = false;
        void client.close().then(() => (isClosed = true));
        await swarm.happens(() => isClosed);
      }
      expect(swarm.web.requests).toHaveLength(1);
      await swarm.close();
    } finally {
      await folder.remove();
    }
  });
});
