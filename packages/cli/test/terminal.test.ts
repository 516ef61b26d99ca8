import fc from 'fast-check';
import { BarView, formatBar } from '../src/terminal/bar-view.ts';
import { colorsFor } from '../src/terminal/colors.ts';
import { describeProgress } from '../src/terminal/describe.ts';
import { displayWidth, fit, formatDuration, formatPercent } from '../src/terminal/format.ts';
import { JsonView } from '../src/terminal/json-view.ts';
import { LineView } from '../src/terminal/line-view.ts';
import { jsonLine, plainText } from '../src/terminal/plain-text.ts';
import { parseMetainfo } from '@shoal/metainfo';
import { FakeTorrent } from './support/fake-client.ts';
import { TestWorld, tinyTorrent } from './support/test-world.ts';

describe('plainText', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['a\u001b]0;title\u0007b', 'ab'],
    ['two\nlines\r\tx', 'twolinesx'],
    ['c1 \u009b31m', 'c1 '],
    ['gpj.\u202eexe', 'gpj.exe'],
    ['\u061ca\u200eb\u200f', 'ab'],
    ['naïve 名前 🐟', 'naïve 名前 🐟'],
  ])('%j becomes %j', (text, expected) => {
    expect(plainText(text)).toBe(expected);
  });

  it('leaves no control character in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plainText(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });
});

describe('LineView', () => {
  type Report = [swarm: 'v1' | 'v2' | undefined, message: string | undefined];

  /** What it says of a tracker that fails with a message, or works. */
  function toldOf(...reports: Report[]): string[] {
    const world = new TestWorld();
    const view = new LineView(world);
    const torrent = new FakeTorrent(parseMetainfo(tinyTorrent('a')), { directory: '/d' });
    const row = { torrent, directory: '/d' };
    for (const [swarm, message] of reports) {
      const state = message === undefined ? 'working' : 'failed';
      const report = { url: 'http://t.example:1/secret', swarm, state, peers: 3, message } as const;
      view.event(row, { type: 'tracker', report });
    }
    return world.err.split('\n').filter((line) => line !== '');
  }
  const line = (text: string): string => `shoal: warning: a: tracker t.example:1${text}`;

  it('says of a tracker what goes wrong, each time', () => {
    expect(toldOf([undefined, 'no'], [undefined, undefined], [undefined, 'no'])).toEqual([
      line(': no'),
      line(': no'),
    ]);
  });

  it('says once what goes wrong for both swarms of a hybrid, and of one only for which', () => {
    expect(toldOf(['v1', 'no'], ['v2', 'no'], ['v1', 'no'], ['v2', 'no'])).toEqual([
      line(': no'),
      line(': no'),
    ]);
    expect(toldOf(['v1', undefined], ['v2', 'unknown'])).toEqual([line(' (v2 swarm): unknown')]);
    expect(toldOf(['v2', undefined], ['v1', 'gone'])).toEqual([line(' (v1 swarm): gone')]);
    expect(toldOf(['v1', 'gone'], ['v2', 'unknown'])).toEqual([
      line(': gone'),
      line(' (v2 swarm): unknown'),
    ]);
    expect(toldOf(['v1', 'no'], ['v1', undefined], ['v2', 'no'])).toEqual([
      line(': no'),
      line(' (v2 swarm): no'),
    ]);
  });
});

describe('a web seed that has failed', () => {
  const status = {
    url: 'http://mirror.example/secret/',
    kind: 'url-list',
    state: 'refused',
    requests: 0,
    downloadedBytes: 5,
    downloadRate: 0,
    reason: 'Not found (status 404)',
  } as const;
  const torrent = new FakeTorrent(parseMetainfo(tinyTorrent('a')), { directory: '/d' });

  it('is named by its host in plain lines, and with all there is to say in JSON', () => {
    const world = new TestWorld();
    const row = { torrent, directory: '/d' };
    new LineView(world).event(row, { type: 'webSeed', status });
    expect(world.err).toBe('shoal: warning: a: web seed mirror.example: Not found (status 404)\n');
    new JsonView(world).event(row, { type: 'webSeed', status });
    expect(JSON.parse(world.out)).toMatchObject({ event: 'webSeed', ...status });
  });
});

describe('JsonView', () => {
  it('tells the progress of a torrent only where something changed, and at the end', () => {
    const world = new TestWorld();
    const view = new JsonView(world);
    const rows = ['a', 'b'].map((name) => ({
      torrent: new FakeTorrent(parseMetainfo(tinyTorrent(name)), { directory: '/d' }),
      directory: '/d',
    }));
    const told = (): unknown[] => {
      const said = world.out === '' ? [] : world.lines;
      const lines = said.map(({ event, infoHash }) => [event, infoHash]);
      world.out = '';
      return lines;
    };
    const [one, other] = rows.map(({ torrent }) => ['progress', torrent.infoHashHex]);
    view.progress(rows);
    expect(told()).toEqual([one, other]);
    view.progress(rows);
    expect(told()).toEqual([]);
    rows[1]!.torrent.figures = { uploadedBytes: 5 };
    view.progress(rows);
    expect(told()).toEqual([other]);
    rows[0]!.torrent.figures = { pieces: { total: 1, have: 1 } };
    view.progress(rows);
    expect(told()).toEqual([one]);
    view.settle(rows);
    expect(told()).toEqual([one, other]);
  });
});

