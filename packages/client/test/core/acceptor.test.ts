import { encodeHandshake } from '@shoal/peer-wire';
import { PeerError } from '../../src/errors.ts';
import { clientDefaults } from '../../src/options.ts';
import { Acceptor, type AcceptorOptions, type Accepting } from '../../src/peer/acceptor.ts';
import { FakeNetwork, ManualClock, RecordingHandler, settle } from './support.ts';
import { SHUNNED_FROM } from '../../src/peer/offenders.ts';
import {
  ACCEPT_BURST,
  ACCEPT_RATE,
  MAX_WAITING,
  MAX_WAITING_PER_ADDRESS,
  MAX_WAITING_TIME,
} from '../../src/peer/waiting-room.ts';
import { OpenConnections } from '../../src/peer/open-connections.ts';

const reserved = { dht: false, fast: true, extension: false, v2: false };
const INFO_HASH = new Uint8Array(20).fill(7);
const greeting = (infoHash = INFO_HASH): Uint8Array =>
  encodeHandshake({ reserved, infoHash, peerId: Buffer.from('-XX0100-bbbbbbbbbbbb') });

function acceptorOf(changes: Partial<AcceptorOptions> = {}, accepts = true) {
  const network = new FakeNetwork();
  const clock = new ManualClock();
  const joined: string[] = [];
  const torrent: Accepting = {
    swarmNames: { v1: INFO_HASH, v2: undefined },
    usesDht: false,
    accepts: () => accepts,
    join: ({ remote }) => {
      joined.push(remote.address);
      return new RecordingHandler();
    },
  };
  const acceptor = new Acceptor({
    isBlocked: () => false,
    network,
    clock,
    peerId: Buffer.from('-SH0100-aaaaaaaaaaaa'),
    reserved,
    connections: new OpenConnections(clock),
    freeConnections: () => 500,
    find: (infoHash) => (Buffer.compare(infoHash, INFO_HASH) === 0 ? torrent : undefined),
    ...changes,
  });
  return { network, clock, acceptor, joined };
}

