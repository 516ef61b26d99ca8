import { encodeHandshake } from '@shoal/peer-wire';
import { clientDefaults } from '../../src/options.ts';
import { Handshaking, type HandshakePolicy } from '../../src/peer/handshaking.ts';
import { FakeConnection, ManualClock, RecordingHandler } from './support.ts';
import { OpenConnections } from '../../src/peer/open-connections.ts';

const OURS = Buffer.from('-SH0100-aaaaaaaaaaaa');
const THEIRS = Buffer.from('-XX0100-bbbbbbbbbbbb');
const INFO_HASH = new Uint8Array(20).fill(7);
const OTHER_HASH = new Uint8Array(20).fill(9);
const V1_ONLY = { v1: INFO_HASH, v2: undefined };
const HYBRID = { v1: INFO_HASH, v2: new Uint8Array(20).fill(8) };
const V2_ONLY = { v1: undefined, v2: HYBRID.v2 };
const reserved = { dht: false, fast: true, extension: false, v2: false };

const greeting = (infoHash = INFO_HASH, peerId: Uint8Array = THEIRS): Uint8Array =>
  encodeHandshake({ reserved, infoHash, peerId });

function shake(direction: 'incoming' | 'outgoing', changes: Partial<HandshakePolicy> = {}) {
  const clock = new ManualClock();
  const connection = new FakeConnection(direction);
  const handler = new RecordingHandler();
  const failures: (Error | undefined)[] = [];
  const established: string[] = [];
  const versions: ('v1' | 'v2')[] = [];
  new Handshaking(
    connection,
    {
      peerId: OURS,
      reserved,
      usesDht: () => false,
      connections: new OpenConnections(clock),
      ...(direction === 'outgoing' ? { names: V1_ONLY } : { welcome: () => V1_ONLY }),
      established: (_, { peerId }, isV2) => {
        established.push(Buffer.from(peerId).toString());
        versions.push(isV2 ? 'v2' : 'v1');
        return handler;
      },
      failed: (error) => failures.push(error),
      ...changes,
    },
    clock,
  );
  const codes = (): unknown[] => failures.map((error) => (error as { code?: string }).code);
  return { clock, connection, handler, failures, established, versions, codes };
}

describe('Handshaking', () => {
  it('speaks first on the outgoing side and hands the connection over', () => {
    const { connection, handler, established, failures, clock } = shake('outgoing');
    expect(connection.sent).toEqual([greeting(INFO_HASH, OURS)]);
    connection.receive(greeting());
    expect(established).toEqual([THEIRS.toString()]);
    expect(clock.pending).toBe(0);
    connection.receive(Buffer.from('more'));
    connection.handler?.onDrain();
    connection.destroy(new Error('reset'));
    expect(handler.heard).toEqual(['data more', 'drain', 'close reset']);
    expect(failures).toEqual([]);
  });

  it('reads a handshake in one-byte chunks', () => {
    const { connection, established } = shake('outgoing');
    for (const byte of greeting()) connection.receive(Uint8Array.of(byte));
    expect(established).toHaveLength(1);
  });

  it('hands on what came in the same chunk after the handshake', () => {
    const { connection, handler } = shake('outgoing');
    connection.receive(Buffer.concat([greeting(), Buffer.from('bitfield')]));
    expect(handler.heard).toEqual(['data bitfield']);
  });

  it('answers on the incoming side as soon as the info-hash has come', () => {
    const { connection, established } = shake('incoming');
    const bytes = greeting();
    connection.receive(bytes.subarray(0, 47));
    expect(connection.sent).toEqual([]);
    connection.receive(bytes.subarray(47, 48));
    expect(connection.sent).toEqual([greeting(INFO_HASH, OURS)]);
    expect(established).toEqual([]);
    connection.receive(bytes.subarray(48));
    expect(connection.sent).toHaveLength(1);
    expect(established).toHaveLength(1);
  });

  it('gives up in time when nothing comes, and when a peer trickles', async () => {
    const { connection, clock, codes } = shake('incoming');
    connection.receive(greeting().subarray(0, 60));
    await clock.advance(clientDefaults.handshakeTimeout - 1);
    expect(connection.closed).toBe(false);
    connection.receive(greeting().subarray(60, 61));
    await clock.advance(1);
    expect(connection.closed).toBe(true);
    expect(codes()).toEqual(['ERR_PEER_HANDSHAKE_TIMEOUT']);
    expect(clock.pending).toBe(0);
  });

  it('refuses a torrent that is not welcome, without a word', () => {
    const { connection, codes } = shake('incoming', { welcome: () => undefined });
    connection.receive(greeting());
    expect(codes()).toEqual(['ERR_PEER_UNWANTED']);
    expect(connection.sent).toEqual([]);
  });

  it('ends when another torrent answers', () => {
    const { connection, codes, established } = shake('outgoing');
    connection.receive(greeting(OTHER_HASH));
    expect(codes()).toEqual(['ERR_WIRE_INFO_HASH_MISMATCH']);
    expect(established).toEqual([]);
  });

  it('ends when it reaches itself', () => {
    const { connection, codes, established } = shake('outgoing');
    connection.receive(greeting(INFO_HASH, OURS));
    expect(codes()).toEqual(['ERR_PEER_SELF']);
    expect(established).toEqual([]);
  });

  it.each([
    ['the one expected', THEIRS, []],
    ['another one', Buffer.from('-XX0100-cccccccccccc'), ['ERR_WIRE_PEER_ID_MISMATCH']],
  ])('compares the peer id with the one a tracker gave: %s', (_, expectedPeerId, errors) => {
    const { connection, codes } = shake('outgoing', { expectedPeerId });
    connection.receive(greeting());
    expect(codes()).toEqual(errors);
  });

  it('ends at bytes that are no BitTorrent', () => {
    const { connection, codes } = shake('incoming');
    connection.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(codes()).toEqual(['ERR_WIRE_NOT_BITTORRENT']);
    expect(connection.sent).toEqual([]);
  });

  it('closes in order when nobody takes the connection, and drops what follows', () => {
    const { connection, failures } = shake('outgoing', { established: () => undefined });
    connection.receive(Buffer.concat([greeting(), Buffer.from('bitfield')]));
    expect(connection.inOrder).toBe(true);
    expect(failures).toEqual([undefined]);
  });

  it('reports a connection that ends before its handshake, once', () => {
    const { connection, failures, clock } = shake('outgoing');
    connection.destroy(new Error('reset'));
    expect(failures.map((error) => error?.message)).toEqual(['reset']);
    expect(clock.pending).toBe(0);
  });
});

