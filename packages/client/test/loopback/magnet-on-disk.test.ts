import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatMagnet } from '@shoal/metainfo';
import { Client } from '../../src/index.ts';
import { temporaryFolder } from '../disk/fixture.ts';
import { makeV2Torrent } from '../support/v2-torrent.ts';

const PIECE = 65_536;
const made = makeV2Torrent(
  [
    { path: 'deep/two.bin', length: 30 * PIECE },
    { path: 'one.bin', length: 40 * PIECE + 123 },
  ],
  PIECE,
);
const bind = '127.0.0.1';

it('a v2 magnet link downloads only what is not on disk yet', async () => {
  const { path, remove } = await temporaryFolder();
  const clients: Client[] = [];
  try {
    for (const folder of ['seed', 'leech']) {
      for (const { path: file, index, attributes } of made.info.files) {
        if (attributes.padding) continue;
        const bytes = Buffer.from(made.fileBytes(index));
        if (folder === 'leech') bytes[5 * PIECE]! ^= 1;
        await mkdir(dirname(join(path, folder, file)), { recursive: true });
        await writeFile(join(path, folder, file), bytes);
      }
    }
    const seed = await Client.start({ bind });
    clients.push(seed);
    await seed.add(made.metainfo, { directory: join(path, 'seed') });
    const leech = await Client.start({ bind });
    clients.push(leech);
    const torrent = await leech.add(formatMagnet({ infoHashV2: made.info.infoHashV2 }), {
      directory: join(path, 'leech'),
      peers: [{ address: bind, port: seed.port }],
    });
    await torrent.completed();
    expect(torrent.progress().downloadedBytes).toBe(2 * PIECE);
    const { files } = await torrent.metadata();
    for (const { path: file, index, padding } of files) {
      if (padding) continue;
      const bytes = await readFile(join(path, 'leech', file));
      expect(bytes.equals(made.fileBytes(index))).toBe(true);
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await remove();
  }
});