describe('Acceptor', () => {
  it('takes the first free port of a range, on every address', async () => {
    const { network, acceptor } = acceptorOf();
    network.busy.add(6881).add(6882);
    expect(acceptor.port).toBe(0);
    await acceptor.listen({ from: 6881, to: 6889 }, undefined);
    expect(network.listening).toEqual([{ address: '::', port: 6883 }]);
    expect(acceptor.port).toBe(6883);
  });

  it('falls back to IPv4 on a machine without IPv6', async () => {
    const { network, acceptor } = acceptorOf();
    network.missing.add('::');
    await acceptor.listen(6881, undefined);
    expect(network.listening).toEqual([{ address: '0.0.0.0', port: 6881 }]);
  });

  it('listens on the address given and no other', async () => {
    const { network, acceptor } = acceptorOf();
    await acceptor.listen(6881, '10.0.0.1');
    expect(network.listening).toEqual([{ address: '10.0.0.1', port: 6881 }]);
  });

  it('rejects where the whole range is taken', async () => {
    const { network, acceptor } = acceptorOf();
    network.busy.add(6881).add(6882);
    await expect(acceptor.listen({ from: 6881, to: 6882 }, undefined)).rejects.toMatchObject({
      code: 'ERR_NET_ADDRESS_IN_USE',
    });
  });

  it('takes a connection to the torrent its handshake names', async () => {
    const { network, acceptor, joined, clock } = acceptorOf();
    await acceptor.listen(6881, undefined);
    const connection = network.arrive({ address: '20.0.0.9', port: 5 });
    expect(acceptor.pending).toBe(1);
    connection.receive(greeting());
    expect(acceptor.pending).toBe(0);
    expect(joined).toEqual(['20.0.0.9']);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['is not here', new Uint8Array(20).fill(8), true],
    ['takes no more peers', INFO_HASH, false],
  ])('refuses a torrent that %s', async (_, infoHash, accepts) => {
    const { network, acceptor, joined } = acceptorOf({}, accepts);
    await acceptor.listen(6881, undefined);
    const connection = network.arrive();
    connection.receive(greeting(infoHash));
    expect(connection.error).toMatchObject({ code: 'ERR_PEER_UNWANTED' });
    expect(connection.sent).toEqual([]);
    expect(acceptor.pending).toBe(0);
    expect(joined).toEqual([]);
  });

  it('bounds connections that are still in their handshake: the oldest makes room', async () => {
    const { network, acceptor, clock } = acceptorOf();
    await acceptor.listen(6881, undefined);
    const { maxPendingIncoming, handshakeTimeout } = clientDefaults;
    const silent = Array.from({ length: maxPendingIncoming }, (_, index) =>
      network.arrive({ address: `20.0.1.${index}`, port: 1 }),
    );
    expect(silent.every(({ closed }) => !closed)).toBe(true);
    const next = network.arrive({ address: '20.0.2.1', port: 1 });
    expect(next.paused).toBe(true);
    await clock.advance(1_000 / ACCEPT_RATE + 50);
    expect(next.paused).toBe(false);
    expect(silent.map(({ closed }) => closed).indexOf(false)).toBe(1);
    expect(acceptor.pending).toBe(maxPendingIncoming);
    await clock.advance(handshakeTimeout);
    expect(silent.every(({ closed }) => closed)).toBe(true);
    expect(acceptor.pending).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('has few connections of one address in their handshake', async () => {
    const { network, acceptor } = acceptorOf();
    await acceptor.listen(6881, undefined);
    const from = { address: '20.0.1.1', port: 1 };
    for (let index = 0; index < 20; index += 1) network.arrive(from);
    const taken = acceptor.pending;
    expect(taken).toBeLessThan(20);
    expect(network.arrive(from).closed).toBe(true);
    expect(network.arrive({ address: '20.0.1.2', port: 1 }).closed).toBe(false);
    expect(acceptor.pending).toBe(taken + 1);
  });

  it('turns everybody away when the client has no connection left', async () => {
    const { network, acceptor } = acceptorOf({ freeConnections: () => 0 });
    await acceptor.listen(6881, undefined);
    expect(network.arrive().closed).toBe(true);
    expect(acceptor.pending).toBe(0);
  });

  it('ends connections in their handshake when it is closed, and leaves no timer', async () => {
    const { network, acceptor, clock } = acceptorOf();
    await acceptor.listen(6881, undefined);
    const connection = network.arrive();
    await acceptor.close();
    await settle();
    expect(connection.closed).toBe(true);
    expect(clock.pending).toBe(0);
    expect(() => network.arrive()).toThrow('nobody listens');
  });
});

describe('a flood of connections', () => {
  const from = (index: number) => ({ address: `20.1.${index >> 8}.${index & 255}`, port: 1 });

  /** So many connections come at once, each from an address of its own. */
  async function flooded(count: number, changes: Partial<AcceptorOptions> = {}) {
    const all = acceptorOf(changes);
    await all.acceptor.listen(6881, undefined);
    const arrived = Array.from({ length: count }, (_, index) => all.network.arrive(from(index)));
    return { ...all, arrived };
  }

  it('is looked at no faster than is good for the transfers; the rest waits unread', async () => {
    const { arrived, acceptor, clock } = await flooded(ACCEPT_BURST + 60);
    expect(arrived.filter(({ paused }) => paused)).toHaveLength(60);
    expect(acceptor.waiting).toBe(60);
    expect(arrived.slice(ACCEPT_BURST).every(({ closed }) => !closed)).toBe(true);
    await clock.advance(1_000);
    expect(acceptor.waiting).toBe(60 - ACCEPT_RATE);
    await clock.advance((1_000 * 60) / ACCEPT_RATE);
    expect(acceptor.waiting).toBe(0);
    await clock.advance(clientDefaults.handshakeTimeout);
    expect(clock.pending).toBe(0);
  });

  it('is no flood where each brings a handshake, as to a client of thousands of torrents', async () => {
    const { network, acceptor, joined } = await flooded(0);
    for (let index = 0; index < 10 * ACCEPT_BURST; index += 1) {
      network.arrive(from(index)).receive(greeting());
    }
    expect(acceptor.waiting).toBe(0);
    expect(joined).toHaveLength(10 * ACCEPT_BURST);
  });

  it('is one where each brings a handshake and then breaks the protocol', async () => {
    const { network, acceptor, clock } = await flooded(0);
    const misbehaved = new PeerError('ERR_PEER_MISBEHAVED', 'It goes on');
    for (let index = 0; index < ACCEPT_BURST; index += 1) {
      const connection = network.arrive(from(index));
      connection.receive(greeting());
      connection.destroy(misbehaved);
    }
    const next = network.arrive({ address: '20.0.0.9', port: 5 });
    expect(next.paused).toBe(true);
    expect(acceptor.waiting).toBe(1);
    await clock.advance(100);
    expect(next.paused).toBe(false);
  });

  it('keeps others waiting for some seconds at most, however many of its peers have to go at once', async () => {
    const { network, clock } = await flooded(0);
    const peers = Array.from({ length: 5 * ACCEPT_BURST }, (_, index) => {
      const connection = network.arrive(from(index));
      connection.receive(greeting());
      return connection;
    });
    for (const each of peers) each.destroy(new PeerError('ERR_PEER_MISBEHAVED', 'It goes on'));
    const next = network.arrive({ address: '20.0.0.9', port: 5 });
    expect(next.paused).toBe(true);
    await clock.advance((1_000 * ACCEPT_BURST) / ACCEPT_RATE + 200);
    expect(next.paused).toBe(false);
  });

  it('does not keep out who comes last: it is served first, and all that it sends arrives', async () => {
    const { network, joined, clock } = await flooded(ACCEPT_BURST + 200);
    const last = network.arrive({ address: '20.0.0.9', port: 5 });
    expect(last.paused).toBe(true);
    await clock.advance(200);
    expect(last.paused).toBe(false);
    last.receive(greeting());
    expect(joined).toEqual(['20.0.0.9']);
  });

  it('has a bounded number waiting: whoever comes then is refused', async () => {
    const { network, acceptor, clock } = await flooded(ACCEPT_BURST + MAX_WAITING);
    expect(acceptor.waiting).toBe(MAX_WAITING);
    expect(network.arrive({ address: '20.0.0.9', port: 5 }).closed).toBe(true);
    await clock.advance(200);
    expect(network.arrive({ address: '20.0.0.9', port: 5 }).closed).toBe(false);
  });

  it('takes no place that the client needs for others', async () => {
    let free = 500;
    const { acceptor, clock } = await flooded(ACCEPT_BURST + 300, { freeConnections: () => free });
    expect(acceptor.waiting).toBe(300);
    free = 20;
    await clock.advance(100);
    expect(acceptor.waiting).toBeLessThanOrEqual(20);
    free = 0;
    await clock.advance(100);
    expect(acceptor.waiting).toBe(0);
  });

  it('of one address has few waiting: the oldest makes room', async () => {
    const { network, acceptor } = await flooded(ACCEPT_BURST);
    const mine = Array.from({ length: MAX_WAITING_PER_ADDRESS + 2 }, () =>
      network.arrive({ address: '20.0.0.9', port: 5 }),
    );
    expect(acceptor.waiting).toBe(MAX_WAITING_PER_ADDRESS);
    expect(mine.map(({ closed }) => closed).lastIndexOf(true)).toBe(1);
  });

  it('of one IPv6 network has as few waiting, whichever addresses it takes', async () => {
    const { network, acceptor } = await flooded(ACCEPT_BURST);
    for (let index = 1; index < 20; index += 1) {
      network.arrive({ address: `2a01:4f8:1:2::${index.toString(16)}`, port: 5 });
    }
    expect(acceptor.waiting).toBe(MAX_WAITING_PER_ADDRESS);
    network.arrive({ address: '2a01:4f8:1:3::1', port: 5 });
    expect(acceptor.waiting).toBe(MAX_WAITING_PER_ADDRESS + 1);
  });

  it('is over for whoever has waited for too long, and for all when the acceptor is closed', async () => {
    const { network, acceptor, clock, arrived } = await flooded(ACCEPT_BURST + 1);
    const waiting = arrived.at(-1);
    expect(waiting?.paused).toBe(true);
    for (let second = 0; second < MAX_WAITING_TIME / 1_000; second += 1) {
      expect(waiting?.closed).toBe(false);
      // The last to come are served first, and fill all turns.
      for (let index = 0; index < ACCEPT_RATE + 5; index += 1) {
        network.arrive({ address: `20.2.${second}.${index}`, port: 5 });
      }
      await clock.advance(1_000);
    }
    await clock.advance(200);
    expect(waiting?.closed).toBe(true);
    expect(acceptor.waiting).toBeGreaterThan(0);
    await acceptor.close();
    await settle();
    expect(acceptor.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('lets an address wait that brought nothing but failures, and nobody else', async () => {
    const { network, joined, clock } = await flooded(0);
    const offender = { address: '20.0.0.9', port: 5 };
    for (let index = 0; index < SHUNNED_FROM; index += 1) network.arrive(offender).destroy();
    const next = network.arrive(offender);
    expect(next.paused).toBe(true);
    expect(network.arrive({ address: '20.0.0.10', port: 5 }).paused).toBe(false);
    await clock.advance(1_800);
    expect(next.paused).toBe(true);
    await clock.advance(400);
    expect(next.paused).toBe(false);
    next.receive(greeting());
    expect(joined).toEqual(['20.0.0.9']);
  });

  it('is none where all first try to encrypt, at many times the rate, and come back without', async () => {
    const { network, acceptor, joined, clock } = await flooded(0);
    for (let second = 0; second < 30; second += 1) {
      for (let index = 0; index < 3 * ACCEPT_RATE; index += 1) {
        const host = { address: `20.2.${second}.${index}`, port: 5 };
        network.arrive(host).receive(Buffer.alloc(96, 1));
        network.arrive(host).receive(greeting());
      }
      await clock.advance(1_000);
    }
    expect(acceptor.waiting).toBe(0);
    expect(joined).toHaveLength(90 * ACCEPT_RATE);
  });

  it('is none where they ask for a torrent that takes no more peers, but for one that is not here', async () => {
    const { network, acceptor } = acceptorOf({}, false);
    await acceptor.listen(6881, undefined);
    for (let index = 0; index < 5 * ACCEPT_BURST; index += 1) {
      network.arrive(from(index)).receive(greeting());
    }
    expect(network.arrive({ address: '20.0.0.9', port: 5 }).paused).toBe(false);
    for (let index = 0; index < ACCEPT_BURST; index += 1) {
      network.arrive(from(index)).receive(greeting(new Uint8Array(20).fill(8)));
    }
    expect(network.arrive({ address: '20.0.0.9', port: 5 }).paused).toBe(true);
  });

  it('is not what many hosts behind one gateway bring that all first try to encrypt', async () => {
    const { network, joined } = await flooded(0);
    const gateway = { address: '20.0.0.9', port: 5 };
    for (let host = 0; host < 60; host += 1) network.arrive(gateway).receive(Buffer.alloc(96, 1));
    for (let host = 0; host < 60; host += 1) network.arrive(gateway).receive(greeting());
    expect(joined).toHaveLength(60);
  });

  it('is not what a host brings that first tries to encrypt for each of a dozen torrents', async () => {
    const { network, acceptor, joined } = await flooded(0);
    const host = { address: '20.0.0.9', port: 5 };
    for (let index = 0; index < 12; index += 1) network.arrive(host).receive(Buffer.alloc(96, 1));
    for (let index = 0; index < 12; index += 1) network.arrive(host).receive(greeting());
    expect(acceptor.waiting).toBe(0);
    expect(joined).toHaveLength(12);
  });
});
