import { encode } from '@shoal/bencode';
import { encodeExtensionHandshake } from '@shoal/peer-wire';
import { makeRealTorrent } from '../../../../packages/client/test/support/real-torrent.ts';
import {
  poseAsSeed,
  type ScriptedPeer,
} from '../../../../packages/client/test/support/scripted-peer.ts';
import { makeV2Torrent } from '../../../../packages/client/test/support/v2-torrent.ts';
import { type Lie, message, type Stage, tellAll, uint32 } from '../liar.ts';
import { type Scenario, scenario, type Theme } from '../scenario.ts';

/** What clients call the extensions they offer: the ids under which a Shoal client takes messages. */
const METADATA = 1;
const DONT_HAVE = 2;
const PEX = 3;
const PIECES = 19;
const KIB = 1_024;

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
const extended = (id: number, payload: Uint8Array): Uint8Array =>
  message(20, Uint8Array.of(id), payload);

const lie = (field: string, fate: Lie['fate'], ...messages: readonly Uint8Array[]): Lie => ({
  field,
  fate,
  script: { extension: true },
  tell: ({ connection }: ScriptedPeer) => void connection.write(Buffer.concat(messages)),
});

const family = (name: string, lies: readonly Lie[], stage: () => Stage = () => ({})): Scenario =>
  scenario(
    `liar-${name}`,
    `\`${name}\`: ${lies.map(({ field }) => field).join(', ')}; the download ends, the honest seed stays`,
    (sim) => tellAll(sim, name, lies, stage()),
  );

const handshake = (field: string, value: string, fate: Lie['fate'] = 'either'): Lie =>
  lie(field, fate, extended(0, text(value)));
const greeting = (name: string, id: number): Uint8Array =>
  extended(0, encodeExtensionHandshake({ extensions: new Map([[name, id]]) }));
const said = (id: number, value: string, more = new Uint8Array(0)): Uint8Array =>
  extended(id, Buffer.concat([text(value), more]));

/** A torrent with an info dictionary of some length, for what is asked about it. */
const real = (): Stage => ({ torrent: makeRealTorrent(41, { files: [600_000], filler: 20_000 }) });

const compact = (count: number): Uint8Array => {
  const bytes = new Uint8Array(6 * count);
  for (let index = 0; index < count; index += 1)
    bytes.set([41, index >> 16, (index >> 8) & 255, index & 255, 26, 225], 6 * index);
  return bytes;
};
const pexOf = (peers: Uint8Array, flags: number): Uint8Array =>
  encode({ added: peers, 'added.f': new Uint8Array(flags), dropped: new Uint8Array(0) });

const v2 = makeV2Torrent([{ path: 'film.bin', length: 640 * KIB }], 32 * KIB, { seed: 43 });
const root = v2.info.files[0]?.piecesRoot ?? new Uint8Array(32);
const v2Name = v2.info.infoHashV2?.subarray(0, 20) ?? new Uint8Array(20);
const hashLie = (field: string, fate: Lie['fate'], ...messages: readonly Uint8Array[]): Lie => ({
  ...lie(field, fate, ...messages),
  script: { v2: true, infoHash: v2Name },
});
/** Base layer, index, length and proof layers. */
const fields = (base: number, index: number, length: number, proof: number): Uint8Array =>
  Buffer.concat([root, ...[base, index, length, proof].map(uint32)]);
const MAX = 0xffff_ffff;

