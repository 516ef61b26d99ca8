import { type Endpoint, seededRandom } from '@shoal/net';
import { encodeHandshake } from '@shoal/peer-wire';
import { clientDefaults } from '../../src/options.ts';
import { Dialer, type DialerOptions, type Dialling } from '../../src/peer/dialer.ts';
import { PeerList } from '../../src/peer/peer-list.ts';
import { FakeNetwork, ManualClock, RecordingHandler, settle } from './support.ts';
import { OpenConnections } from '../../src/peer/open-connections.ts';

const reserved = { dht: false, fast: true, extension: false, v2: false };
const OURS = Buffer.from('-SH0100-aaaaaaaaaaaa');
const THEIRS = Buffer.from('-XX0100-bbbbbbbbbbbb');

interface TestTorrent extends Dialling {
  readonly swarmNames: { v1: Uint8Array; v2: Uint8Array | undefined };
  freeConnections: number;
  readonly joined: string[];
}

function torrentWith(number: number, peers: number, freeConnections = 100): TestTorrent {
  const peerList = new PeerList({ random: seededRandom(number), ownPort: 6881 });
  for (let peer = 1; peer <= peers; peer += 1) {
    peerList.add({ address: `20.${number}.0.${peer}`, port: 1000 }, 'tracker', 0);
  }
  const joined: string[] = [];
  return {
    peerList,
    swarmNames: { v1: new Uint8Array(20).fill(number), v2: undefined },
    usesDht: false,
    freeConnections,
    joined,
    join: ({ remote }) => {
      joined.push(remote.address);
      return new RecordingHandler();
    },
  };
}

function dialerOf(torrents: readonly Dialling[], changes: Partial<DialerOptions> = {}) {
  const network = new FakeNetwork();
  const clock = new ManualClock();
  const dialer = new Dialer({
    network,
    clock,
    peerId: OURS,
    reserved,
    connections: new OpenConnections(clock),
    bind: undefined,
    maxHalfOpen: 40,
    freeConnections: () => 500,
    torrents: () => torrents,
    ...changes,
  });
  return { network, clock, dialer };
}

const networksOf = (attempts: readonly { to: Endpoint }[]): number[] =>
  attempts.map(({ to }) => Number(to.address.split('.')[1]));

