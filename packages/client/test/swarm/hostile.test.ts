import { allowedFastSet, BLOCK_LENGTH, encodeHandshake } from '@shoal/peer-wire';
import { blocksOf, poseAsSeed, type PeerScript, ScriptedPeer } from '../support/scripted-peer.ts';
import { type Node, type NodeOptions, SimSwarm } from '../support/sim-swarm.ts';

/** Virtual ms in which 2 MiB arrive from one seed at 1 MB/s when nobody disturbs: 2.1 s and the overhead of the start. */
const UNDISTURBED = 8_000;
/** With a peer that owes blocks and says nothing: it is snubbed after 60 s. */
const SNUBBED = UNDISTURBED + 65_000;

/** A leecher that knows an honest seed and a scripted peer which it dials. */
async function beside(
  script: PeerScript,
  options: { leecher?: NodeOptions; seedDelay?: number; count?: number } = {},
): Promise<{ swarm: SimSwarm; leecher: Node; seed: Node; hostile: ScriptedPeer[] }> {
  const swarm = new SimSwarm({ seed: 11 });
  const hostile: ScriptedPeer[] = [];
  const peers = [];
  for (let index = 0; index < (options.count ?? 1); index += 1) {
    const host = swarm.host();
    await host.network.listen({ address: host.address, port: 6881 }, (connection) => {
      hostile.push(new ScriptedPeer(connection, swarm.torrent, script));
    });
    peers.push({ address: host.address, port: 6881 });
  }
  const seed = await swarm.seed({ trackerless: true });
  const leecher = await swarm.node({
    trackerless: true,
    ...options.leecher,
    add: { peers, ...options.leecher?.add },
  });
  const meet = (): void => leecher.torrent.addPeer({ address: seed.host.address, port: 6881 });
  if (options.seedDelay === undefined) meet();
  else swarm.world.at(options.seedDelay, meet);
  return { swarm, leecher, seed, hostile };
}

function expectWhole({ torrent, storage }: Node): void {
  const { pieces } = torrent.progress();
  expect(pieces.have).toBe(pieces.total);
  expect(storage.written).toHaveLength(pieces.total);
}

