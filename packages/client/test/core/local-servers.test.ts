import { parseMagnet } from '@shoal/metainfo';
import type { Reach } from '@shoal/net';
import { SimWorld } from '@shoal/net/sim';
import { type TrackerClient, TrackerError } from '@shoal/tracker';
import { Client, type LocalServers, MemoryStorage } from '../../src/index.ts';
import { makeTorrent } from '../disk/fixture.ts';
import { metainfoOf } from '../support/metainfo.ts';

const NAMED = 'http://named.example/announce';
const OWN = 'http://own.example/announce';
const ADDED = 'http://added.example/announce';

/** Tells for each announce URL how far its tracker may be. */
class Recorder implements TrackerClient {
  readonly reaches = new Map<string, Reach | undefined>();

  announce(url: string, _request: unknown, options: { readonly reach?: Reach }): Promise<never> {
    this.reaches.set(url, options.reach);
    return Promise.reject(new TrackerError('ERR_TRACKER_TIMEOUT', 'nobody'));
  }

  scrape(): Promise<never> {
    return Promise.reject(new Error('never asked'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function reachesOf(
  localServers: LocalServers | undefined,
  isMagnet: boolean,
): Promise<Record<string, Reach | undefined>> {
  const world = new SimWorld({ seed: 1 });
  const trackerClient = new Recorder();
  const client = await Client.start({
    host: world.host({ address: '10.0.0.1' }),
    trackerClient,
    ...(localServers === undefined ? {} : { localServers }),
  });
  const torrent = makeTorrent([{ path: 'a', length: 20_000 }], 16_384);
  const source = isMagnet
    ? parseMagnet(`magnet:?xt=urn:btih:${'a'.repeat(40)}&tr=${encodeURIComponent(NAMED)}`)
    : metainfoOf(torrent, { trackers: [[NAMED]] });
  const added = await client.add(source, {
    directory: '/nowhere',
    trackers: [[OWN]],
    storage: (info) => new MemoryStorage(info),
  });
  added.addTracker(ADDED);
  await world.run({ until: () => trackerClient.reaches.size === 3, limit: 60_000 });
  const closed = client.close();
  await world.run({ limit: 60_000 });
  await closed;
  return Object.fromEntries(trackerClient.reaches);
}

describe('localServers', () => {
  it.each([
    [undefined, 'local'],
    ['none', 'public'],
    ['trackers', 'local'],
    ['all', 'any'],
  ] as const)('%s: trackers that a torrent names are within reach "%s"', async (given, reach) => {
    const expected = { [NAMED]: reach, [OWN]: 'any', [ADDED]: 'any' };
    expect(await reachesOf(given, false)).toEqual(expected);
    expect(await reachesOf(given, true)).toEqual(expected);
  });

  it('is one of three', async () => {
    const started = Client.start({ localServers: 'some' as LocalServers });
    await expect(started).rejects.toMatchObject({ code: 'ERR_CLIENT_OPTION' });
  });
});
