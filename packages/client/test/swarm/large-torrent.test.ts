import { encode } from '@shoal/bencode';
import { parseMetainfo } from '@shoal/metainfo';
import { withContent, noise, sha1 } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';

const FILES = 12_000;
const PIECE_LENGTH = 16_384;

/** A .torrent file so long that it is read in slices, and its content: a byte in each file. */
function makeLarge() {
  const content = noise(FILES, 5);
  const bytes = encode({
    announce: TRACKER_URL,
    info: {
      files: Array.from({ length: FILES }, (_, index) => ({ length: 1, path: [`${index}.bin`] })),
      name: 'many',
      'piece length': PIECE_LENGTH,
      pieces: sha1(content),
    },
  });
  const metainfo = parseMetainfo(bytes);
  return { bytes, torrent: { ...withContent(content, metainfo.info), metainfo } };
}

const { bytes, torrent: made } = makeLarge();

describe('a .torrent file of more than 256 KiB', () => {
  const setUp = () => new SimSwarm({ seed: 9, torrent: made });
  const options = {
    directory: '/nowhere',
    storage: () => new ContentStorage(made),
  };

  it('is read in turns with others, and the torrent is as any other', async () => {
    expect(bytes.length).toBeGreaterThan(256 * 1024);
    const swarm = setUp();
    await swarm.seed();
    const [client] = await swarm.client();
    let turns = 0;
    let isAdded = false;
    const count = (): void => {
      turns += 1;
      if (!isAdded) setImmediate(count);
    };
    setImmediate(count);
    const torrent = await client.add(bytes, options);
    isAdded = true;
    expect(turns).toBeGreaterThan(0);
    expect(client.torrents).toEqual([torrent]);
    expect(torrent.infoHashHex).toBe(Buffer.from(made.info.infoHash ?? []).toString('hex'));
    expect(torrent.file(FILES - 1)).toMatchObject({ path: `many/${FILES - 1}.bin`, length: 1 });
    await swarm.until(() => torrent.state === 'seeding', 60_000, 'the download');
    expect(torrent.file(FILES - 1)?.completedBytes).toBe(1);
    await swarm.close();
  });

  it('is refused where it is broken', async () => {
    const swarm = setUp();
    const [client] = await swarm.client();
    const broken = bytes.slice(0, -1);
    await expect(client.add(broken, options)).rejects.toMatchObject({ name: 'MetainfoError' });
    const noPieces = encode({ info: { name: 'x', filler: noise(300 * 1024, 1) } });
    await expect(client.add(noPieces, options)).rejects.toMatchObject({ name: 'MetainfoError' });
    expect(client.torrents).toEqual([]);
    await swarm.close();
  });

  it('is added once, however many ask at the same time', async () => {
    const swarm = setUp();
    const [client] = await swarm.client();
    const results = await Promise.allSettled([1, 2, 3].map(() => client.add(bytes, options)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') {
        expect(result.reason).toMatchObject({ code: 'ERR_CLIENT_DUPLICATE' });
      }
    }
    expect(client.torrents).toHaveLength(1);
    await swarm.close();
  });

  it('is not added to a client that is closed meanwhile', async () => {
    const swarm = setUp();
    const [client] = await swarm.client();
    const adding = client.add(bytes, options);
    await Promise.all([
      expect(adding).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' }),
      swarm.close(),
    ]);
    expect(client.torrents).toEqual([]);
  });
});