describe('Handshaking of a torrent with two hashes', () => {
  const { v1, v2 } = HYBRID;
  /** What one side says, and how. */
  const says = (infoHash: Uint8Array, bit: boolean, peerId = OURS): Uint8Array =>
    encodeHandshake({ reserved: { ...reserved, v2: bit }, infoHash, peerId });
  const MISMATCH = 'ERR_WIRE_INFO_HASH_MISMATCH';

  it.each([
    ['a hybrid by v1, with an offer', HYBRID, false, v1, true],
    ['a hybrid by v2 to who knows it, without the bit', HYBRID, true, v2, false],
    ['a v1-only torrent never with the bit', V1_ONLY, false, v1, false],
    ['a v1-only torrent by v1, whatever is known of the peer', V1_ONLY, true, v1, false],
    ['a v2-only torrent by v2, without the bit', V2_ONLY, false, v2, false],
  ])('opens %s', (_, names, knowsV2, infoHash, bit) => {
    const { connection } = shake('outgoing', { names, knowsV2 });
    expect(connection.sent).toEqual([says(infoHash, bit)]);
  });

  it.each([
    ['v2 as the upgrade it offered', HYBRID, false, v2, ['v2'], []],
    ['v1 of who cannot, or will not, upgrade', HYBRID, false, v1, ['v1'], []],
    ['v2 where it opened with v2', HYBRID, true, v2, ['v2'], []],
    ['nothing but v2 where it opened with v2', HYBRID, true, v1, [], [MISMATCH]],
    ['no third hash', HYBRID, false, OTHER_HASH, [], [MISMATCH]],
    ['no v2 hash for a v1-only torrent', V1_ONLY, false, v2, [], [MISMATCH]],
    ['v2 for a v2-only torrent', V2_ONLY, false, v2, ['v2'], []],
    ['no v1 hash for a v2-only torrent', V2_ONLY, false, v1, [], [MISMATCH]],
  ])('accepts in reply %s', (_, names, knowsV2, reply, agreed, errors) => {
    for (const bit of [false, true]) {
      const { connection, versions, codes } = shake('outgoing', { names, knowsV2 });
      connection.receive(says(reply, bit, THEIRS));
      expect(versions).toEqual(agreed);
      expect(codes()).toEqual(errors);
    }
  });

  it.each([
    ['v2 with v2, bit or not', HYBRID, v2, false, says(v2, false), 'v2'],
    ['v2 with v2 where the bit is set', HYBRID, v2, true, says(v2, false), 'v2'],
    ['v1 with an offer by the upgrade', HYBRID, v1, true, says(v2, false), 'v2'],
    ['v1 without one by v1', HYBRID, v1, false, says(v1, true), 'v1'],
    [
      'v1 by v1 for a v1-only torrent, whatever is offered',
      V1_ONLY,
      v1,
      true,
      says(v1, false),
      'v1',
    ],
    ['v2 for a v2-only torrent', V2_ONLY, v2, false, says(v2, false), 'v2'],
  ])('answers %s', (_, names, asked, bit, answer, agreed) => {
    const { connection, versions } = shake('incoming', { welcome: () => names });
    const bytes = says(asked, bit, THEIRS);
    connection.receive(bytes.subarray(0, 48));
    expect(connection.sent).toEqual([answer]);
    connection.receive(bytes.subarray(48));
    expect(versions).toEqual([agreed]);
  });

  it('refuses a hash that is not one of the torrent found by it', () => {
    const { connection, codes } = shake('incoming', { welcome: () => V2_ONLY });
    connection.receive(says(v1, true, THEIRS));
    expect(codes()).toEqual(['ERR_PEER_UNWANTED']);
    expect(connection.sent).toEqual([]);
  });

  it('knows itself also by the hash it upgraded to', () => {
    const { connection, codes } = shake('outgoing', { names: HYBRID });
    connection.receive(says(v2, false));
    expect(codes()).toEqual(['ERR_PEER_SELF']);
  });
});