describe('a hostile peer that is dialled', () => {
  it('never sends a bitfield', async () => {
    const { swarm, leecher, hostile } = await beside({
      onOpen: (peer) => peer.send((to) => to.unchoke()),
    });
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    expect(hostile[0]?.count('request')).toBe(0);
    await swarm.close();
  });

  it('sends a handshake and then nothing', async () => {
    const { swarm, leecher } = await beside({});
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    // It is let go after three minutes without a word.
    await swarm.until(() => leecher.torrent.progress().peers === 0, 200_000);
    await swarm.close();
  });

  it('never even sends a handshake', async () => {
    const { swarm, leecher, hostile } = await beside({ mute: true }, { count: 45 });
    await swarm.finished([leecher], UNDISTURBED + 10_000);
    expectWhole(leecher);
    await swarm.pass(20_000);
    expect(hostile[0]?.closed).toBe(true);
    await swarm.close();
  });

  it.each([
    ['in the middle of a piece', 3],
    ['before its first block', 0],
  ])('stops %s', async (_where, blocks) => {
    const { swarm, leecher, hostile } = await beside(
      {
        onOpen: poseAsSeed,
        onRequest: (peer, piece, begin, length) => {
          if (peer.count('request') <= blocks) peer.serve(piece, begin, length);
        },
      },
      { seedDelay: 500 },
    );
    await swarm.finished([leecher], SNUBBED);
    expectWhole(leecher);
    expect(hostile[0]?.count('request')).toBeGreaterThan(blocks);
    await swarm.close();
  });

  it('owes blocks for a minute: they are taken back, and it is asked for one at a time', async () => {
    const { swarm, leecher, hostile } = await beside(
      { onOpen: poseAsSeed },
      { seedDelay: 100_000 },
    );
    await swarm.pass(50_000);
    const peer = hostile[0]!;
    const asked = peer.count('request');
    expect(asked).toBeGreaterThan(3);
    expect(peer.count('cancel')).toBe(0);
    await swarm.pass(20_000);
    expect(peer.count('cancel')).toBe(asked);
    expect(peer.count('request')).toBe(asked + 1);
    await swarm.finished([leecher], 30_000 + UNDISTURBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('claims everything and sends nothing, forty times over: the end does not wait for it', async () => {
    const { swarm, leecher } = await beside(
      { onOpen: poseAsSeed },
      { count: 40, seedDelay: 2_000 },
    );
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('answers with nothing, from beyond the end of the piece before', async () => {
    const { swarm, leecher, hostile } = await beside(
      {
        onOpen: poseAsSeed,
        onRequest: (peer, piece, begin) => {
          const answers = begin === 0 && piece > 0;
          if (answers) peer.send((to) => to.piece(piece - 1, 32_768, new Uint8Array(0)));
        },
      },
      { seedDelay: 10_000 },
    );
    await swarm.pass(10_000);
    // It is not taken for an answer, so nothing more is asked for.
    expect(hostile[0]?.count('request')).toBeLessThan(20);
    await swarm.finished([leecher], SNUBBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('stops in the middle of a block', async () => {
    const { swarm, leecher } = await beside(
      {
        onOpen: poseAsSeed,
        onRequest: (peer, piece, begin, length) => {
          if (peer.count('request') > 1) return;
          peer.encoder.piece(piece, begin, peer.blockOf(piece, begin, length));
          peer.connection.write(peer.encoder.take().subarray(0, 5_000));
        },
      },
      { seedDelay: 500 },
    );
    await swarm.finished([leecher], SNUBBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('stops in the middle of a block that somebody else sends whole in end-game', async () => {
    // The stalling peer asks for time until everything else is here, then sends half of what it owes.
    const owed: [number, number, number][] = [];
    const { swarm, leecher, seed, hostile } = await beside(
      {
        onOpen: poseAsSeed,
        onRequest: (_peer, ...block) => {
          owed.push(block);
        },
      },
      { seedDelay: 500, leecher: { line: { bandwidthDown: 200_000 } } },
    );
    await swarm.until(() => leecher.torrent.swarm?.picker.endGame === true, 60_000);
    const [piece, begin, length] = owed[0]!;
    const peer = hostile[0]!;
    peer.encoder.piece(piece, begin, peer.blockOf(piece, begin, length));
    peer.connection.write(peer.encoder.take().subarray(0, 9_000));
    await swarm.finished([leecher], SNUBBED + 10_000);
    expectWhole(leecher);
    expect(seed.torrent.progress().uploadedBytes).toBeGreaterThan(0);
    await swarm.close();
  });

  it('delivers everything but the last block', async () => {
    let served = 0;
    const { swarm, leecher } = await beside(
      {
        onOpen: poseAsSeed,
        onRequest: (peer, piece, begin, length) => {
          if (piece === 63 && begin > 0) return;
          served += 1;
          peer.serve(piece, begin, length);
        },
      },
      { seedDelay: 20_000 },
    );
    await swarm.until(() => leecher.torrent.progress().pieces.have === 63, 10_000);
    expect(served).toBeGreaterThan(120);
    await swarm.finished([leecher], SNUBBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('claims everything and rejects every request', async () => {
    const { swarm, leecher, hostile } = await beside({
      onOpen: poseAsSeed,
      onRequest: (peer, ...block) => peer.send((to) => to.reject(...block)),
    });
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    // It is not asked over and over.
    expect(hostile.reduce((sum, peer) => sum + peer.count('request'), 0)).toBeLessThan(1_000);
    await swarm.close();
  });

  it('rejects every request while nobody else is there', async () => {
    const { swarm, leecher, hostile } = await beside(
      { onOpen: poseAsSeed, onRequest: (peer, ...block) => peer.send((to) => to.reject(...block)) },
      { seedDelay: 30_000 },
    );
    await swarm.finished([leecher], 30_000 + UNDISTURBED);
    expectWhole(leecher);
    expect(hostile.reduce((sum, peer) => sum + peer.count('request'), 0)).toBeLessThan(2_600);
    await swarm.close();
  });

  it('claims everything, chokes after each request and rejects nothing', async () => {
    const { swarm, leecher } = await beside({
      onOpen: poseAsSeed,
      onRequest: (peer) => {
        if (peer.count('request') % 8 === 0)
          peer.send((to) => {
            to.choke();
            to.unchoke();
          });
      },
    });
    await swarm.finished([leecher], SNUBBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('announces its pieces a hundred thousand times', async () => {
    const { swarm, leecher, hostile } = await beside({
      onOpen: (peer) => {
        for (let index = 0; index < 100_000; index += 1) peer.encoder.have(index % 64);
        peer.flush();
      },
    });
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    expect(leecher.torrent.swarm?.picker.availabilityOf(0)).toBeLessThanOrEqual(2);
    expect(hostile[0]?.connection.pendingBytes).toBe(0);
    await swarm.close();
  });

  it('sends blocks nobody asked for', async () => {
    const { swarm, leecher, hostile } = await beside({
      onOpen: (peer) => {
        for (const block of blocksOf(peer.torrent))
          peer.encoder.piece(block[0], block[1], new Uint8Array(block[2]));
        peer.flush();
      },
    });
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    await swarm.pass(5_000);
    expect(hostile[0]?.closed).toBe(true);
    expect(leecher.torrent.progress().wastedBytes).toBeLessThanOrEqual(
      64 * BLOCK_LENGTH * hostile.length,
    );
    expect(hostile.length).toBeLessThanOrEqual(4);
    await swarm.close();
  });

  it('sends blocks nobody asked for, which earn it nothing', async () => {
    const { swarm, leecher } = await beside(
      {
        onOpen: (peer) => {
          for (const [piece, begin, length] of [...blocksOf(peer.torrent)].slice(0, 32))
            peer.encoder.piece(piece, begin, new Uint8Array(length));
          peer.flush();
        },
      },
      { seedDelay: 30_000 },
    );
    const wasted = (): number => leecher.torrent.progress().wastedBytes;
    await swarm.until(() => wasted() === 32 * BLOCK_LENGTH, 5_000);
    const [peer] = leecher.torrent.swarm?.peers ?? [];
    expect(peer?.downloadedBytes).toBe(0);
    expect(peer?.downloadRate.rate(swarm.world.now)).toBe(0);
    await swarm.close();
  });

  it('sends another length than was asked for', async () => {
    const { swarm, leecher } = await beside({
      onOpen: poseAsSeed,
      onRequest: (peer, piece, begin, length) => peer.serve(piece, begin, length - 1),
    });
    await swarm.finished([leecher], SNUBBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('breaks the framing', async () => {
    const { swarm, leecher, hostile } = await beside({
      onOpen: (peer) => peer.connection.write(new Uint8Array(64).fill(0xff)),
    });
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    expect(hostile[0]?.closed).toBe(true);
    await swarm.close();
  });
});

/** A seed, a leecher that it serves, and a host from where somebody else connects to the seed. */
async function besideSeed(
  options: { seed?: NodeOptions; paused?: boolean } = {},
): Promise<{ swarm: SimSwarm; leecher: Node; seed: Node; at: { address: string; port: number } }> {
  const swarm = new SimSwarm({ seed: 12 });
  const seed = await swarm.seed({ trackerless: true, ...options.seed });
  const at = { address: seed.host.address, port: 6881 };
  const leecher = await swarm.node({
    trackerless: true,
    add: { peers: [at], paused: options.paused ?? false },
  });
  return { swarm, leecher, seed, at };
}

describe('a hostile peer that connects', () => {
  it('asks 50,000 times while it is choked', async () => {
    const { swarm, leecher, seed, at } = await besideSeed({ seed: { client: { uploadSlots: 1 } } });
    await swarm.until(() => leecher.torrent.progress().peers === 1, 2_000);
    const ask = (peer: ScriptedPeer, times: number): void => {
      for (let index = 0; index < times; index += 1)
        peer.encoder.request(index % 64, 0, BLOCK_LENGTH);
      peer.flush();
    };
    const connecting = ScriptedPeer.connect(swarm.host(), at, swarm.torrent, {
      onOpen: (peer) => ask(peer, 400),
    });
    swarm.world.at(
      swarm.world.now + 1_000,
      () => void connecting.then((peer) => ask(peer, 50_000)),
    );
    let most = 0;
    await swarm.until(() => {
      for (const peer of seed.torrent.swarm?.peers ?? [])
        most = Math.max(most, peer.connection.pendingBytes);
      return leecher.torrent.state === 'seeding';
    }, UNDISTURBED);
    expectWhole(leecher);
    expect(most).toBeLessThan(4 << 20);
    const peer = await connecting;
    // What it may have without being unchoked it got (BEP 6), nothing else, before it was let go.
    expect(peer.blocks.size).toBeLessThanOrEqual(10);
    expect(peer.closed).toBe(true);
    await swarm.close();
  });

  it('asks for pieces that nobody has told it of: it is let go, a few requests are forgiven', async () => {
    const swarm = new SimSwarm({ seed: 13 });
    const empty = await swarm.node({ trackerless: true });
    const at = { address: empty.host.address, port: 6881 };
    const asking = (requests: number) =>
      ScriptedPeer.connect(swarm.host(), at, swarm.torrent, {
        peerId: Buffer.alloc(20, requests),
        onOpen: (peer) => {
          for (let index = 0; index < requests; index += 1)
            peer.encoder.request(index % 64, 0, BLOCK_LENGTH);
          peer.flush();
        },
      });
    const few = await swarm.settle(asking(200));
    const many = await swarm.settle(asking(600));
    await swarm.until(() => many.closed, 5_000);
    expect(few.closed).toBe(false);
    expect(few.count('reject')).toBe(200);
    await swarm.close();
  });

  it('may have asked for much when it was choked: that crossed on the wire', async () => {
    const { swarm, seed, at } = await besideSeed({ seed: { client: { uploadSlots: 1 } } });
    const peer = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), at, swarm.torrent, {
        onOpen: (open) => open.send((to) => to.interested()),
      }),
    );
    await swarm.until(() => seed.torrent.progress().peers === 2, 5_000);
    const ours = [...(seed.torrent.swarm?.peers ?? [])].find(({ peerId }) => peerId[0] === 0x78);
    ours?.unchoke();
    ours?.choke();
    peer.send((to) => {
      for (let index = 0; index < 2_000; index += 1) to.request(index % 64, 0, BLOCK_LENGTH);
    });
    await swarm.pass(5_000);
    expect(peer.closed).toBe(false);
    await swarm.close();
  });

  it('rejects what it was never asked for: it is let go', async () => {
    const { swarm, at } = await besideSeed();
    const rejecting = (rejects: number) =>
      ScriptedPeer.connect(swarm.host(), at, swarm.torrent, {
        peerId: Buffer.alloc(20, rejects),
        onOpen: (peer) => {
          for (let index = 0; index < rejects; index += 1) peer.encoder.reject(index % 64, 0, 4);
          peer.flush();
        },
      });
    const few = await swarm.settle(rejecting(60));
    const many = await swarm.settle(rejecting(70));
    await swarm.until(() => many.closed, 5_000);
    expect(few.closed).toBe(false);
    await swarm.close();
  });

  it('cancels more than it has asked for: that is not looked up', async () => {
    const { swarm, seed, at } = await besideSeed({ seed: { add: { maxUploadRate: 1_000 } } });
    const peer = await swarm.settle(
      ScriptedPeer.connect(swarm.host(), at, swarm.torrent, {
        onOpen: (open) => open.send((to) => to.interested()),
        onUnchoke: (open) => {
          for (let piece = 0; piece < 8; piece += 1) open.encoder.request(piece, 0, BLOCK_LENGTH);
          for (let piece = 8; piece < 15; piece += 1) open.encoder.cancel(piece, 0, BLOCK_LENGTH);
          open.encoder.cancel(6, 0, BLOCK_LENGTH);
          open.encoder.cancel(7, 0, BLOCK_LENGTH);
          open.flush();
        },
      }),
    );
    await swarm.until(() => peer.count('reject') > 0, 10_000);
    await swarm.pass(1_000);
    expect(peer.messages.filter(([name]) => name === 'reject').map(([, piece]) => piece)).toEqual([
      6,
    ]);
    expect(seed.torrent.progress().peers).toBeGreaterThan(0);
    await swarm.close();
  });

  it.each(['reads', 'does not read'])(
    'asks 50,000 times while it is unchoked and %s what it gets',
    async (reading) => {
      const { swarm, leecher, seed, at } = await besideSeed();
      const peer = await swarm.settle(
        ScriptedPeer.connect(swarm.host(), at, swarm.torrent, {
          onOpen: (open) => open.send((to) => to.interested()),
          onUnchoke: (open) => {
            for (let index = 0; index < 50_000; index += 1)
              open.encoder.request(index % 64, 0, BLOCK_LENGTH);
            open.flush();
            if (reading === 'does not read') open.connection.pause();
          },
        }),
      );
      let pending = 0;
      let queued = 0;
      await swarm.until(() => {
        for (const each of seed.torrent.swarm?.peers ?? []) {
          pending = Math.max(pending, each.connection.pendingBytes);
          queued = Math.max(queued, each.uploads.length);
        }
        return leecher.torrent.state === 'seeding';
      }, 3 * UNDISTURBED);
      expectWhole(leecher);
      expect(peer.count('unchoke')).toBe(1);
      expect(pending).toBeLessThan(4 << 20);
      expect(queued).toBeLessThanOrEqual(2_048);
      await swarm.close();
    },
  );

  it('keeps the connection alive, but does not read what it asked for: it is let go after a minute', async () => {
    const { swarm, leecher, seed, at } = await besideSeed();
    const host = swarm.host();
    const peer = await swarm.settle(
      ScriptedPeer.connect(host, at, swarm.torrent, {
        onOpen: (open) => open.send((to) => to.interested()),
        onUnchoke: (open) => {
          for (let index = 0; index < 256; index += 1)
            open.encoder.request(index % 64, 0, BLOCK_LENGTH);
          open.flush();
          open.connection.pause();
        },
      }),
    );
    host.clock.setRepeating(() => peer.send((to) => to.keepAlive()), 10_000);
    await swarm.until(() => leecher.torrent.state === 'seeding', UNDISTURBED);
    const unread = (): number =>
      Math.max(0, ...[...(seed.torrent.swarm?.peers ?? [])].map((each) => each.uploads.length));
    expect(unread()).toBeGreaterThan(100);
    await swarm.until(() => unread() === 0, 62_000);
    await swarm.close();
  });

  it('does not read its allowed-fast pieces: choked, it is sent a few blocks at a time', async () => {
    const { swarm, leecher, seed, at } = await besideSeed({ seed: { client: { uploadSlots: 1 } } });
    await swarm.until(() => leecher.torrent.progress().completedBytes > 0, UNDISTURBED);
    const host = swarm.host();
    const { infoHash, pieceCount } = swarm.torrent.info;
    const [allowed] = allowedFastSet(host.address, infoHash!, pieceCount, 10);
    let most = 0;
    await swarm.settle(
      ScriptedPeer.connect(host, at, swarm.torrent, {
        onOpen: (open) => {
          for (let index = 0; index < 2_000; index += 1)
            open.encoder.request(allowed!, 0, BLOCK_LENGTH);
          open.flush();
          open.connection.pause();
        },
      }),
    );
    await swarm.until(() => {
      for (const each of seed.torrent.swarm?.peers ?? [])
        if (each.endpoint.address === host.address)
          most = Math.max(most, each.connection.pendingBytes);
      return leecher.torrent.state === 'seeding';
    }, UNDISTURBED);
    expectWhole(leecher);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(6 * BLOCK_LENGTH);
    await swarm.close();
  });

  it('takes every connection it can get and does nothing: a download still dials others', async () => {
    const swarm = new SimSwarm({ seed: 13 });
    const leecher = await swarm.node({ trackerless: true, add: { maxPeers: 8 } });
    const at = { address: leecher.host.address, port: 6881 };
    for (let index = 0; index < 12; index += 1) {
      await swarm.settle(
        ScriptedPeer.connect(swarm.host(), at, swarm.torrent, {
          peerId: new Uint8Array(20).fill(index),
          onOpen: (open) => open.send((to) => to.interested()),
        }),
      );
    }
    await swarm.pass(2_000);
    expect(leecher.torrent.progress().peers).toBe(6);
    const seed = await swarm.seed({ trackerless: true });
    leecher.torrent.addPeer({ address: seed.host.address, port: 6881 });
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('never stops asking and never reads: what waits for it stays bounded', async () => {
    const fast = { bandwidthUp: 50_000_000, bandwidthDown: 50_000_000 };
    const { swarm, leecher, seed, at } = await besideSeed({ seed: { line: fast } });
    const peer = await swarm.settle(
      ScriptedPeer.connect(swarm.host(fast), at, swarm.torrent, {
        onOpen: (open) => open.send((to) => to.interested()),
        // Each cancel is answered (BEP 6).
        onUnchoke: (open) => {
          open.connection.pause();
          for (let index = 0; index < 500_000; index += 1) {
            open.encoder.request(63, BLOCK_LENGTH, BLOCK_LENGTH);
            open.encoder.cancel(63, BLOCK_LENGTH, BLOCK_LENGTH);
          }
          open.flush();
        },
      }),
    );
    let pending = 0;
    await swarm.until(() => {
      for (const each of seed.torrent.swarm?.peers ?? [])
        pending = Math.max(pending, each.connection.pendingBytes);
      return leecher.torrent.state === 'seeding';
    }, UNDISTURBED);
    expectWhole(leecher);
    // It was let go: the rest of what it wanted to say is lost.
    expect(peer.closed).toBe(true);
    expect(pending).toBeGreaterThan(1 << 20);
    expect(pending).toBeLessThan(5 << 20);
    await swarm.close();
  });

  it('drips its handshake byte by byte, over every place there is', async () => {
    const { swarm, leecher, at } = await besideSeed({ paused: true });
    const host = swarm.host();
    const handshake = encodeHandshake({
      infoHash: swarm.torrent.info.infoHash!,
      peerId: new Uint8Array(20),
    });
    const dripping = new Set<ScriptedPeer>();
    const timer = host.clock.setRepeating(() => {
      for (const peer of dripping) if (peer.closed) dripping.delete(peer);
      if (dripping.size < 200)
        void ScriptedPeer.connect(host, at, swarm.torrent, {
          mute: true,
          onConnected: (peer) => {
            dripping.add(peer);
            let sent = 0;
            const drip = host.clock.setRepeating(() => {
              if (peer.closed || sent === 60) drip.cancel();
              else peer.connection.write(handshake.slice(sent, (sent += 1)));
            }, 900);
          },
        }).catch(() => undefined);
    }, 20);
    await swarm.pass(4_000);
    // Eight places, and those that are being refused just now.
    expect([...dripping].filter((peer) => !peer.closed).length).toBeLessThanOrEqual(14);
    await swarm.settle(leecher.torrent.resume());
    await swarm.finished([leecher], UNDISTURBED);
    timer.cancel();
    expectWhole(leecher);
    await swarm.pass(15_000);
    expect([...dripping].filter((peer) => !peer.closed)).toEqual([]);
    await swarm.close();
  });

  it('says nothing, from a hundred addresses at once', async () => {
    const { swarm, leecher, at } = await besideSeed({ paused: true });
    const silent: ScriptedPeer[] = [];
    for (let index = 0; index < 100; index += 1)
      void ScriptedPeer.connect(swarm.host(), at, swarm.torrent, { mute: true }).then((peer) =>
        silent.push(peer),
      );
    // Those beyond 64 wait for their turn, 20 a second.
    await swarm.pass(3_000);
    expect(silent.filter((peer) => !peer.closed).length).toBe(64);
    await swarm.settle(leecher.torrent.resume());
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('connects hundreds of times from one address', async () => {
    const { swarm, leecher, seed, at } = await besideSeed({ paused: true });
    const host = swarm.host();
    const peers: ScriptedPeer[] = [];
    for (let index = 0; index < 300; index += 1)
      swarm.world.at(swarm.world.now + index * 5, () => {
        const peerId = new Uint8Array(20).fill(index % 256).fill(index >> 8, 10);
        void ScriptedPeer.connect(host, at, swarm.torrent, { peerId }).then(
          (peer) => peers.push(peer),
          () => undefined,
        );
      });
    await swarm.pass(3_000);
    const there = [...(seed.torrent.swarm?.peers ?? [])].filter(
      ({ endpoint }) => endpoint.address === host.address,
    );
    expect(there.length).toBeGreaterThan(0);
    expect(there.length).toBeLessThanOrEqual(8);
    await swarm.settle(leecher.torrent.resume());
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    await swarm.close();
  });

  it('connects again and again with the peer id of another', async () => {
    const { swarm, leecher, seed, at } = await besideSeed();
    await swarm.until(() => leecher.torrent.progress().peers === 1, 2_000);
    const host = swarm.host();
    const peers: ScriptedPeer[] = [];
    for (let index = 0; index < 50; index += 1)
      swarm.world.at(swarm.world.now + index * 20, () => {
        void ScriptedPeer.connect(host, at, swarm.torrent, { peerId: leecher.client.peerId }).then(
          (peer) => peers.push(peer),
          () => undefined,
        );
      });
    await swarm.finished([leecher], UNDISTURBED);
    expectWhole(leecher);
    await swarm.pass(1_000);
    expect(peers.length).toBe(50);
    expect(peers.filter(({ closed }) => !closed)).toEqual([]);
    expect(seed.torrent.swarm?.peers.size).toBeLessThanOrEqual(1);
    await swarm.close();
  });

  it('keeps one of two connections with the same peer id', async () => {
    const { swarm, seed, at } = await besideSeed({ paused: true });
    const host = swarm.host();
    const first = await swarm.settle(ScriptedPeer.connect(host, at, swarm.torrent));
    await swarm.until(() => seed.torrent.swarm?.peers.size === 1, 1_000);
    const second = await swarm.settle(ScriptedPeer.connect(host, at, swarm.torrent));
    await swarm.pass(1_000);
    expect([first.closed, second.closed].filter(Boolean)).toHaveLength(1);
    expect(seed.torrent.swarm?.peers.size).toBe(1);
    await swarm.close();
  });
});

describe('this client itself', () => {
  it('is recognised behind an address that leads back to it, and not dialled again', async () => {
    const swarm = new SimSwarm({ seed: 13 });
    const node = await swarm.node({ trackerless: true });
    const seen: string[] = [];
    const { network } = node.host;
    const connect = network.connect.bind(network);
    let dials = 0;
    network.connect = (to, options) => {
      dials += 1;
      return connect(to, options);
    };
    node.torrent.on('peer', ({ event }) => seen.push(event));
    node.torrent.addPeer({ address: node.host.address, port: 6881 });
    await swarm.pass(120_000);
    expect(seen).toEqual([]);
    expect(dials).toBe(1);
    await swarm.close();
  });
});
