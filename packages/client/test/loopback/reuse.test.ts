import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Torrent } from '../../src/index.ts';
import { noise, temporaryFolder, type TestTorrent } from '../disk/fixture.ts';
import { makeV2Torrent, type V2Spec, type V2Torrent } from '../support/v2-torrent.ts';

const PIECE = 65_536;
const FILM = 40 * PIECE + 123;
const REST = 3 * PIECE + 1;
const bind = '127.0.0.1';

function filmsIn(specs: readonly V2Spec[], hybrid: boolean, seed = 1): V2Torrent {
  return makeV2Torrent(specs, PIECE, {
    hybrid,
    seed,
    change: (bytes, index) => {
      if (specs[index]?.path.endsWith('film') === true) bytes.set(noise(bytes.length, 4711));
    },
  });
}

const SOURCE = filmsIn(
  [
    { path: 'old/film', length: FILM },
    { path: 'old/rest', length: REST },
  ],
  false,
);
const TARGET = filmsIn(
  [
    { path: 'new/film', length: FILM },
    { path: 'rest', length: REST },
    { path: 'twin/film', length: FILM },
  ],
  true,
  2,
);

const open: (() => Promise<void>)[] = [];

async function workshop() {
  const { path, remove } = await temporaryFolder();
  const clients: Client[] = [];
  open.push(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await remove();
  });
  const start = async (options: Parameters<typeof Client.start>[0] = {}): Promise<Client> => {
    const client = await Client.start({ bind, ...options });
    clients.push(client);
    return client;
  };
  return { path, start };
}

async function lay(torrent: TestTorrent, folder: string): Promise<void> {
  for (const { path, index, attributes } of torrent.info.files) {
    if (attributes.padding) continue;
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), torrent.fileBytes(index));
  }
}

const pathOf = (torrent: TestTorrent, name: string): string =>
  torrent.info.files.find(({ path }) => path.endsWith(name))?.path ?? '';

async function expectWhole(torrent: TestTorrent, folder: string, names: readonly string[]) {
  for (const name of names) {
    const file = torrent.info.files.find(({ path }) => path.endsWith(name));
    const bytes = await readFile(join(folder, file?.path ?? ''));
    expect(bytes.equals(torrent.fileBytes(file?.index ?? 0))).toBe(true);
  }
}

function reused(torrent: Torrent, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (torrent.progress().reusedBytes >= bytes) resolve();
    };
    torrent.on('piece', look);
    look();
  });
}

describe('data that is on disk already', () => {
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  it('is copied between torrents and within one, byte for byte, and the source is left as it is', async () => {
    const { path, start } = await workshop();
    await lay(SOURCE, join(path, 'source'));
    const client = await start();
    const source = await client.add(SOURCE.metainfo, { directory: join(path, 'source') });
    await source.completed();
    const film = join(path, 'source', pathOf(SOURCE, 'film'));
    const before = await stat(film);
    const target = await client.add(TARGET.metainfo, { directory: join(path, 'target') });
    await reused(target, 2 * FILM);
    await expectWhole(TARGET, join(path, 'target'), ['new/film', 'twin/film']);
    const { mtimeMs, ino, nlink } = await stat(film);
    expect({ mtimeMs, nlink }).toEqual({ mtimeMs: before.mtimeMs, nlink: 1 });
    expect((await stat(join(path, 'target', pathOf(TARGET, 'new/film')))).ino).not.toBe(ino);
  });

  it('is not written where the file is not wanted', async () => {
    const { path, start } = await workshop();
    await lay(SOURCE, join(path, 'source'));
    const client = await start();
    await client.add(SOURCE.metainfo, { directory: join(path, 'source') });
    const wanted = TARGET.info.files.findIndex(({ path: file }) => file.endsWith('new/film'));
    const target = await client.add(TARGET.metainfo, {
      directory: join(path, 'target'),
      select: [wanted],
    });
    await target.completed();
    expect(target.progress()).toMatchObject({ reusedBytes: FILM, downloadedBytes: 0 });
    await expectWhole(TARGET, join(path, 'target'), ['new/film']);
    await expect(stat(join(path, 'target', pathOf(TARGET, 'twin/film')))).rejects.toThrow();
  });

  it('is downloaded where somebody has changed it, or deleted it, behind our back', async () => {
    for (const change of ['changed', 'deleted'] as const) {
      const { path, start } = await workshop();
      await lay(SOURCE, join(path, 'source'));
      await lay(TARGET, join(path, 'seed'));
      const seed = await start();
      await (await seed.add(TARGET.metainfo, { directory: join(path, 'seed') })).completed();
      const client = await start();
      const source = await client.add(SOURCE.metainfo, { directory: join(path, 'source') });
      await source.completed();
      const film = join(path, 'source', pathOf(SOURCE, 'film'));
      await writeFile(film, change === 'changed' ? noise(FILM, 99) : '');
      const target = await client.add(TARGET.metainfo, {
        directory: join(path, 'target'),
        peers: [{ address: bind, port: seed.port }],
      });
      await target.completed();
      expect(target.progress()).toMatchObject({
        downloadedBytes: FILM + REST,
        reusedBytes: FILM,
        wastedBytes: 0,
      });
      await expectWhole(TARGET, join(path, 'target'), ['new/film', 'rest', 'twin/film']);
      for (const close of open.splice(0)) await close();
    }
  }, 20_000);

  it('may be being copied when the client closes, and is remembered as far as it was', async () => {
    const { path, start } = await workshop();
    const resumeDirectory = join(path, 'resume');
    await lay(SOURCE, join(path, 'source'));
    const first = await start({ resumeDirectory });
    await (await first.add(SOURCE.metainfo, { directory: join(path, 'source') })).completed();
    const target = await first.add(TARGET.metainfo, { directory: join(path, 'target') });
    await reused(target, 1);
    await first.close();
    const { pieces } = target.progress();
    expect(pieces.have).toBeGreaterThan(0);
    const second = await start({ resumeDirectory, reuseLocalData: false });
    const again = await second.add(TARGET.metainfo, { directory: join(path, 'target') });
    await again.checked();
    expect(again.progress().pieces.have).toBe(pieces.have);
    expect(again.progress().reusedBytes).toBe(0);
  });
});
