import { Client, DiskError, MemoryStorage, type TorrentStorage } from '../../src/index.ts';
import { makeTorrent } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { metainfoOf } from '../support/metainfo.ts';

const torrent = makeTorrent([{ path: 'film.bin', length: 200_000 }], 32_768);
const metainfo = metainfoOf(torrent, { trackers: [] });
const directory = 'nowhere';

describe('storage of the caller', () => {
  const clients: Client[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  async function start(): Promise<Client> {
    const client = await Client.start({ bind: '127.0.0.1' });
    clients.push(client);
    return client;
  }

  /** A client that has everything; its endpoint. */
  async function seeder() {
    const client = await start();
    await client.add(metainfo, { directory, storage: () => new ContentStorage(torrent, 'all') });
    return { address: '127.0.0.1', port: client.port };
  }

  async function download(storage: TorrentStorage) {
    const peers = [await seeder()];
    const client = await start();
    return client.add(metainfo, { directory, storage: () => storage, peers });
  }

  it('takes the place of files', async () => {
    const memory = await download(new MemoryStorage(torrent.info));
    await memory.completed();
    const chunks: Buffer[] = [];
    for await (const chunk of memory.files[0]!.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.compare(Buffer.concat(chunks), torrent.content)).toBe(0);
  });

  it('puts the torrent in state error when it fails, and tries again on resume', async () => {
    const storage = new ContentStorage(torrent);
    storage.faults.writeError = new DiskError('ERR_DISK_FULL', 'The attic is full');
    const added = await download(storage);
    const heard = new Promise<Error>((resolve) => added.once('error', resolve));
    await expect(added.completed()).rejects.toMatchObject({ code: 'ERR_DISK_FULL' });
    expect(await heard).toBe(storage.faults.writeError);
    expect(added).toMatchObject({ state: 'error', error: storage.faults.writeError });
    storage.faults.writeError = undefined;
    await added.resume();
    // The first peer is left alone for some seconds.
    added.addPeer(await seeder());
    expect(added.error).toBeUndefined();
    await added.completed();
    expect(added.state).toBe('seeding');
    await added.close();
    expect(storage.closed).toBe(true);
  });
});
