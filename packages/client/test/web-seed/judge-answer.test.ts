import fc from 'fast-check';
import { judgeAnswer, retryAfterOf } from '../../src/web-seed/judge-answer.ts';

const asked = { range: { first: 10, last: 19 }, length: 100, kind: 'url-list' } as const;
const whole = { ...asked, range: undefined } as const;
const answer = (status: number, headers: Record<string, string | undefined> = {}) => ({
  status,
  headers,
  url: 'http://h.example/',
  publicOnly: true,
});

describe('the head of an answer', () => {
  it.each([
    ['the range', 206, { 'content-range': 'bytes 10-19/100', 'content-length': '10' }, 10],
    ['of unknown length', 206, { 'content-range': 'bytes 10-19/*' }, 10],
    ['the beginning of it', 206, { 'content-range': 'bytes 10-12/100' }, 3],
    ['not packed', 206, { 'content-range': 'bytes 10-19/100', 'content-encoding': 'Identity' }, 10],
  ])('is what was asked for: %s', (_what, status, headers, length) => {
    expect(judgeAnswer(answer(status, headers), asked)).toEqual({ kind: 'bytes', length });
  });

  it('is the whole file, unasked or asked', () => {
    expect(judgeAnswer(answer(200, { 'content-length': '100' }), asked)).toEqual({ kind: 'whole' });
    expect(judgeAnswer(answer(200), asked)).toEqual({ kind: 'whole' });
    const bytes = { kind: 'bytes', length: 100 };
    expect(judgeAnswer(answer(200), whole)).toEqual(bytes);
    expect(judgeAnswer(answer(200), { ...asked, range: { first: 0, last: 99 } })).toEqual(bytes);
  });

  it.each([
    [404, {}, { scope: 'file', isFinal: true }],
    [403, {}, { scope: 'file', isFinal: true }],
    [416, {}, { scope: 'file', isFinal: true }],
    [401, {}, { scope: 'seed', isFinal: true }],
    [500, {}, { scope: 'seed', isFinal: false }],
    [204, {}, { scope: 'seed', isFinal: false }],
    [429, { 'retry-after': '7' }, { scope: 'seed', isFinal: false, retryAfter: 7000 }],
    [503, { 'retry-after': '99999999' }, { scope: 'seed', isFinal: false, retryAfter: 3_600_000 }],
    [200, { 'content-length': '99' }, { scope: 'file', isFinal: true }],
    [206, { 'content-range': 'bytes 10-19/101' }, { scope: 'file', isFinal: true }],
    [206, { 'content-range': 'bytes 10-20/100' }, { scope: 'seed', isFinal: false }],
    [206, { 'content-range': 'bytes 0-9/100' }, { scope: 'seed', isFinal: false }],
    [206, { 'content-range': 'bytes 10-9/100' }, { scope: 'seed', isFinal: false }],
    [206, { 'content-type': 'multipart/byteranges' }, { scope: 'seed', isFinal: false }],
    [200, { 'content-encoding': 'br' }, { scope: 'seed', isFinal: true }],
  ])('is a fault: %d %j', (status, headers, fault) => {
    expect(judgeAnswer(answer(status, headers), asked)).toMatchObject({ kind: 'fault', fault });
  });

  it('never gives more than was asked for, and reasons fit for a terminal', () => {
    const header = fc.option(fc.oneof(fc.string(), fc.constant('bytes 10-19/100')), {
      nil: undefined,
    });
    const headers = fc.record({
      'content-range': header,
      'content-length': header,
      'content-encoding': header,
      'retry-after': header,
    });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), headers, (status, given) => {
        const verdict = judgeAnswer(answer(status, given), asked);
        if (verdict.kind === 'bytes') expect(verdict.length).toBeLessThanOrEqual(10);
        if (verdict.kind === 'fault') expect(verdict.fault.reason).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });

  it('says when to come back', () => {
    expect(retryAfterOf(' 12 ')).toBe(12_000);
    for (const text of [undefined, '', '-1', 'Wed, 21 Oct 2015 07:28:00 GMT', '1e3']) {
      expect(retryAfterOf(text)).toBeUndefined();
    }
  });
});
