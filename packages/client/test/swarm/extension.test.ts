import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  type ExtensionHandshake,
} from '@shoal/peer-wire';
import { makeRealTorrent } from '../support/real-torrent.ts';
import { type PeerScript, poseAsSeed, ScriptedPeer } from '../support/scripted-peer.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

const PORT = 6881;

/** A client that has all or nothing, and somebody at its side who speaks the extension protocol. */
async function connected(
  seed: number,
  script: PeerScript & { readonly says?: Partial<ExtensionHandshake> },
  has: 'all' | readonly number[] = 'all',
) {
  const swarm = new SimSwarm({ seed, torrent: makeRealTorrent(seed) });
  const node = await swarm.node({ trackerless: true, have: has });
  const host = swarm.host();
  const heard: [number, Uint8Array][] = [];
  const connecting = ScriptedPeer.connect(
    host,
    { address: node.host.address, port: PORT },
    swarm.torrent,
    {
      extension: true,
      ...script,
      onOpen: (peer) => {
        if (script.says) peer.send((to) => to.extended(0, encodeExtensionHandshake(script.says!)));
        script.onOpen?.(peer);
      },
      onExtended: (_, id, payload) => heard.push([id, payload.slice()]),
    },
  );
  const peer = await swarm.settle(connecting);
  await swarm.pass(500);
  const handshakes = () =>
    heard.filter(([id]) => id === 0).map(([, p]) => decodeExtensionHandshake(p));
  return { swarm, node, host, peer, heard, handshakes };
}

describe('the extension protocol', () => {
  it('begins with a handshake, which says what we are', async () => {
    const { swarm, peer, handshakes, host } = await connected(401, {});
    expect(peer.messages[0]).toEqual(['extended', 0]);
    const [handshake] = handshakes();
    expect(handshake).toMatchObject({
      client: expect.stringMatching(/^Shoal \d/) as string,
      port: PORT,
      requestQueueLength: 2_048,
      yourAddress: host.address,
      metadataLength: swarm.torrent.info.bytes.length,
      uploadOnly: true,
    });
    expect([...handshake!.extensions.keys()]).toEqual(['lt_donthave', 'ut_metadata', 'ut_pex']);
    await swarm.close();
  });

  it('is not spoken to who does not speak it', async () => {
    const { swarm, peer } = await connected(402, { extension: false });
    expect(peer.count('extended')).toBe(0);
    await swarm.close();
  });

  it('tells when we want nothing more', async () => {
    const { swarm, node, handshakes } = await connected(
      403,
      {
        onOpen: poseAsSeed,
        onRequest: (peer, piece, begin, length) => peer.serve(piece, begin, length),
      },
      [],
    );
    expect(handshakes()[0]?.uploadOnly).toBeUndefined();
    await swarm.finished([node], 30_000);
    await swarm.pass(500);
    expect(handshakes().map(({ uploadOnly }) => uploadOnly)).toEqual([undefined, true]);
    // Transmission 3.00 asks nobody for metadata whose last handshake does not offer it.
    const [first, last] = handshakes();
    expect(last?.extensions).toEqual(first?.extensions);
    await swarm.close();
  });

  it('bounds what is asked of a peer by the queue it names', async () => {
    const asked: [number, number, number][] = [];
    const { swarm, node, peer } = await connected(
      404,
      {
        says: { requestQueueLength: 2 },
        onOpen: poseAsSeed,
        onRequest: (_, ...block) => asked.push(block),
      },
      [],
    );
    let most = 0;
    for (let round = 0; round < 10; round += 1) {
      most = Math.max(most, asked.length);
      for (const block of asked.splice(0)) peer.serve(...block);
      await swarm.pass(500);
    }
    expect(node.torrent.progress().completedBytes).toBeGreaterThan(0);
    expect(most).toBe(2);
    await swarm.close();
  });

  it('parts from a peer that wants nothing of a seed', async () => {
    const { swarm, peer } = await connected(405, { says: { uploadOnly: true } });
    await swarm.pass(3_000);
    expect(peer.closed).toBe(true);
    await swarm.close();
  });

  it('ignores what it does not know, and ends what is broken or has no end', async () => {
    const flood = encodeExtensionHandshake({ client: 'x' });
    for (const [what, survives] of [
      [[9, Buffer.from('de')], true],
      [[255, new Uint8Array(100_000)], true],
      [[1, Buffer.from('d8:msg_typei9ee')], true],
      [[1, Buffer.from('nonsense')], false],
      [[0, Buffer.from('nonsense')], false],
    ] as const) {
      const { swarm, peer } = await connected(406, {});
      const [id, payload] = what;
      peer.send((to) => to.extended(id, payload));
      await swarm.pass(2_000);
      expect(peer.closed).toBe(!survives);
      for (let count = 0; count < 300; count += 1) peer.send((to) => to.extended(0, flood));
      await swarm.pass(2_000);
      expect(peer.closed).toBe(true);
      await swarm.close();
    }
  });

  it.each([
    ['forgives a few requests for metadata beyond what anybody needs', 60, false],
    ['parts from a peer that goes on asking for metadata', 100, true],
  ])('%s', async (_, requests, closed) => {
    const says = { extensions: new Map([['ut_metadata', 3]]) };
    const { swarm, peer, handshakes } = await connected(407, { says });
    const id = handshakes()[0]?.extensions.get('ut_metadata') ?? 0;
    for (let count = 0; count < requests; count += 1) {
      peer.send((to) => to.extended(id, Buffer.from('d8:msg_typei0e5:piecei0ee')));
    }
    await swarm.pass(2_000);
    expect(peer.closed).toBe(closed);
    await swarm.close();
  });

  it('keeps a peer that asks for metadata now and then, for as long as it likes', async () => {
    const says = { extensions: new Map([['ut_metadata', 3]]) };
    const { swarm, peer, handshakes } = await connected(408, { says });
    const id = handshakes()[0]?.extensions.get('ut_metadata') ?? 0;
    for (let count = 0; count < 100; count += 1) {
      // Beyond the last piece.
      peer.send((to) => to.extended(id, Buffer.from('d8:msg_typei0e5:piecei999ee')));
      await swarm.pass(2_000);
    }
    expect(peer.closed).toBe(false);
    await swarm.close();
  });
});
