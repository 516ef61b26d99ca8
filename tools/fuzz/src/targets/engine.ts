import { createHash } from 'node:crypto';
import { encode } from '../../../../packages/bencode/src/index.ts';
import { Client, MemoryStorage } from '../../../../packages/client/src/index.ts';
import { parseMetainfo } from '../../../../packages/metainfo/src/index.ts';
import type { Connection } from '../../../../packages/net/src/index.ts';
import { SimWorld } from '../../../../packages/net/src/sim/index.ts';
import {
  encodeExtensionHandshake,
  encodeHandshake,
  utMetadata,
  utPex,
  WireEncoder,
} from '../../../../packages/peer-wire/src/index.ts';
import type { UtMetadataMessage } from '../../../../packages/peer-wire/src/index.ts';
import type { AnnounceResponse, TrackerClient } from '../../../../packages/tracker/src/index.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { vectorsOf } from '../vectors.ts';

const PIECE_LENGTH = 32_768;
const CONTENT = new Uint8Array(5 * PIECE_LENGTH - 100).map((_, at) => (at * 7) & 0xff);

function torrentOf(isPrivate: boolean): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < CONTENT.length; at += PIECE_LENGTH) {
    pieces.push(
      createHash('sha1')
        .update(CONTENT.subarray(at, at + PIECE_LENGTH))
        .digest(),
    );
  }
  return encode({
    info: {
      length: CONTENT.length,
      name: 'content.bin',
      'piece length': PIECE_LENGTH,
      pieces: new Uint8Array(Buffer.concat(pieces)),
      ...(isPrivate ? { private: 1 } : {}),
    },
  });
}

const METAINFO = parseMetainfo(torrentOf(false));
const INFO_HASH = METAINFO.info.infoHash ?? new Uint8Array(20);

/** Nobody is found by it. */
class NoTracker implements TrackerClient {
  announce(): Promise<AnnounceResponse> {
    return new Promise(() => undefined);
  }

