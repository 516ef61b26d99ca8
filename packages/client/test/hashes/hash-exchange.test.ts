import { hashBlocks, type HashRequest } from '@shoal/metainfo';
import fc from 'fast-check';
import { LAYER_ANSWER_TIME, LEAF_ANSWER_TIME } from '../../src/hashes/hash-exchange.ts';
import { makeV2Torrent, type V2Torrent } from '../support/v2-torrent.ts';
import { ExchangeRig, type FakePeer } from './exchange-support.ts';

const K = 1024;

/** Pieces of one block: two files of several ranges, one of one range, one of a single piece. */
const many = makeV2Torrent(
  [
    { path: 'a', length: 1100 * 16 * K },
    { path: 'b', length: 5 },
    { path: 'c', length: 3 * 16 * K },
    { path: 'd', length: 513 * 16 * K },
  ],
  16 * K,
);
/** Three pieces of four blocks, of which the last has two, and a file of one piece of three blocks. */
const few = makeV2Torrent(
  [
    { path: 'a', length: 2 * 64 * K + 20_000 },
    { path: 'b', length: 40_000 },
  ],
  64 * K,
);

const shapeOf = ({ baseLayer, index, length, proofLayers }: HashRequest): number[] => [
  baseLayer,
  index,
  length,
  proofLayers,
];

function answerAll(rig: ExchangeRig): number {
  let rounds = 0;
  for (let asked = rig.takeAsked(); asked.length > 0; asked = rig.takeAsked()) {
    for (const each of asked) expect(rig.answer(each)).toBe(true);
    rounds += 1;
  }
  return rounds;
}

function expectAllKnown({ hashes, torrent }: ExchangeRig): void {
  for (let piece = 0; piece < torrent.info.pieceCount; piece += 1) {
    expect(hashes.isKnown(piece)).toBe(true);
    const expected = torrent.metainfo.pieceLayers.pieceHash(piece)!;
    expect(Buffer.compare(hashes.sha256!.subarray(piece * 32, piece * 32 + 32), expected)).toBe(0);
  }
}

