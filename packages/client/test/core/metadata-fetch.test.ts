import fc from 'fast-check';
import { METADATA_PIECE_LENGTH } from '@shoal/peer-wire';
import type { HashVerdict } from '../../src/metadata/judge-metadata.ts';
import { MetadataFetch, type MetadataSource } from '../../src/metadata/metadata-fetch.ts';
import { noise } from '../disk/fixture.ts';

const PIECE = METADATA_PIECE_LENGTH;

type Manner = 'honest' | 'spoils' | 'silent' | 'rejects' | 'longer' | 'leaves';

interface Actor extends MetadataSource {
  readonly manner: Manner;
  readonly data: Uint8Array;
  /** Asked and not yet answered: piece, and when it will be. */
  readonly due: [piece: number, at: number][];
  gone: boolean;
}

const judgeBy =
  (truth: Uint8Array) =>
  (bytes: Uint8Array): HashVerdict =>
    Buffer.compare(bytes, truth) === 0 ? 'right' : 'wrong';

const pieceOf = (data: Uint8Array, piece: number): Uint8Array =>
  data.subarray(piece * PIECE, (piece + 1) * PIECE);

function actorOf(truth: Uint8Array, manner: Manner, index: number): Actor {
  let data = truth;
  if (manner === 'spoils') {
    data = truth.slice();
    data[index % data.length] = data[index % data.length]! ^ 1;
  } else if (manner === 'longer') data = noise(truth.length + 1 + index, index + 1);
  return { address: `10.0.0.${index}`, manner, data, due: [], gone: false };
}

/** Plays it to the end; gives who was found guilty, and when it was over in virtual ms (Infinity: never). */
function play(truth: Uint8Array, manners: readonly Manner[], limit: number) {
  const fetch = new MetadataFetch<Actor>(judgeBy(truth));
  const actors = manners.map((manner, index) => actorOf(truth, manner, index));
  const culprits: string[] = [];
  let mostHeld = 0;
  let mostAsked = 0;
  for (const actor of actors) fetch.offer(actor, actor.data.length, 0);
  for (let now = 0; now < limit; now += 200) {
    if (now % 1_000 === 0) fetch.tick(now);
    for (const actor of actors) {
      if (actor.gone) continue;
      for (const [index, [piece, at]] of actor.due.entries()) {
        if (at > now) continue;
        actor.due.splice(index, 1);
        if (actor.manner === 'rejects') fetch.reject(actor, piece, now);
        else if (actor.manner !== 'silent') {
          const { data } = actor;
          const outcome = fetch.data(actor, piece, data.length, pieceOf(data, piece), now);
          if (outcome.type === 'complete') {
            return { at: now, bytes: outcome.bytes, culprits, mostHeld, mostAsked };
          }
          if (outcome.type === 'corrupt' && outcome.culprit !== undefined) {
            culprits.push(outcome.culprit);
            const guilty = actors.filter(({ address }) => address === outcome.culprit);
            for (const each of guilty) {
              each.gone = true;
              fetch.leave(each);
            }
          }
          if (actor.manner === 'leaves') {
            actor.gone = true;
            fetch.leave(actor);
          }
        }
        break;
      }
      if (actor.gone) continue;
      let piece = fetch.next(actor, now);
      while (piece !== undefined) {
        if (piece * PIECE >= actor.data.length || actor.due.some(([each]) => each === piece)) {
          throw new Error(`asked for piece ${piece}, which there is not, or twice`);
        }
        actor.due.push([piece, now + 100]);
        mostAsked = Math.max(mostAsked, actor.manner === 'silent' ? 0 : actor.due.length);
        piece = fetch.next(actor, now);
      }
      // Who never answers is asked again for what it was asked for before.
      if (actor.manner === 'silent') actor.due.length = 0;
    }
    mostHeld = Math.max(mostHeld, fetch.held);
  }
  return { at: Infinity, bytes: undefined, culprits, mostHeld, mostAsked };
}

