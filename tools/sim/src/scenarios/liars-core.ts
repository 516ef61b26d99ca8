import { encodeHandshake } from '@shoal/peer-wire';
import {
  poseAsSeed,
  type PeerScript,
  type ScriptedPeer,
} from '../../../../packages/client/test/support/scripted-peer.ts';
import { type Lie, message, tellAll, uint32 } from '../liar.ts';
import { type Scenario, scenario, type Theme } from '../scenario.ts';

const BLOCK = 16_384;
/** Of the torrent that lies are told about. */
const PIECES = 19;
const PIECE = 32_768;
const MAX = 0xffff_ffff;

const raw =
  (...messages: readonly Uint8Array[]) =>
  ({ connection }: ScriptedPeer): void =>
    void connection.write(Buffer.concat(messages));

const drop = (field: string, ...messages: readonly Uint8Array[]): Lie => ({
  field,
  fate: 'dropped',
  tell: raw(...messages),
});
const keep = (field: string, ...messages: readonly Uint8Array[]): Lie => ({
  field,
  fate: 'kept',
  tell: raw(...messages),
});

const repeated = (count: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

const family = (name: string, lies: readonly Lie[]): Scenario =>
  scenario(
    `liar-${name}`,
    `\`${name}\`: ${lies.map(({ field }) => field).join(', ')}; the download ends, the honest seed stays`,
    (sim) => tellAll(sim, name, lies),
  );

/** Answers requests otherwise than they were meant. */
const answering = (
  field: string,
  fate: Lie['fate'],
  answer: (peer: ScriptedPeer, piece: number, begin: number, length: number) => void,
): Lie => ({ field, fate, script: { onOpen: poseAsSeed, onRequest: answer } });

const handshakeLie = (field: string, change: (bytes: Uint8Array) => Uint8Array): Lie => ({
  field,
  fate: 'dropped',
  script: {
    mute: true,
    onConnected: (peer) => {
      const { infoHash } = peer.torrent.info;
      if (infoHash === undefined) return;
      const peerId = new Uint8Array(20).fill(0x79);
      peer.connection.write(
        change(encodeHandshake({ reserved: { fast: true }, infoHash, peerId })),
      );
    },
  },
});

const changed = (at: number, to: number) => (bytes: Uint8Array) => {
  bytes[at] = to;
  return bytes;
};

const slow: PeerScript = { fast: false };

export const liarsCore: Theme = {
  title: 'Peers that lie: the messages of BEP 3 and BEP 6',
  scenarios: [
    family(
      'handshake',
      [
        handshakeLie('length of the protocol name', changed(0, 20)),
        handshakeLie('protocol name', changed(5, 0)),
        handshakeLie('unknown info-hash', changed(30, 0x55)),
        handshakeLie('cut short', (bytes) => bytes.subarray(0, 40)),
      ].map((lie) => (lie.field === 'cut short' ? { ...lie, fate: 'either' as const } : lie)),
    ),
    family('length-prefix', [
      drop('4 GiB', uint32(MAX), new Uint8Array(64)),
      drop('2 GiB', uint32(0x8000_0000), Uint8Array.of(7)),
      drop('16 MiB piece', uint32(16_777_225), Uint8Array.of(7), new Uint8Array(8)),
      {
        field: 'a message that never ends',
        fate: 'either',
        tell: raw(uint32(16_393), Uint8Array.of(7), new Uint8Array(8)),
      },
      keep('ten thousand keep-alives', new Uint8Array(40_000)),
    ]),
    family('choke', [
      drop('with a payload', message(0, 1)),
      keep('a thousand times', repeated(1_000, Buffer.concat([message(0), message(1)]))),
    ]),
    family('unchoke', [
      drop('with a payload', message(1, 1)),
      keep('while it has nothing', message(1)),
    ]),
    family('interested', [
      drop('with a payload', message(2, 1)),
      keep('and not, a thousand times', repeated(1_000, Buffer.concat([message(2), message(3)]))),
    ]),
    family('not-interested', [drop('with a payload', message(3, 1))]),
    family('have', [
      drop('piece = count', message(4, PIECES)),
      drop('piece = 2³² - 1', message(4, MAX)),
      drop('piece = 2³¹', message(4, 0x8000_0000)),
      {
        field: 'any piece out of range',
        fate: 'dropped',
        tell: (peer, random) => raw(message(4, PIECES + random.integer(2 ** 31)))(peer),
      },
      drop('too short', message(4, Uint8Array.of(1, 2))),
      drop('too long', message(4, 1, 2)),
      keep('the same fifty thousand times', repeated(50_000, message(4, 3))),
    ]),
    family('bitfield', [
      drop('too short', message(5, new Uint8Array(2))),
      drop('too long', message(5, new Uint8Array(4))),
      drop('spare bits set', message(5, Uint8Array.of(0, 0, 0x1f))),
      drop('empty', message(5)),
      drop('64 KiB', message(5, new Uint8Array(65_536))),
      // As aria2 does.
      keep('late', message(4, 3), message(5, Uint8Array.of(0xff, 0, 0))),
      keep('twice', message(5, Uint8Array.of(0xff, 0, 0)), message(5, Uint8Array.of(0, 0xff, 0))),
    ]),
    family('request', [
      drop('piece = count', message(6, PIECES, 0, BLOCK)),
      drop('piece = 2³² - 1', message(6, MAX, 0, BLOCK)),
      drop('begin beyond the piece', message(6, 0, PIECE, BLOCK)),
      drop('begin = 2³² - 1', message(6, 0, MAX, BLOCK)),
      drop('length 0', message(6, 0, 0, 0)),
      drop('length beyond the piece', message(6, 0, BLOCK, BLOCK + 1)),
      drop('length 1 MiB', message(6, 0, 0, 1_048_576)),
      drop('length 2³² - 1', message(6, 0, 0, MAX)),
      drop('begin + length = 2³²', message(6, 0, 0xffff_c000, BLOCK)),
      drop('too short', message(6, 0, 0)),
      drop('too long', message(6, 0, 0, BLOCK, 0)),
      keep('of a piece it has not got', message(6, PIECES - 2, 0, BLOCK)),
      keep('unaligned', message(2), message(6, 0, 5, 100)),
      {
        field: 'five thousand while choked',
        fate: 'either',
        tell: raw(repeated(5_000, message(6, 0, 0, BLOCK))),
      },
    ]),
    family('piece', [
      {
        field: 'one that nobody asked for',
        fate: 'kept',
        tell: raw(message(7, 0, 0, new Uint8Array(BLOCK))),
      },
      drop(
        'a hundred that nobody asked for',
        repeated(100, message(7, 0, 0, new Uint8Array(BLOCK))),
      ),
      {
        field: 'index = 2³² - 1',
        fate: 'either',
        tell: raw(message(7, MAX, 0, new Uint8Array(BLOCK))),
      },
      { field: 'empty', fate: 'either', tell: raw(message(7, 0, 0)) },
      drop('too short', message(7, 0)),
      answering('wrong begin', 'either', (peer, piece, begin, length) =>
        peer.send((to) => to.piece(piece, begin + 1, peer.blockOf(piece, begin, length))),
      ),
      answering('wrong index', 'either', (peer, piece, begin, length) =>
        peer.send((to) =>
          to.piece((piece + 1) % PIECES, begin, peer.blockOf(piece, begin, length)),
        ),
      ),
      answering('a byte less', 'either', (peer, piece, begin, length) =>
        peer.serve(piece, begin, length - 1),
      ),
      answering('a byte more', 'either', (peer, piece, begin, length) => {
        const block = new Uint8Array(length + 1);
        block.set(peer.blockOf(piece, begin, length));
        peer.send((to) => to.piece(piece, begin, block));
      }),
      answering('zeros', 'either', (peer, piece, begin, length) =>
        peer.send((to) => to.piece(piece, begin, new Uint8Array(length))),
      ),
      answering('each twice', 'either', (peer, ...block) => {
        peer.serve(...block);
        peer.serve(...block);
      }),
    ]),
    family('cancel', [
      drop('piece = count', message(8, PIECES, 0, BLOCK)),
      drop('begin = 2³² - 1', message(8, 0, MAX, BLOCK)),
      drop('length 0', message(8, 0, 0, 0)),
      drop('too short', message(8, 0)),
      keep(
        'of what was never asked for, ten thousand times',
        repeated(10_000, message(8, 0, 0, BLOCK)),
      ),
    ]),
    family('port', [
      keep('0', message(9, Uint8Array.of(0, 0))),
      drop('too short', message(9, Uint8Array.of(1))),
      drop('too long', message(9, Uint8Array.of(1, 2, 3))),
      keep(
        'a thousand ports',
        ...Array.from({ length: 1_000 }, (_, port) =>
          message(9, Uint8Array.of(port >> 8, port & 255)),
        ),
      ),
    ]),
    family('have-all', [
      drop('with a payload', message(14, 1)),
      drop('after a have', message(4, 1), message(14)),
      drop('twice', message(14), message(14)),
      { ...drop('without the fast extension', message(14)), script: slow },
    ]),
    family('have-none', [
      drop('with a payload', message(15, 1)),
      drop('after have-all', message(14), message(15)),
      { ...drop('without the fast extension', message(15)), script: slow },
    ]),
    family('suggest', [
      drop('piece = count', message(13, PIECES)),
      drop('too short', message(13)),
      keep('ten thousand', repeated(10_000, message(13, 2))),
      { ...drop('without the fast extension', message(13, 1)), script: slow },
    ]),
    family('reject', [
      { field: 'of what was not asked for', fate: 'either', tell: raw(message(16, 0, 0, BLOCK)) },
      drop('piece = count', message(16, PIECES, 0, BLOCK)),
      drop('begin beyond the piece', message(16, 0, PIECE, BLOCK)),
      drop('length 0', message(16, 0, 0, 0)),
      drop('too short', message(16, 0, 0)),
      answering('of everything', 'either', (peer, ...block) =>
        peer.send((to) => to.reject(...block)),
      ),
      { ...drop('without the fast extension', message(16, 0, 0, BLOCK)), script: slow },
    ]),
    family('allowed-fast', [
      drop('piece = count', message(17, PIECES)),
      drop('too short', message(17)),
      keep(
        'all pieces, a thousand times',
        ...Array.from({ length: 1_000 * PIECES }, (_, at) => message(17, at % PIECES)),
      ),
      { ...drop('without the fast extension', message(17, 1)), script: slow },
    ]),
    family('unknown-message', [
      keep('id 99', message(99, new Uint8Array(100))),
      keep('id 255, empty', message(255)),
      keep('ids 10 to 12', message(10), message(11, 1), message(12)),
      {
        field: 'id 10 of 60,000 bytes',
        fate: 'either',
        tell: raw(message(10, new Uint8Array(60_000))),
      },
    ]),
  ],
};
