import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { TrackerServer } from '@shoal/tracker';
import { Client } from '../../src/index.ts';
import { makeTorrent } from '../disk/fixture.ts';
import { ContentStorage } from '../support/content-storage.ts';
import { metainfoOf } from '../support/metainfo.ts';

it('the names of trackers and web seeds are resolved as the client is told', async () => {
  const bind = '127.0.0.1';
  const torrent = makeTorrent([{ path: 'film.bin', length: 200_000 }], 32_768);
  const web = createServer((_request, response) => {
    response.end(torrent.fileBytes(0));
  });
  await using server = new TrackerServer();
  const { port } = await server.listen({ port: 0, address: bind, udp: true });
  await once(web.listen(0, bind), 'listening');
  const { port: webPort } = web.address() as AddressInfo;
  const asked = new Set<string>();
  await using client = await Client.start({
    bind,
    localServers: 'all',
    resolve: (name) => {
      asked.add(name);
      return Promise.resolve(['::1', bind]);
    },
  });
  try {
    const metainfo = metainfoOf(torrent, {
      trackers: [[`udp://udp.invalid:${port}/announce`], [`http://http.invalid:${port}/announce`]],
    });
    const works = new Set<string>();
    const added = await client.add(
      { ...metainfo, trackers: metainfo.trackers.slice(0, 1) },
      {
        directory: '/nowhere',
        storage: () => new ContentStorage(torrent),
        webSeeds: [`http://web.invalid:${webPort}/film.bin`],
      },
    );
    const bothWork = new Promise<void>((resolve) => {
      added.on('tracker', ({ url, state }) => {
        if (state !== 'working') return;
        works.add(new URL(url).hostname);
        if (works.size === 1) void other();
        else resolve();
      });
    });
    const other = async (): Promise<void> => {
      await added.completed();
      await added.close();
      const next = await client.add(
        { ...metainfo, trackers: metainfo.trackers.slice(1) },
        { directory: '/nowhere', storage: () => new ContentStorage(torrent, 'all') },
      );
      next.on('tracker', (report) => added.emit('tracker', report));
    };
    await bothWork;
    expect([...works].sort()).toEqual(['http.invalid', 'udp.invalid']);
    expect([...asked].sort()).toEqual(['http.invalid', 'udp.invalid', 'web.invalid']);
  } finally {
    web.close();
    web.closeAllConnections();
  }
}, 20_000);