describe('MetadataFetch', () => {
  it('gets the truth where one honest peer has it, and accuses no honest one', () => {
    const manner = fc.constantFrom<Manner>(
      'honest',
      'spoils',
      'silent',
      'rejects',
      'longer',
      'leaves',
    );
    fc.assert(
      fc.property(
        fc.array(manner, { maxLength: 8 }),
        fc.nat(8),
        fc.integer({ min: 1, max: 4 * PIECE }),
        (others, place, length) => {
          const truth = noise(length, length);
          const manners = [...others];
          manners.splice(Math.min(place, manners.length), 0, 'honest');
          const { bytes, culprits, mostHeld, mostAsked } = play(truth, manners, 600_000);
          expect(bytes).toEqual(truth);
          for (const culprit of culprits) {
            const guilty = manners[Number(culprit.split('.')[3])];
            expect(['spoils', 'longer']).toContain(guilty);
          }
          expect(mostAsked).toBeLessThanOrEqual(4);
          expect(mostHeld).toBeLessThanOrEqual(3 * (length + 10));
        },
      ),
      { numRuns: 100, seed: 7 },
    );
  });

  it('asks several peers at once, and each piece once while all answer', () => {
    const truth = noise(6 * PIECE, 1);
    const fetch = new MetadataFetch<MetadataSource>(() => 'right');
    const [one, two] = [{ address: '1' }, { address: '2' }];
    for (const source of [one, two]) fetch.offer(source, truth.length, 0);
    const asked = (source: MetadataSource): (number | undefined)[] =>
      Array.from({ length: 5 }, () => fetch.next(source, 0));
    expect(asked(one)).toEqual([0, 1, 2, 3, undefined]);
    expect(asked(two)).toEqual([4, 5, undefined, undefined, undefined]);
    // The others are asked for what is late ...
    expect(fetch.next(two, 2_000)).toBe(0);
    // ... and what comes late is taken all the same.
    fetch.tick(10_000);
    expect(fetch.data(one, 0, truth.length, pieceOf(truth, 0), 11_000).type).toBe('kept');
    expect(fetch.data(two, 0, truth.length, pieceOf(truth, 0), 11_000).type).toBe('unwanted');
    expect(fetch.progress).toEqual({ length: truth.length, received: PIECE });
  });

  it('asks a peer that takes one request at a time for the next piece when it has answered', () => {
    const truth = noise(2 * PIECE, 1);
    const fetch = new MetadataFetch<MetadataSource>(() => 'right');
    const source = { address: '1', oneAtATime: true };
    fetch.offer(source, truth.length, 0);
    expect(fetch.next(source, 0)).toBe(0);
    expect(fetch.next(source, 9_000)).toBeUndefined();
    fetch.data(source, 0, truth.length, pieceOf(truth, 0), 9_500);
    expect(fetch.next(source, 9_500)).toBe(1);
  });

  it('leaves a peer alone that rejects, longer each time', () => {
    const fetch = new MetadataFetch<MetadataSource>(() => 'right');
    const source = { address: '1' };
    fetch.offer(source, 10, 0);
    const pauses: number[] = [];
    let now = 0;
    for (let round = 0; round < 8; round += 1) {
      expect(fetch.next(source, now)).toBe(0);
      fetch.reject(source, 0, now);
      const since = now;
      while (fetch.next(source, now) === undefined) now += 500;
      fetch.reject(source, 0, now);
      pauses.push(now - since);
      while (fetch.next(source, now) === undefined) now += 500;
      fetch.data(source, 0, 11, new Uint8Array(11), now);
      now += 200_000;
    }
    expect(pauses[0]).toBe(2_000);
    expect(Math.max(...pauses)).toBe(60_000);
  });

  it('waits for no other length whose only claimant is left alone for a time', () => {
    const truth = noise(2 * PIECE, 1);
    const fetch = new MetadataFetch<Actor>(judgeBy(truth));
    const honest = actorOf(truth, 'honest', 0);
    const liar = actorOf(truth, 'spoils', 1);
    fetch.offer(honest, truth.length, 0);
    fetch.offer(liar, truth.length, 0);
    expect(fetch.next(liar, 0)).toBe(0);
    expect(fetch.next(honest, 0)).toBe(1);
    fetch.reject(liar, 0, 0);
    // It sends all the same what it has just refused.
    fetch.data(liar, 0, truth.length, noise(PIECE, 2), 0);
    expect(fetch.data(honest, 1, truth.length, pieceOf(truth, 1), 0).type).toBe('corrupt');
    // A length nobody has tried yet comes first, but not while nobody may be asked for it.
    fetch.offer(liar, truth.length + 1, 0);
    expect(fetch.next(liar, 0)).toBeUndefined();
    expect(fetch.next(honest, 0)).toBe(0);
  });

  it('tries no length that is too long, or that is none', () => {
    const fetch = new MetadataFetch<MetadataSource>(() => 'right', 1_000);
    for (const length of [1_001, 0, -1, 1.5, NaN, Infinity]) {
      const source = { address: '1' };
      fetch.offer(source, length, 0);
      expect(fetch.next(source, 0)).toBeUndefined();
    }
    expect(fetch.progress).toBeUndefined();
  });

  it('forgets a length that nobody claims any more', () => {
    const fetch = new MetadataFetch<MetadataSource>(() => 'right');
    const source = { address: '1' };
    fetch.offer(source, 100, 0);
    expect(fetch.progress).toEqual({ length: 100, received: 0 });
    fetch.offer(source, 200, 0);
    expect(fetch.progress).toEqual({ length: 200, received: 0 });
    fetch.leave(source);
    expect(fetch.progress).toBeUndefined();
    expect(fetch.data(source, 0, 200, new Uint8Array(200), 0).type).toBe('unwanted');
  });
});
