import { encodeHandshake } from '@shoal/peer-wire';
import { clientDefaults } from '../../src/options.ts';
import { Acceptor, type AcceptorOptions, type Accepting } from '../../src/peer/acceptor.ts';
import { FakeNetwork, ManualClock, RecordingHandler, settle } from './support.ts';
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
    expect(next.closed).toBe(false);
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