describe('Dialer', () => {
  it('bounds half-open connections over all torrents, handshakes included', async () => {
    const torrent = torrentWith(1, 10);
    const { network, dialer } = dialerOf([torrent], { maxHalfOpen: 3 });
    dialer.run();
    dialer.run();
    expect(network.attempts).toHaveLength(3);
    expect(dialer.halfOpen).toBe(3);
    const connection = network.attempts[0]!.succeed();
    network.attempts[1]!.fail();
    await settle();
    // The one is in its handshake, the other has failed and made room.
    expect(dialer.halfOpen).toBe(2);
    dialer.run();
    expect(network.attempts).toHaveLength(4);
    connection.receive(
      encodeHandshake({ reserved, infoHash: torrent.swarmNames.v1, peerId: THEIRS }),
    );
    expect(torrent.joined).toEqual([connection.remote.address]);
    expect(dialer.halfOpen).toBe(2);
  });

  it("keeps to the client's connections and to those of each torrent", () => {
    const few = torrentWith(1, 10, 2);
    const { network, dialer } = dialerOf([few, torrentWith(2, 10)], { freeConnections: () => 5 });
    dialer.run();
    expect(networksOf(network.attempts).filter((number) => number === 1)).toHaveLength(2);
    expect(network.attempts).toHaveLength(5);
    dialer.run();
    expect(networksOf(network.attempts).filter((number) => number === 1)).toHaveLength(2);
    expect(dialer.halfOpenOf(few)).toBe(2);
  });

  it('has torrents take turns', () => {
    const { network, dialer } = dialerOf(
      [torrentWith(1, 10), torrentWith(2, 1), torrentWith(3, 10)],
      {
        maxHalfOpen: 7,
      },
    );
    dialer.run();
    expect(networksOf(network.attempts)).toEqual([1, 2, 3, 1, 3, 1, 3]);
  });

  it('begins with another torrent each time, so that the last ones get their turn as well', async () => {
    const torrents = [1, 2, 3, 4, 5].map((number) => torrentWith(number, 10));
    const { network, dialer } = dialerOf(torrents, { maxHalfOpen: 2 });
    for (let time = 0; time < 5; time += 1) {
      dialer.run();
      for (const attempt of network.attempts.slice(-2)) attempt.fail();
      await settle();
    }
    expect(networksOf(network.attempts)).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
  });

  it('tries no more than 50 connections per second, however often it is asked', async () => {
    const torrents = [1, 2, 3].map((number) => torrentWith(number, 100));
    const { network, dialer, clock } = dialerOf(torrents, { maxHalfOpen: 200 });
    for (let time = 0; time < 10; time += 1) dialer.run();
    expect(network.attempts).toHaveLength(50);
    await clock.advance(1_000);
    for (let time = 0; time < 10; time += 1) dialer.run();
    expect(network.attempts).toHaveLength(100);
  });

  it('counts what is not connected yet apart', async () => {
    const { network, dialer } = dialerOf([torrentWith(1, 3)]);
    dialer.run();
    expect(dialer.connecting).toBe(3);
    network.attempts[0]!.succeed();
    network.attempts[1]!.fail();
    await settle();
    expect(dialer.connecting).toBe(1);
    expect(dialer.halfOpen).toBe(2);
  });

  it('does not dial for a torrent that wants nobody', () => {
    const { network, dialer } = dialerOf([torrentWith(1, 10, 0)]);
    dialer.run();
    expect(network.attempts).toEqual([]);
  });

  it('binds to the address given and names the torrent', async () => {
    const torrent = torrentWith(4, 1);
    const { network, dialer } = dialerOf([torrent], { bind: '10.0.0.1' });
    dialer.run();
    expect(network.attempts[0]?.bind).toBe('10.0.0.1');
    const connection = network.attempts[0]!.succeed();
    await settle();
    expect(connection.sent).toEqual([
      encodeHandshake({ reserved, infoHash: torrent.swarmNames.v1, peerId: OURS }),
    ]);
  });

  it('backs off from a peer that does not answer, or whose handshake fails', async () => {
    const torrent = torrentWith(1, 1);
    const { network, clock, dialer } = dialerOf([torrent]);
    dialer.run();
    network.attempts[0]!.fail();
    await settle();
    dialer.run();
    expect(network.attempts).toHaveLength(1);
    await clock.advance(2_000);
    dialer.run();
    expect(network.attempts).toHaveLength(2);
    const connection = network.attempts[1]!.succeed();
    await settle();
    await clock.advance(clientDefaults.handshakeTimeout);
    expect(connection.closed).toBe(true);
    expect(dialer.halfOpen).toBe(0);
    dialer.run();
    expect(network.attempts).toHaveLength(2);
  });

  it('leaves a peer alone that is not the one a tracker named', async () => {
    const torrent = torrentWith(1, 0);
    const peerId = Buffer.from('-XX0100-cccccccccccc');
    torrent.peerList.add({ address: '20.1.0.1', port: 1000, peerId }, 'tracker', 0);
    const { network, dialer } = dialerOf([torrent]);
    dialer.run();
    const connection = network.attempts[0]!.succeed();
    await settle();
    connection.receive(
      encodeHandshake({ reserved, infoHash: torrent.swarmNames.v1, peerId: THEIRS }),
    );
    expect(connection.error).toMatchObject({ code: 'ERR_WIRE_PEER_ID_MISMATCH' });
    expect(torrent.joined).toEqual([]);
  });

  it('never dials itself again', async () => {
    const torrent = torrentWith(1, 1);
    const { network, clock, dialer } = dialerOf([torrent]);
    dialer.run();
    const connection = network.attempts[0]!.succeed();
    await settle();
    connection.receive(
      encodeHandshake({ reserved, infoHash: torrent.swarmNames.v1, peerId: OURS }),
    );
    expect(connection.closed).toBe(true);
    await clock.advance(24 * 3_600_000);
    dialer.run();
    expect(network.attempts).toHaveLength(1);
    expect(torrent.peerList.total).toBe(0);
  });

  it('gives up all attempts when it is closed, which says nothing about the peers', async () => {
    const torrent = torrentWith(1, 2);
    const { network, dialer, clock } = dialerOf([torrent]);
    dialer.run();
    const connection = network.attempts[0]!.succeed();
    await settle();
    dialer.close();
    await settle();
    expect(connection.closed).toBe(true);
    expect(network.attempts[1]?.signal?.aborted).toBe(true);
    expect(dialer.halfOpen).toBe(0);
    expect(dialer.halfOpenOf(torrent)).toBe(0);
    expect(clock.pending).toBe(0);
    // Both may be dialled at once by whoever comes next.
    expect(torrent.peerList.size).toBe(2);
    expect(torrent.peerList.next(clock.now())).toBeDefined();
    expect(torrent.peerList.next(clock.now())).toBeDefined();
  });
});
