import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { encode } from '../../../../packages/bencode/src/index.ts';
import {
  decodeLsdAnnounce,
  encodeLsdAnnounce,
} from '../../../../packages/client/src/discovery/lsd-message.ts';
import { FileStates } from '../../../../packages/client/src/disk/file-states.ts';
import {
  decodeParts,
  encodePartsEntry,
  encodePartsHeader,
  partsDataOffset,
  partsEntryOffset,
  partsSlotOffset,
} from '../../../../packages/client/src/disk/parts-format.ts';
import { decodeResume, encodeResume } from '../../../../packages/client/src/disk/resume-format.ts';
import type { ResumeData } from '../../../../packages/client/src/disk/resume-format.ts';
import { EarlyMessages } from '../../../../packages/client/src/metadata/early-messages.ts';
import { judgeMetadata } from '../../../../packages/client/src/metadata/judge-metadata.ts';
import { Choices } from '../engine/choices.ts';
import { must } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { latin1 } from '../vectors.ts';
import { decodeStream } from '../wire-log.ts';

const HASH = new Uint8Array(20).fill(1);
const EXPECTED = { infoHash: HASH, pieceCount: 13, fileCount: 2 };
const IDENTITY = { infoHash: HASH, pieceLength: 16_384, pieceCount: 40 };
const GROUP = { address: '239.192.152.143', port: 6771 };

const RESUME: ResumeData = {
  infoHash: HASH,
  infoHashV2: new Uint8Array(32).fill(2),
  directory: '/downloads',
  pieceCount: 13,
  pieces: Uint8Array.of(0xff, 0x08),
  files: FileStates.of([
    { size: 100, mtime: 1.5 },
    { size: -1, mtime: 0 },
  ]),
  priorities: Uint8Array.of(1, 0),
  uploaded: 5,
  downloaded: 6,
  pieceLayers: [[new Uint8Array(32), new Uint8Array(64)]],
  pieceRanges: [[new Uint8Array(32), 4, new Uint8Array(96)]],
};

/** What is believed of resume data. */
function checkResume({
  pieces,
  pieceCount,
  files,
  priorities,
  pieceLayers,
  pieceRanges,
  ...others
}: ResumeData): void {
  must(pieceCount === 13 && pieces.length === 2 && ((pieces[1] ?? 0) & 7) === 0, 'pieces');
  must(files.count === 2 && priorities.length === 2, 'files');
  must(files.numbers.every(Number.isFinite), 'a number of a file');
  must(Buffer.compare(others.infoHash, HASH) === 0, 'another torrent');
  must(others.uploaded >= 0 && others.downloaded >= 0, 'a count');
  for (const [root, layer] of pieceLayers ?? []) {
    must(root.length === 32 && layer.length % 32 === 0, 'a layer');
  }
  for (const [root, index, hashes] of pieceRanges ?? []) {
    must(root.length === 32 && Number.isSafeInteger(index) && index >= 0, 'a range');
    must(hashes.length % 32 === 0, 'hashes of a range');
  }
}

/** A resume file around a body, with the checksum that is right for it. */
function around(body: Uint8Array): Uint8Array {
  const checksum = createHash('sha1').update(body).digest();
  return encode({ checksum, data: body, format: 'shoal resume data', version: 1 });
}

/** The body of resume data. */
function bodyOf(data: ResumeData): Uint8Array {
  const file = Buffer.from(encodeResume(data));
  const at = file.indexOf('4:data') + 6;
  const colon = file.indexOf(':', at);
  return new Uint8Array(
    file.subarray(colon + 1, colon + 1 + Number(file.toString('latin1', at, colon))),
  );
}

