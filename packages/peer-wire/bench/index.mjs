// Decoding and encoding, in memory and on one core. One JSON line per case; build first.
import { encodePieceHeader, WireDecoder, WireEncoder } from '../dist/index.js';

const BLOCK = 16_384;
const CHUNK = 65_536;
const SECONDS = 1;

const nothing = () => undefined;
const quiet = {
  onKeepAlive: nothing,
  onChoke: nothing,
  onUnchoke: nothing,
  onInterested: nothing,
  onNotInterested: nothing,
  onHave: nothing,
  onBitfield: nothing,
  onRequest: nothing,
  onCancel: nothing,
  onBlockStart: nothing,
  onBlockProgress: nothing,
  onBlockEnd: nothing,
  onPort: nothing,
  onSuggest: nothing,
  onHaveAll: nothing,
  onHaveNone: nothing,
  onReject: nothing,
  onAllowedFast: nothing,
  onExtended: nothing,
  onUnknown: nothing,
};

/** Runs `round` for about a second after a warm-up; it does `perRound` of a unit, whose CPU time is given in parts of a second. */
function measure(name, { unit, parts }, perRound, round) {
  for (let i = 0; i < 20; i++) round();
  const cpu = process.cpuUsage();
  const start = performance.now();
  let rounds = 0;
  while (performance.now() - start < SECONDS * 1000) {
    round();
    rounds++;
  }
  const elapsed = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const work = rounds * perRound;
  const rate = Number((work / elapsed).toPrecision(4));
  const perUnit = ((user + system) / 1e6 / work) * (parts === 'Nanoseconds' ? 1e9 : 1);
  const line = { case: name, [`${unit}PerSecond`]: rate };
  line[`cpu${parts}Each`] = Number(perUnit.toPrecision(3));
  console.log(JSON.stringify(line));
}

const GIB = { unit: 'GiB', parts: 'Seconds' };
const MESSAGES = { unit: 'messages', parts: 'Nanoseconds' };

/** 16 MiB of blocks, cut into chunks as a receive buffer delivers them: each block straddles somewhere. */
function blockChunks(chunkLength) {
  const blocks = 1024;
  const stream = Buffer.alloc(blocks * (BLOCK + 13), 0x5a);
  for (let i = 0; i < blocks; i++)
    encodePieceHeader(stream, i * (BLOCK + 13), i >> 6, (i & 63) * BLOCK, BLOCK);
  const chunks = [];
  for (let at = 0; at < stream.length; at += chunkLength)
    chunks.push(stream.subarray(at, at + chunkLength));
  return { chunks, gib: (blocks * BLOCK) / 2 ** 30 };
}

const piece = new Uint8Array(64 * BLOCK);
const storing = {
  ...quiet,
  onBlockStart: (_piece, begin, length) => new Uint8Array(piece.buffer, begin, length),
};

for (const chunkLength of [CHUNK, 4_096]) {
  for (const [how, sink] of [
    ['stored', storing],
    ['dropped', quiet],
  ]) {
    const { chunks, gib } = blockChunks(chunkLength);
    const decoder = new WireDecoder(sink);
    measure(`decode 16-KiB blocks, ${how}, ${chunkLength / 1024}-KiB chunks`, GIB, gib, () => {
      for (const chunk of chunks) decoder.push(chunk);
    });
  }
}

const COUNT = 10_000;
const encoder = new WireEncoder();
const appendRequests = () => {
  for (let i = 0; i < COUNT; i++) encoder.request(i >> 6, (i & 63) * BLOCK, BLOCK);
};
measure('encode requests, batches of 64', MESSAGES, COUNT, () => {
  for (let i = 0; i < COUNT; i++) {
    encoder.request(i >> 6, (i & 63) * BLOCK, BLOCK);
    if ((i & 63) === 63) encoder.recycle(encoder.take());
  }
  encoder.recycle(encoder.take());
});

appendRequests();
const requests = encoder.take();
for (const [name, bytes] of [
  ['requests', requests],
  ['haves', haves()],
]) {
  const decoder = new WireDecoder(quiet);
  measure(`decode ${name}`, MESSAGES, COUNT, () => {
    for (let at = 0; at < bytes.length; at += CHUNK) decoder.push(bytes.subarray(at, at + CHUNK));
  });
}

function haves() {
  for (let i = 0; i < COUNT; i++) encoder.have(i);
  return encoder.take();
}

const HASHES = 512;
const layer = new Uint8Array(HASHES * 32);
const noted = { ...quiet, onHashRequest: nothing, onHashReject: nothing, onHashesEnd: nothing };
for (const [how, hashSink] of [
  ['stored', { ...noted, onHashesStart: () => layer }],
  ['dropped', { ...noted, onHashesStart: nothing }],
]) {
  const piecesRoot = new Uint8Array(32);
  for (let i = 0; i < 100; i++) {
    const request = { piecesRoot, baseLayer: 0, index: i * HASHES, length: HASHES, proofLayers: 8 };
    encoder.hashes(request, layer);
  }
  const bytes = encoder.take();
  const decoder = new WireDecoder(quiet, { hashSink });
  measure(`decode hashes, 512 in each, ${how}`, MESSAGES, 100, () => {
    for (let at = 0; at < bytes.length; at += CHUNK) decoder.push(bytes.subarray(at, at + CHUNK));
  });
}

const large = new WireEncoder();
large.extended(1, new Uint8Array(1_000_000));
const extended = large.take();
const oneByte = Array.from({ length: extended.length }, (_, at) => extended.subarray(at, at + 1));
measure('decode a 1 MB extended message in one-byte chunks', MESSAGES, 1, () => {
  const decoder = new WireDecoder(quiet);
  for (const byte of oneByte) decoder.push(byte);
});