describe('jsonLine', () => {
  it('is one line without control characters that reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const line = jsonLine({ value, text });
        expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(line.endsWith('\n')).toBe(true);
        expect((JSON.parse(line) as { text: string }).text).toBe(text);
      }),
    );
  });
});

describe('figures', () => {
  it.each([
    [0, '0s'],
    [59.4, '59s'],
    [184, '3m04s'],
    [7500, '2h05m'],
    [4 * 86_400 + 3 * 3600, '4d03h'],
    [undefined, '-'],
    [Number.POSITIVE_INFINITY, '-'],
  ])('%s seconds are %s', (seconds, expected) => {
    expect(formatDuration(seconds)).toBe(expected);
  });

  it('never says 100 % before the end', () => {
    expect(formatPercent(999_999, 1_000_000)).toBe('99.9');
    expect(formatPercent(1, 1)).toBe('100.0');
    expect(formatPercent(0, 0)).toBe('100.0');
  });

  it('fits names to a width', () => {
    expect(fit('short', 8)).toBe('short   ');
    expect(fit('much too long', 8)).toBe('much to…');
    expect(fit('🐟🐟🐟🐟🐟', 5)).toBe('🐟🐟…');
    expect(fit('名前', 6)).toBe('名前  ');
    expect(fit('e\u0301te\u0301', 4)).toBe('e\u0301te\u0301 ');
    expect(fit('👨‍👩‍👧‍👦 family', 5)).toBe('👨‍👩‍👧‍👦 f…');
  });
});

describe('a line of progress', () => {
  const torrent = new FakeTorrent(parseMetainfo(tinyTorrent('na\u001b[31mme')), { directory: '/' });
  torrent.become('downloading');
  torrent.figures = { completedBytes: 42, downloadRate: 1_572_864, peers: 12, eta: 184 };

  it('holds percentage, rates, peers, time and state', () => {
    const line = describeProgress(torrent.progress());
    for (const part of [
      '42.0%',
      '↓ 1.5 MiB/s',
      '↑ 0 B/s',
      '12 peers',
      'ETA 3m04s',
      'downloading',
    ]) {
      expect(line).toContain(part);
    }
  });

  it('says that web seeds send, in the same room', () => {
    const line = describeProgress({ ...torrent.progress(), webSeeds: 2 });
    expect(line).toContain('12 + web');
    expect(line).toHaveLength(describeProgress(torrent.progress()).length);
  });

  it('leaves out the least important figures on a narrow terminal', () => {
    const line = formatBar(0.42, { name: torrent.name, progress: torrent.progress() }, 40);
    expect(displayWidth(line)).toBeLessThan(40);
    expect(line).toContain('42.0%');
    expect(line).toContain('ETA 3m04s');
    expect(line).not.toContain('↑');
  });

  it.each([60, 80, 100, 120, 200])(
    'leaves the last of %d columns free, whatever the name',
    (columns) => {
      for (const name of [
        '名前の長い'.repeat(20),
        '👨‍👩‍👧‍👦'.repeat(30),
        'שלום'.repeat(30),
        'e\u0301'.repeat(99),
      ]) {
        const line = formatBar(0.42, { name, progress: torrent.progress() }, columns);
        expect(displayWidth(line)).toBeLessThan(columns);
      }
    },
  );

  it('shows no more bars than the terminal has lines', async () => {
    const world = new TestWorld({ isTTY: true, columns: 80, rows: 10 });
    const view = await BarView.open(
      Object.assign(world, { stdout: Object.assign(world.stdout, { on: () => undefined }) }),
    );
    const rows = Array.from({ length: 30 }, () => ({ torrent, directory: '/' }));
    view.begin(1, rows);
    view.end([], 0);
    expect(world.out).toContain('showing the first 7');
  });

  it.each([80, 100, 120, 200])('fits %d columns, without escapes of the name', (columns) => {
    const line = formatBar(0.42, { name: torrent.name, progress: torrent.progress() }, columns);
    expect(Array.from(line).length).toBeLessThanOrEqual(columns);
    expect(line).not.toContain('\u001b');
  });

  it('counts pieces while it checks', () => {
    const checking = { ...torrent.progress(), state: 'checking' as const, checkedPieces: 1 };
    expect(describeProgress({ ...checking, pieces: { total: 4, have: 0 } })).toContain('25.0%');
  });
});

describe('colours', () => {
  it('are for terminals only, and not where NO_COLOR is set', () => {
    const terminal = new TestWorld({ isTTY: true });
    expect(colorsFor(terminal.stdout, {}).bold('x')).not.toBe('x');
    expect(colorsFor(terminal.stdout, { NO_COLOR: '1' }).bold('x')).toBe('x');
    expect(colorsFor(terminal.stdout, { NO_COLOR: '' }).bold('x')).not.toBe('x');
    expect(colorsFor(terminal.stdout, { TERM: 'dumb' }).bold('x')).toBe('x');
    expect(colorsFor(new TestWorld().stdout, {}).bold('x')).toBe('x');
  });
});