export const clientDiskTargets: readonly Target[] = [
  {
    name: 'client-resume-file',
    area: 'client',
    property:
      'any bytes: resume data of the torrent that is asked for, or the reason why it is of no use; no damage passes',
    shape: 'bytes',
    seeds: () => [encodeResume(RESUME), around(bodyOf(RESUME))],
    run(input) {
      const result = decodeResume(input, EXPECTED);
      if (!result.ok) return result.reason;
      checkResume(result.data);
      // There is a checksum: what is read is what was written.
      must(isDeepStrictEqual(result.data, decodeRight()), 'damage has passed');
      return 'read';
    },
  },
  {
    name: 'client-resume-body',
    area: 'client',
    property:
      'any body with a right checksum: only data that is whole and of this torrent is believed',
    shape: 'bencode',
    tokens: [
      'directory',
      'downloaded',
      'files',
      'info-hash',
      'info-hash-v2',
      'piece-count',
      'piece-layers',
      'piece-ranges',
      'pieces',
      'priorities',
      'uploaded',
    ],
    seeds: () => [bodyOf(RESUME)],
    run(input) {
      const result = decodeResume(around(input), EXPECTED);
      if (!result.ok) return result.reason;
      checkResume(result.data);
      const again = decodeResume(encodeResume(result.data), EXPECTED);
      must(again.ok, 'written again it is of no use');
      must(isDeepStrictEqual(again.data, result.data), 'written again it is another');
      return `${result.data.pieceLayers !== undefined} ${result.data.pieceRanges !== undefined}`;
    },
  },
  {
    name: 'client-resume-round-trip',
    area: 'client',
    property: 'resume data of any torrent is read as it was written',
    run(input) {
      const choices = new Choices(input);
      const pieceCount = choices.below(60);
      const pieces = choices.exactly(Math.ceil(pieceCount / 8));
      const spare = pieces.length * 8 - pieceCount;
      if (pieces.length > 0) pieces[pieces.length - 1] = (pieces.at(-1) ?? 0) & (0xff << spare);
      const files = choices.list(5, () => ({
        size: choices.number32() - 1,
        mtime: choices.number32() / 8,
      }));
      const layers = choices.list(
        2,
        () => [choices.exactly(32), choices.exactly(32 * choices.below(4))] as const,
      );
      const ranges = choices.list(
        2,
        () => [choices.exactly(32), choices.number32(), choices.exactly(64)] as const,
      );
      const data: ResumeData = {
        infoHash: choices.exactly(20),
        infoHashV2: choices.bool() ? choices.exactly(32) : undefined,
        directory: Buffer.from(choices.text(20)).toString(),
        pieceCount,
        pieces,
        files: FileStates.of(files),
        priorities: choices.exactly(files.length),
        uploaded: choices.number32() * 2 ** choices.below(21),
        downloaded: choices.number32(),
        pieceLayers: layers.length === 0 ? undefined : layers,
        pieceRanges: ranges.length === 0 ? undefined : ranges,
        peers: choices.bool() ? choices.exactly(1 + choices.below(40)) : undefined,
      };
      const { infoHash, infoHashV2 } = data;
      const expected = { infoHash, infoHashV2, pieceCount, fileCount: files.length };
      const result = decodeResume(encodeResume(data), expected);
      must(result.ok, () => `it is ${result.ok ? '' : result.reason}`);
      must(isDeepStrictEqual(result.data, data), 'it is another');
      const other = decodeResume(encodeResume(data), { ...expected, infoHash: HASH });
      must(
        other.ok === (Buffer.compare(infoHash, HASH) === 0),
        'it is believed for another torrent',
      );
      return `${layers.length > 0} ${ranges.length > 0}`;
    },
  },
  {
    name: 'client-parts-file',
    area: 'client',
    property:
      'any bytes: slots that lie in the file, none used twice; or the file of another torrent',
    seeds: () => {
      const bytes = new Uint8Array(partsDataOffset(IDENTITY.pieceCount));
      bytes.set(encodePartsHeader(IDENTITY));
      for (const [piece, slot] of [
        [0, 0],
        [3, 2],
        [39, 1],
      ] as const)
        bytes.set(encodePartsEntry(slot), partsEntryOffset(piece));
      return [bytes.slice(0, 240), bytes.slice(0, 70)];
    },
    maxLength: 400,
    run(input) {
      const slots = decodeParts(input, IDENTITY);
      const header = encodePartsHeader(IDENTITY);
      must(
        (slots !== undefined) === (Buffer.compare(input.subarray(0, 64), header) === 0),
        'of another torrent',
      );
      if (slots === undefined) return 'other';
      must(new Set(slots.values()).size === slots.size, 'a slot is used twice');
      for (const [piece, slot] of slots) {
        must(
          piece >= 0 && piece < IDENTITY.pieceCount && slot >= 0 && slot < IDENTITY.pieceCount,
          'out of range',
        );
        const at = partsEntryOffset(piece);
        must(
          Buffer.compare(encodePartsEntry(slot), input.subarray(at, at + 4)) === 0,
          'another number',
        );
        must(
          partsSlotOffset(IDENTITY.pieceCount, IDENTITY.pieceLength, slot) >= 4_096,
          'a slot in the header',
        );
      }
      return `${slots.size > 1}`;
    },
  },
  {
    name: 'client-lsd',
    area: 'client',
    property:
      'any datagram: an announce within its bounds that reads the same when written, or none',
    shape: 'text',
    maxLength: 1_600,
    tokens: [
      'BT-SEARCH * HTTP/1.1\r\n',
      'Port: 6881\r\n',
      'Infohash: ',
      'cookie: ',
      'Host: ',
      '\r\n\r\n\r\n',
      ':',
      'a'.repeat(40),
    ],
    seeds: () => [
      encodeLsdAnnounce(GROUP, { port: 6881, infoHashes: ['0f'.repeat(20)], cookie: 'x1' }),
      encodeLsdAnnounce(GROUP, {
        port: 1,
        infoHashes: ['0a'.repeat(20), '0b'.repeat(20)],
        cookie: undefined,
      }),
      ...latin1(
        'BT-SEARCH * HTTP/1.1\r\nport:6881\r\nINFOHASH:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n\r\n\r\n',
      ),
    ],
    run(input) {
      const announce = decodeLsdAnnounce(input);
      if (announce === undefined) return 'none';
      const { port, infoHashes, cookie } = announce;
      must(input.length <= 1_400, 'it is too long');
      must(port >= 1 && port <= 65_535, 'a port');
      must(infoHashes.length >= 1 && infoHashes.length <= 20, 'a number of hashes');
      must(new Set(infoHashes).size === infoHashes.length, 'a hash twice');
      must(
        infoHashes.every((hash) => /^[0-9a-f]{40}$/.test(hash)),
        'a hash',
      );
      must((cookie?.length ?? 0) <= 64, 'a cookie');
      const trimmed = cookie?.trim();
      const again = decodeLsdAnnounce(encodeLsdAnnounce(GROUP, { ...announce, cookie: trimmed }));
      must(isDeepStrictEqual(again, { ...announce, cookie: trimmed }), 'another announce');
      return `${infoHashes.length > 1} ${cookie !== undefined}`;
    },
  },
  {
    name: 'client-metadata-judge',
    area: 'client',
    property: 'metadata is right exactly where it has the hashes that are asked for, all of them',
    maxLength: 128,
    run(input) {
      const choices = new Choices(input);
      const kind = choices.below(9);
      const bytes = choices.rest();
      const sha1 = new Uint8Array(createHash('sha1').update(bytes).digest());
      const sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
      const wrong = sha256.map((byte) => byte ^ 0x55);
      const v1 = [undefined, sha1, wrong.subarray(0, 20)][kind % 3];
      const v2 = [undefined, sha256, wrong][Math.floor(kind / 3)];
      const verdict = judgeMetadata(bytes, {
        ...(v1 === undefined ? {} : { v1 }),
        ...(v2 === undefined ? {} : { v2 }),
      });
      const votes = [
        v1 === undefined ? undefined : v1 === sha1,
        v2 === undefined ? undefined : v2 === sha256,
      ];
      const expected = !votes.includes(true)
        ? 'wrong'
        : votes.includes(false)
          ? 'contradictory'
          : 'right';
      must(verdict === expected, () => `${verdict}, not ${expected}`);
      return verdict;
    },
  },
  {
    name: 'client-early-messages',
    area: 'client',
    property:
      'what a peer says before its torrent is known is bounded, and is said once more as it was',
    maxLength: 2_048,
    run(input) {
      const choices = new Choices(input);
      const early = new EarlyMessages();
      const haves = new Set<number>();
      let bits = '';
      let tooMany = false;
      for (let left = 60; left > 0 && !choices.isSpent; left--) {
        switch (choices.below(6)) {
          case 0: {
            const bytes = choices.blob(20);
            early.has(bytes);
            bits = Buffer.from(bytes).toString('hex');
            bytes.fill(0xee);
            break;
          }
          case 1:
            early.has(choices.bool() ? 'all' : 'none');
            bits = '-';
            break;
          case 2: {
            const piece = choices.number32();
            early.have(piece);
            if (piece < 2_097_152) haves.add(piece);
            else tooMany = true;
            break;
          }
          case 3:
            early.allowedFast(choices.number32());
            break;
          case 4:
            early.extendedHandshake(choices.blob(30));
            break;
          default:
            early.interested = choices.bool();
            early.choking = choices.bool();
        }
      }
      must(early.lost || !tooMany, 'something was lost, and it does not say so');
      const replay = early.replay();
      must(replay.length < 200_000, 'more is remembered than is bounded');
      const { events, code } = decodeStream([replay]);
      must(code === '', () => `what is said once more cannot be read: ${code}`);
      const said = events.filter(([name]) => name === 'have').map(([, piece]) => piece);
      must(isDeepStrictEqual(said, [...haves]), 'other pieces');
      const field = events.find(([name]) => name === 'bitfield')?.[1] ?? (bits === '-' ? '-' : '');
      must(field === bits, 'another bitfield');
      return `${early.lost}`;
    },
  },
];

/** What {@link RESUME} is read as. */
function decodeRight(): ResumeData | undefined {
  const result = decodeResume(encodeResume(RESUME), EXPECTED);
  return result.ok ? result.data : undefined;
}
