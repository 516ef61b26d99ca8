import { AnswerWatch } from '../../src/web-seed/answer-watch.ts';
import { webSeedDefaults } from '../../src/web-seed/web-seed-options.ts';

const { answerTimeout, silenceTimeout, minRate, rateTime } = webSeedDefaults;

/** What is said of a body of which so many bytes come each second, and when, in milliseconds. */
function watched(
  bytesPerSecond: number,
  seconds: number,
): [at: number, reason: string] | undefined {
  const watch = new AnswerWatch();
  watch.begin(0);
  for (let second = 1; second <= seconds; second++) {
    const now = second * 1_000;
    if (bytesPerSecond > 0) watch.received(bytesPerSecond, now);
    const reason = watch.check(now, true);
    if (reason !== undefined) return [now, reason];
  }
  return undefined;
}

describe('an answer that is watched', () => {
  it('has to begin in time', () => {
    const watch = new AnswerWatch();
    watch.begin(500);
    expect(watch.check(500 + answerTimeout - 1, false)).toBeUndefined();
    expect(watch.check(500 + answerTimeout, false)).toBe('The server does not answer');
  });

  it('must not stop', () => {
    expect(watched(0, 600)).toEqual([silenceTimeout, 'The server has stopped sending']);
  });

  it('must not drip', () => {
    expect(watched(minRate / 2, 600)).toEqual([rateTime, 'The server is too slow']);
    expect(watched(1, 600)).toEqual([rateTime, 'The server is too slow']);
  });

  it('may be slow, and may have been fast before it drips', () => {
    expect(watched(minRate, 600)).toBeUndefined();
    const watch = new AnswerWatch();
    watch.begin(0);
    watch.received(100 * 1024 * 1024, rateTime - 1_000);
    expect(watch.check(rateTime, true)).toBeUndefined();
    for (let now = rateTime; now < 2 * rateTime; now += 1_000) watch.received(1, now);
    expect(watch.check(2 * rateTime, true)).toBe('The server is too slow');
  });
});