  scrape(): Promise<never> {
    return new Promise(() => undefined);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The storage of one who has all of it. */
async function fullStorage(): Promise<MemoryStorage> {
  const storage = new MemoryStorage(METAINFO.info);
  for (let piece = 0; piece * PIECE_LENGTH < CONTENT.length; piece++) {
    const bytes = CONTENT.slice(piece * PIECE_LENGTH, (piece + 1) * PIECE_LENGTH);
    const { outcome } = await storage.writePiece(piece, bytes.buffer, bytes.length, false);
    must(outcome === 'written', 'the content is not that of the torrent');
  }
  return storage;
}

/** Appends one message: right, nearly right, or any bytes. */
function speak(to: WireEncoder, choices: Choices): void {
  const near = (limit: number): number =>
    choices.oneIn(5) ? choices.number32() : choices.below(limit);
  const block = (): [number, number, number] => [
    near(5),
    (near(2) % 0x4_0000) * 16_384,
    choices.oneIn(5) ? choices.number32() : 16_384,
  ];
  switch (choices.below(19)) {
    case 0:
      to.unchoke();
      break;
    case 1:
      to.choke();
      break;
    case 2:
      to.interested();
      break;
    case 3:
      to.haveAll();
      break;
    case 4:
      to.haveNone();
      break;
    case 5:
      to.have(near(5));
      break;
    case 6:
      to.bitfield(choices.oneIn(3) ? choices.blob(4) : Uint8Array.of(0xf8));
      break;
    case 7:
      to.request(...block());
      break;
    case 8:
      to.cancel(...block());
      break;
    case 9:
      to.reject(...block());
      break;
    case 10:
    case 11: {
      const [piece, begin] = block();
      const start = piece * PIECE_LENGTH + begin;
      const right = CONTENT.slice(start, start + (piece === 4 && begin > 0 ? 16_284 : 16_384));
      if (choices.oneIn(4)) right.fill(choices.byte(), 5, 9);
      to.piece(piece, begin, choices.oneIn(6) ? choices.blob(30) : right);
      break;
    }
    case 12:
      to.suggest(near(5));
      break;
    case 13:
      to.allowedFast(near(5));
      break;
    case 14: {
      const extensions = new Map([
        ['ut_metadata', choices.below(4)],
        ['ut_pex', choices.below(4)],
        ['lt_donthave', choices.below(9)],
      ]);
      const metadataLength = choices.oneIn(3)
        ? 1 + choices.below(31_457_280)
        : METAINFO.info.bytes.length;
      to.extended(
        0,
        choices.oneIn(5)
          ? choices.blob(40)
          : encodeExtensionHandshake({
              extensions,
              metadataLength,
              requestQueueLength: 1 + (choices.number32() % 500),
              uploadOnly: choices.bool(),
            }),
      );
      break;
    }
    case 15: {
      const { bytes } = METAINFO.info;
      const data = choices.oneIn(3) ? new Uint8Array(bytes.length) : bytes;
      const message = choices.pick<UtMetadataMessage>([
        { type: 'request', piece: choices.below(3) },
        { type: 'reject', piece: choices.below(3) },
        { type: 'data', piece: 0, totalLength: bytes.length, data },
      ]);
      to.extended(1 + choices.below(3), utMetadata.encode(message));
      break;
    }
    case 16: {
      const added = choices.list(5, () => ({
        address: `20.9.${choices.byte()}.1`,
        port: choices.below(65_536),
        flags: choices.byte(),
      }));
      to.extended(1 + choices.below(3), utPex.encode({ added, dropped: [] }));
      break;
    }
    case 17:
      to.extended(choices.below(5), choices.blob(60));
      break;
    default:
      to.port(choices.below(65_536));
      break;
  }
}

/** What comes of one peer who says all this to a client that downloads, seeds or fetches metadata. */
async function meet(input: Uint8Array, stage: 'download' | 'seed' | 'magnet'): Promise<string> {
  const choices = new Choices(input);
  const world = new SimWorld({ seed: 1 });
  const host = world.host({ address: '20.0.0.1' });
  const other = world.host({ address: '20.0.0.2' });
  const client = await Client.start({
    port: 6881,
    host,
    trackerClient: new NoTracker(),
    dht: false,
    localDiscovery: false,
    webSeeds: false,
  });
  const full = stage === 'seed' ? await fullStorage() : undefined;
  const storage = (info: typeof METAINFO.info): MemoryStorage => full ?? new MemoryStorage(info);
  const magnet = `magnet:?xt=urn:btih:${Buffer.from(INFO_HASH).toString('hex')}`;
  const added = client.add(stage === 'magnet' ? magnet : METAINFO, {
    directory: '/nowhere',
    storage,
    check: stage === 'seed' ? 'trust' : 'resume',
  });
  let torrent: Awaited<typeof added> | undefined;
  void added.then((it) => (torrent = it));
  await world.run({ until: () => torrent !== undefined, limit: 5_000 });
  must(torrent !== undefined, 'the torrent is not added');
  const errors: unknown[] = [];
  torrent.on('error', (error) => errors.push(error));
  let connection: Connection | undefined;
  let isClosed = false as boolean;
  let heard = 0;
  void other.network.connect({ address: '20.0.0.1', port: 6881 }).then((made) => {
    connection = made;
    made.attach({
      onData: (bytes: Uint8Array) => void (heard += bytes.length),
      onDrain: () => undefined,
      onEnd: () => undefined,
      onClose: () => void (isClosed = true),
    } as never);
  });
  await world.run({ until: () => connection !== undefined, limit: 5_000 });
  must(connection !== undefined, 'nobody listens');
  const peerId = new Uint8Array(20).fill(0x78);
  const reserved = { fast: choices.bool(), extension: !choices.oneIn(4), dht: choices.bool() };
  connection.write(
    choices.oneIn(12)
      ? choices.blob(80)
      : encodeHandshake({ reserved, infoHash: INFO_HASH, peerId }),
  );
  for (let turn = 0; turn < 6 && !choices.isSpent && !isClosed; turn++) {
    const encoder = new WireEncoder();
    for (let left = 1 + choices.below(12); left > 0; left--) speak(encoder, choices);
    let bytes: Uint8Array = encoder.take();
    if (choices.oneIn(6)) bytes = new Uint8Array(Buffer.concat([bytes, choices.blob(40)]));
    if (bytes.length > 0) connection.write(bytes);
    await world.run({ limit: choices.oneIn(5) ? 40_000 : 200 });
  }
  const { state, pieces } = torrent.progress();
  must(errors.length === 0, () => `the torrent fails: ${String(errors[0])}`);
  must(state !== 'error', 'the torrent is in error');
  const isKnown = 'metainfo' in torrent || stage !== 'magnet';
  if (isKnown && stage === 'download') must(pieces.have <= 5, 'more pieces than there are');
  const closing = client.close();
  let isOver = false as boolean;
  void closing.then(() => (isOver = true));
  await world.run({ until: () => isOver, limit: 20_000 });
  must(isOver, 'the client does not close');
  return `${state} ${isClosed} ${pieces.have} ${heard > 68}`;
}

const common = {
  area: 'client',
  maxLength: 1_024,
  baseTime: 5_000,
  seeds: () => vectorsOf('packages/peer-wire/test/fixtures/messages.json', 'hex'),
} as const;

export const engineTargets: readonly Target[] = [
  {
    ...common,
    name: 'client-peer-download',
    property:
      'whatever a peer says to a client that downloads, it costs that peer alone: no error of the torrent, and it closes',
    run: (input) => meet(input, 'download'),
  },
  {
    ...common,
    name: 'client-peer-seed',
    property:
      'whatever a peer says to a client that seeds, it costs that peer alone: no error of the torrent, and it closes',
    run: (input) => meet(input, 'seed'),
  },
  {
    ...common,
    name: 'client-peer-metadata',
    property:
      'whatever a peer says to a client that has a magnet link, it costs that peer alone, and only right metadata is taken',
    run: (input) => meet(input, 'magnet'),
  },
];