export const liarsExtension: Theme = {
  title: 'Peers that lie: extensions and version 2',
  scenarios: [
    family('extension-handshake', [
      handshake('no bencode', 'hello', 'dropped'),
      handshake('a list', 'le', 'dropped'),
      handshake('cut short', 'd1:md', 'dropped'),
      handshake('nested a thousand deep', `d1:m${'l'.repeat(1_000)}${'e'.repeat(1_001)}`),
      handshake('m is a number', 'd1:mi1ee'),
      handshake('ids negative, huge and no numbers', 'd1:md1:ai-1e1:bi99999999999999e1:c1:xee'),
      handshake('one id for two extensions', 'd1:md6:ut_pexi1e11:ut_metadatai1eee'),
      handshake('reqq 0', 'd4:reqqi0ee', 'kept'),
      handshake('reqq -1', 'd4:reqqi-1ee', 'kept'),
      handshake('reqq 2⁶²', 'd4:reqqi4611686018427387904ee', 'kept'),
      handshake('reqq a string', 'd4:reqq3:abce', 'kept'),
      handshake('metadata_size -1', 'd13:metadata_sizei-1ee', 'kept'),
      handshake('metadata_size 2⁶²', 'd13:metadata_sizei4611686018427387904ee', 'kept'),
      handshake('p 70000', 'd1:pi70000ee', 'kept'),
      handshake('p -1', 'd1:pi-1ee', 'kept'),
      handshake(
        'v of 10,000 bytes and escapes',
        `d1:v10000:${'\u001b[31m'.repeat(2_000)}e`,
        'kept',
      ),
      handshake('yourip of five bytes', 'd6:yourip5:abcdee', 'kept'),
      handshake('yourip the loopback', 'd6:yourip4:\u007f\u0000\u0000\u0001e', 'kept'),
      handshake('upload_only a list', 'd11:upload_onlylee', 'kept'),
      lie(
        'a thousand of them',
        'dropped',
        ...Array.from({ length: 1_000 }, () => extended(0, text('de'))),
      ),
      lie('100 KiB', 'dropped', extended(0, text(`d1:v100000:${'x'.repeat(100_000)}e`))),
    ]),
    family('extension-id', [
      lie('that nobody has offered', 'kept', extended(77, text('de'))),
      lie('no id at all', 'dropped', message(20)),
    ]),
    family(
      'ut-metadata',
      [
        lie('no bencode', 'dropped', said(METADATA, 'x')),
        lie('msg_type 9', 'kept', said(METADATA, 'd8:msg_typei9e5:piecei0ee')),
        lie('msg_type missing', 'either', said(METADATA, 'd5:piecei0ee')),
        lie('piece -1', 'either', said(METADATA, 'd8:msg_typei0e5:piecei-1ee')),
        lie(
          'piece beyond the end',
          'either',
          greeting('ut_metadata', 5),
          said(METADATA, 'd8:msg_typei0e5:piecei99999ee'),
        ),
        lie('piece 2⁶²', 'either', said(METADATA, 'd8:msg_typei0e5:piecei4611686018427387904ee')),
        lie(
          'data that was not asked for',
          'either',
          said(METADATA, 'd8:msg_typei1e5:piecei0e10:total_sizei20000ee', new Uint8Array(16_384)),
        ),
        lie(
          'total_size -1',
          'either',
          said(METADATA, 'd8:msg_typei1e5:piecei0e10:total_sizei-1ee'),
        ),
        lie(
          'data longer than a piece',
          'either',
          said(METADATA, 'd8:msg_typei1e5:piecei0e10:total_sizei99999ee', new Uint8Array(60_000)),
        ),
        lie('reject that was not asked for', 'either', said(METADATA, 'd8:msg_typei2e5:piecei0ee')),
        lie(
          'two thousand requests',
          'either',
          greeting('ut_metadata', 5),
          ...Array.from({ length: 2_000 }, () => said(METADATA, 'd8:msg_typei0e5:piecei0ee')),
        ),
      ],
      real,
    ),
    family('ut-pex', [
      lie('no bencode', 'dropped', said(PEX, 'x')),
      lie('added is a number', 'either', said(PEX, 'd5:addedi1ee')),
      lie('added of seven bytes', 'either', said(PEX, 'd5:added7:abcdefge')),
      lie('fewer flags than peers', 'either', extended(PEX, pexOf(compact(10), 3))),
      lie('port 0', 'either', extended(PEX, pexOf(Uint8Array.of(41, 1, 1, 1, 0, 0), 1))),
      lie(
        'loopback, private and multicast',
        'kept',
        extended(
          PEX,
          pexOf(Uint8Array.of(127, 0, 0, 1, 0, 80, 192, 168, 0, 1, 0, 80, 224, 0, 0, 1, 0, 80), 3),
        ),
      ),
      lie('its own address', 'kept', extended(PEX, pexOf(Uint8Array.of(20, 0, 2, 7, 26, 225), 1))),
      lie('ten thousand peers', 'either', extended(PEX, pexOf(compact(10_000), 10_000))),
      lie(
        'thirty messages at once',
        'either',
        ...Array.from({ length: 30 }, () => extended(PEX, pexOf(compact(50), 50))),
      ),
    ]),
    family('lt-donthave', [
      lie('piece = count', 'dropped', extended(DONT_HAVE, uint32(PIECES))),
      lie('too short', 'dropped', extended(DONT_HAVE, Uint8Array.of(0))),
      lie('of what it never had', 'kept', extended(DONT_HAVE, uint32(1))),
      {
        ...lie(
          'and have in turns, five thousand times',
          'either',
          ...Array.from({ length: 5_000 }, () =>
            Buffer.concat([message(4, 1), extended(DONT_HAVE, uint32(1))]),
          ),
        ),
      },
      {
        field: 'of all that it is asked for',
        fate: 'either',
        script: {
          extension: true,
          onOpen: poseAsSeed,
          onRequest: (peer, piece) => peer.send((to) => to.extended(DONT_HAVE, uint32(piece))),
        },
      },
    ]),
    family(
      'hash-request',
      [
        hashLie('unknown root', 'either', message(21, new Uint8Array(32), 0, 0, 2, 0)),
        hashLie('base layer 2³² - 1', 'either', message(21, fields(MAX, 0, 2, 0))),
        hashLie('index beyond the layer', 'either', message(21, fields(1, 4_096, 2, 0))),
        hashLie('index no multiple of length', 'either', message(21, fields(1, 1, 2, 0))),
        hashLie('length 0', 'either', message(21, fields(1, 0, 0, 0))),
        hashLie('length 3', 'either', message(21, fields(1, 0, 3, 0))),
        hashLie('length 2³² - 1', 'either', message(21, fields(1, 0, MAX, 0))),
        hashLie('proof layers 2³² - 1', 'either', message(21, fields(1, 0, 2, MAX))),
        hashLie('too short', 'dropped', message(21, new Uint8Array(40))),
        hashLie(
          'two thousand',
          'either',
          ...Array.from({ length: 2_000 }, () => message(21, fields(0, 0, 16, 4))),
        ),
      ],
      () => ({ torrent: v2 }),
    ),
    family(
      'hashes',
      [
        hashLie(
          'that were not asked for',
          'either',
          message(22, fields(0, 0, 2, 0), new Uint8Array(64)),
        ),
        hashLie(
          'length and bytes differ',
          'dropped',
          message(22, fields(0, 0, 512, 0), new Uint8Array(64)),
        ),
        hashLie('length 2³² - 1', 'dropped', message(22, fields(0, 0, MAX, 0), new Uint8Array(64))),
        hashLie(
          'no multiple of 32 bytes',
          'dropped',
          message(22, fields(0, 0, 2, 0), new Uint8Array(63)),
        ),
      ],
      () => ({ torrent: v2 }),
    ),
    family(
      'hash-reject',
      [
        hashLie('of what was not asked for', 'either', message(23, fields(0, 0, 2, 0))),
        hashLie('too short', 'dropped', message(23, new Uint8Array(12))),
      ],
      () => ({ torrent: v2 }),
    ),
  ],
};
