import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { systemClock, systemRandom } from '@shoal/net';
import { Announcer, createTrackerClient, TrackerServer } from '@shoal/tracker';
import type { TrackerPeer } from '@shoal/tracker';

// A tracker on any free port, for this machine only.
const server = new TrackerServer();
const { port } = await server.listen({ port: 0, address: '127.0.0.1' });
const url = `http://127.0.0.1:${port}/announce`;

// A seed makes itself known with a single announce.
const client = createTrackerClient();
const infoHash = randomBytes(20);
await client.announce(url, {
  infoHash,
  peerId: randomBytes(20),
  port: 6881,
  uploaded: 0,
  downloaded: 0,
  left: 0,
  event: 'started',
});

// A leecher leaves the schedule to an announcer, and hears of the seed.
const peers = new Promise<readonly TrackerPeer[]>((resolve) => {
  const announcer = new Announcer({
    client,
    clock: systemClock,
    random: systemRandom,
    infoHash,
    peerId: randomBytes(20),
    port: 6882,
    trackers: [[url]],
    stats: () => ({ uploaded: 0, downloaded: 0, left: 1000 }),
    onPeers: (found) => {
      void announcer.stop().then(() => resolve(found));
    },
  });
  announcer.start();
});
assert.deepEqual(await peers, [{ address: '127.0.0.1', port: 6881 }]);

// The leecher has said `stopped`: the seed is alone again.
const { files } = await client.scrape(url, [infoHash]);
assert.equal(files.get(infoHash.toString('hex'))?.incomplete, 0);

await client.close();
await server.close();