describe('asking for piece hashes', () => {
  it('goes through the files in order, two requests at a time, until all is known', () => {
    const rig = new ExchangeRig(many);
    rig.join('a');
    expect(rig.asked.map(({ request }) => shapeOf(request))).toEqual([
      [0, 0, 512, 10],
      [0, 512, 512, 10],
    ]);
    const first = rig.takeAsked();
    rig.answer(first[0]!);
    expect(rig.asked.map(({ request }) => shapeOf(request))).toEqual([[0, 1024, 512, 10]]);
    rig.answer(first[1]!);
    answerAll(rig);
    expectAllKnown(rig);
    expect(rig.exchange.rangesLeft).toBe(0);
    expect(new Set(rig.learned).size).toBe(rig.learned.length);
    expect(rig.learned).toHaveLength(1100 + 3 + 513);
    rig.pass(100);
    expect(rig.asked).toEqual([]);
  });

  it('asks nothing where all is known', () => {
    const rig = new ExchangeRig(many, true);
    rig.join('a');
    rig.pass(10);
    expect(rig.asked).toEqual([]);
  });

  it('asks for wanted pieces first, also when others come to be wanted', () => {
    const rig = new ExchangeRig(many);
    for (let piece = 0; piece < 1104; piece += 1) rig.unwanted.add(piece);
    rig.join('a');
    const { piecesRoot } = rig.hashes.treeOf(rig.hashes.fileOf(1104))!;
    expect(rig.asked[0]!.request.piecesRoot).toEqual(piecesRoot);
    rig.takeAsked();
    rig.unwanted.clear();
    for (let piece = 0; piece < 600; piece += 1) rig.unwanted.add(piece);
    rig.exchange.wantedChanged(rig.now);
    const peer = rig.join('b');
    expect(rig.asked.every((each) => each.peer === peer)).toBe(true);
    expect(rig.asked.map(({ request }) => request.index)).toEqual([512, 1024]);
  });

  it('asks only who has a piece of the range, and as soon as it has one', () => {
    const rig = new ExchangeRig(many);
    const peer = rig.join('a', [600]);
    expect(rig.takeAsked().map(({ request }) => request.index)).toEqual([512]);
    peer.have.set(3);
    rig.exchange.gained(peer, 3, rig.now);
    expect(rig.takeAsked().map(({ request }) => request.index)).toEqual([0]);
    const other = rig.join('b', [4, 700]);
    expect(rig.asked).toEqual([]);
    other.have.set(1099);
    rig.exchange.gained(other, 1099, rig.now);
    expect(rig.takeAsked().map(({ request }) => request.index)).toEqual([1024]);
  });

  it('shares the ranges between peers and passes those of one that leaves on', () => {
    const rig = new ExchangeRig(many);
    const first = rig.join('a');
    const second = rig.join('b');
    expect(rig.takeAsked().map(({ peer, request }) => [peer.name, request.index])).toEqual([
      ['a', 0],
      ['a', 512],
      ['b', 1024],
      ['b', 0],
    ]);
    const third = rig.join('c');
    for (const each of rig.takeAsked()) rig.answer(each);
    expect(rig.asked).toEqual([]);
    rig.exchange.left(first, rig.now);
    expect(rig.takeAsked().map(({ peer, request }) => [peer.name, request.index])).toEqual([
      ['c', 0],
      ['c', 512],
    ]);
    rig.exchange.left(second, rig.now);
    rig.exchange.left(third, rig.now);
    expect(rig.asked).toEqual([]);
  });

  it('gives a request up that is not answered in time, and takes the answer when it comes late', () => {
    const rig = new ExchangeRig(few);
    rig.join('silent');
    const [request] = rig.takeAsked();
    rig.pass(LAYER_ANSWER_TIME / 1_000 - 1);
    rig.join('other', []);
    expect(rig.asked).toEqual([]);
    const other = rig.join('able');
    expect(rig.asked).toEqual([]);
    rig.pass(1);
    expect(rig.takeAsked().map(({ peer }) => peer)).toEqual([other]);
    expect(rig.answer(request!)).toBe(true);
    expectAllKnown(rig);
    expect(rig.answer({ peer: other, request: request!.request })).toBe(true);
    expect(rig.liars).toEqual([]);
  });

  it('asks a peer that says nothing twice a minute at most, and ever less', () => {
    const rig = new ExchangeRig(many);
    rig.join('silent');
    rig.pass(600);
    expect(rig.asked.length).toBeGreaterThan(2);
    expect(rig.asked.length).toBeLessThanOrEqual(20);
    const before = rig.asked.length;
    rig.pass(3_600);
    expect(rig.asked.length - before).toBeLessThanOrEqual(20);
  });

  it('asks somebody else after a reject, and never makes a storm', () => {
    const rig = new ExchangeRig(few);
    const one = rig.join('one');
    expect(rig.reject(rig.takeAsked()[0]!)).toBe(true);
    expect(rig.asked).toEqual([]);
    const two = rig.join('two');
    const [second] = rig.takeAsked();
    expect(second!.peer).toBe(two);
    rig.reject(second!);
    let asked = 0;
    for (let second = 0; second < 3_600; second += 1) {
      rig.pass(1);
      for (const each of rig.takeAsked()) {
        asked += 1;
        rig.reject(each);
      }
    }
    expect(asked).toBeGreaterThan(4);
    expect(asked).toBeLessThan(30);
    expect([one, two].map(({ name }) => rig.liars.includes(name))).toEqual([false, false]);
  });

  it('pauses a peer that rejects whatever it is asked', () => {
    const rig = new ExchangeRig(many);
    rig.join('one');
    let rejected = 0;
    for (let asked = rig.takeAsked(); asked.length > 0; asked = rig.takeAsked()) {
      for (const each of asked) rig.reject(each);
      rejected += asked.length;
    }
    expect(rejected).toBeLessThanOrEqual(6);
  });

  it('reports who sends a wrong hash, anywhere in the answer, and keeps nothing of it', () => {
    const rig = new ExchangeRig(many);
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const peer = rig.join('liar');
        const [request, ...others] = rig.takeAsked();
        const known = rig.learned.length;
        rig.answer(request!, (hashes) => (hashes[place % hashes.length]! ^= change));
        expect(rig.liars.splice(0)).toEqual(['liar']);
        expect(rig.learned).toHaveLength(known);
        rig.exchange.left(peer, rig.now);
        rig.takeAsked();
        expect(others).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
    rig.join('honest');
    answerAll(rig);
    expectAllKnown(rig);
  });

  it.each<[string, Partial<HashRequest>]>([
    ['root', { piecesRoot: new Uint8Array(32) }],
    ['base layer', { baseLayer: 1 }],
    ['index', { index: 512 }],
    ['length', { length: 256 }],
    ['proof layers', { proofLayers: 3 }],
  ])('does not take an answer with another %s for its own', (_field, change) => {
    const rig = new ExchangeRig(many);
    const peer = rig.join('a', [0]);
    const { request } = rig.takeAsked()[0]!;
    const other = { ...request, ...change };
    expect(rig.exchange.expects(peer, other)).toBe(false);
    expect(rig.exchange.answered(peer, other, rig.rightAnswer(request), rig.now)).toBe(false);
    expect(rig.exchange.rejected(peer, other, rig.now)).toBe(false);
    expect(rig.exchange.expects(peer, request)).toBe(true);
    expect(rig.learned).toEqual([]);
  });

  it('lets one answer serve files of one content', () => {
    const same = (bytes: Uint8Array): unknown => bytes.fill(7);
    const specs = ['a', 'b', 'c'].map((path) => ({ path, length: 100_000 }));
    const rig = new ExchangeRig(makeV2Torrent(specs, 16 * K, { change: same }));
    rig.join('a');
    expect(rig.asked).toHaveLength(1);
    answerAll(rig);
    expectAllKnown(rig);
    expect(rig.learned).toHaveLength(rig.torrent.info.pieceCount);
  });

  it('learns everything from any mixture of peers that answer, reject, lie and keep silent', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('answer', 'reject', 'lie', 'silent'), { maxLength: 60 }),
        (acts) => {
          const rig = new ExchangeRig(few);
          let next = 0;
          rig.join('a');
          for (let second = 0; second < 4_000; second += 1) {
            for (const each of rig.takeAsked()) {
              const act = acts[next++] ?? 'answer';
              if (act === 'answer') rig.answer(each);
              else if (act === 'reject') rig.reject(each);
              else if (act === 'lie') {
                rig.answer(each, (hashes) => (hashes[0]! ^= 1));
                rig.exchange.left(each.peer, rig.now);
                rig.join(`peer ${next}`);
              }
            }
            if (rig.exchange.rangesLeft === 0) break;
            if (second % 60 === 0) rig.join(`more ${second}`);
            rig.pass(1);
          }
          expectAllKnown(rig);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('asking for leaf hashes', () => {
  const leavesOf = (torrent: V2Torrent, piece: number): Uint8Array =>
    hashBlocks(torrent.bytesOf(piece));

  it.each([
    [0, [0, 0, 4, 1]],
    [2, [0, 8, 4, 1]],
    [3, [0, 0, 4, 1]],
  ])('asks for all of piece %d at once', (piece, shape) => {
    const rig = new ExchangeRig(few, true);
    const peer = rig.join('a');
    expect(rig.exchange.findLeaves(piece, rig.now)).toBe(true);
    expect(rig.asked.map(({ request }) => shapeOf(request))).toEqual([shape]);
    const [asked] = rig.takeAsked();
    expect(rig.answer(asked!)).toBe(true);
    const payload = few.bytesOf(piece).subarray(0, [65_536, 65_536, 20_000, 40_000][piece]);
    expect(rig.leaves.get(piece)).toEqual(hashBlocks(payload));
    expect(rig.exchange.expects(peer, asked!.request)).toBe(false);
  });

  it('asks for those of a long piece in several messages', () => {
    const long = makeV2Torrent([{ path: 'a', length: 17 * 1024 * K }], 16 * 1024 * K);
    const rig = new ExchangeRig(long, true);
    rig.join('a');
    rig.exchange.findLeaves(0, rig.now);
    const shapes: number[][] = [];
    for (let asked = rig.takeAsked(); asked.length > 0; asked = rig.takeAsked()) {
      for (const each of asked) {
        shapes.push(shapeOf(each.request));
        rig.answer(each);
      }
    }
    expect(shapes).toEqual([
      [0, 0, 512, 9],
      [0, 512, 512, 9],
    ]);
    expect(rig.leaves.get(0)).toEqual(leavesOf(long, 0));
  });

  it('asks nobody about pieces of one block, pieces without a known hash, and where nobody has it', () => {
    const single = new ExchangeRig(many, true);
    single.join('a');
    expect(single.exchange.findLeaves(0, 0)).toBe(false);
    const unknown = new ExchangeRig(few);
    unknown.join('a');
    unknown.takeAsked();
    expect(unknown.exchange.findLeaves(0, 0)).toBe(false);
    const nobody = new ExchangeRig(few, true);
    nobody.join('a', [1]);
    expect(nobody.exchange.findLeaves(0, 0)).toBe(false);
    expect(nobody.exchange.findLeaves(1, 0)).toBe(true);
  });

  it('asks the next one at once after a reject, and the first one no more for ten minutes', () => {
    const rig = new ExchangeRig(few, true);
    rig.join('one');
    rig.join('two');
    rig.exchange.findLeaves(0, rig.now);
    rig.reject(rig.takeAsked()[0]!);
    const [second] = rig.takeAsked();
    expect(second!.peer.name).toBe('two');
    rig.reject(second!);
    expect(rig.noLeaves).toEqual([0]);
    expect(rig.exchange.findLeaves(1, rig.now)).toBe(false);
    rig.pass(599);
    expect(rig.exchange.findLeaves(1, rig.now)).toBe(false);
    rig.pass(1);
    expect(rig.exchange.findLeaves(1, rig.now)).toBe(true);
  });

  it('gives up in time where three peers say nothing', () => {
    const rig = new ExchangeRig(few, true);
    for (const name of ['one', 'two', 'three', 'four']) rig.join(name);
    rig.exchange.findLeaves(0, rig.now);
    rig.pass((3 * LEAF_ANSWER_TIME) / 1_000 - 1);
    expect(rig.asked.map(({ peer }) => peer.name)).toEqual(['one', 'two', 'three']);
    expect(rig.noLeaves).toEqual([]);
    rig.pass(1);
    expect(rig.noLeaves).toEqual([0]);
    // What comes late is of no use, and no offence.
    expect(rig.answer(rig.asked[0]!)).toBe(true);
    expect(rig.leaves.size).toBe(0);
    expect(rig.liars).toEqual([]);
  });

  it('reports who lies, and asks on', () => {
    const rig = new ExchangeRig(few, true);
    rig.join('liar');
    rig.join('honest');
    rig.exchange.findLeaves(0, rig.now);
    rig.answer(rig.takeAsked()[0]!, (hashes) => (hashes[40]! ^= 1));
    expect(rig.liars).toEqual(['liar']);
    rig.answer(rig.takeAsked()[0]!);
    expect(rig.leaves.get(0)).toEqual(leavesOf(few, 0));
  });

  it('passes a search on when who was asked leaves, and ends it with the last one', () => {
    const rig = new ExchangeRig(few, true);
    const peers = ['one', 'two'].map((name): FakePeer => rig.join(name));
    rig.exchange.findLeaves(0, rig.now);
    rig.exchange.left(peers[0]!, rig.now);
    expect(rig.asked.at(-1)!.peer).toBe(peers[1]);
    expect(rig.noLeaves).toEqual([]);
    rig.exchange.left(peers[1]!, rig.now);
    expect(rig.noLeaves).toEqual([0]);
  });
});
