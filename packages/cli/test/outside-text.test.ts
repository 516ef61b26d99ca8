import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DhtNode } from '@shoal/dht';
import { parseMetainfo } from '@shoal/metainfo';
import { formatEndpoint } from '@shoal/net';
import { commands } from '../src/commands/index.ts';
import { FakeClient, type FakeTorrent } from './support/fake-client.ts';
import { TestWorld, useFolder } from './support/test-world.ts';

/** What would clear a screen, set a title, recolour, end a line early, and turn text around. */
const EVIL = '\u001b[2J\u001b]0;owned\u0007\u009b31m\r\u0008\u007f\u2028\u202egpj\u2066\u061c<b>';
/** Fit for a file name. */
const EVIL_NAME = EVIL.replaceAll('/', '');
/** Characters that no line of output may hold. */
const FORBIDDEN = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const folder = useFolder();

function bencode(
  value: string | number | readonly unknown[] | Readonly<Record<string, unknown>>,
): string {
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`;
  if (typeof value === 'number') return `i${value}e`;
  if (Array.isArray(value)) return `l${value.map((each) => bencode(each as string)).join('')}e`;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `d${entries.map(([key, each]) => bencode(key) + bencode(each as string)).join('')}e`;
}

/** A torrent full of escapes in every text it may have. */
function evilTorrent(trackers: readonly string[]): string {
  return bencode({
    'announce-list': trackers.map((url) => [url]),
    comment: EVIL,
    'created by': EVIL,
    'url-list': [`http://w.invalid/${EVIL}`, EVIL],
    httpseeds: [EVIL],
    nodes: [[EVIL, 6881]],
    [`x${EVIL}`]: EVIL,
    info: {
      files: [EVIL_NAME, 'plain', `folder${EVIL_NAME}`].map((name) => {
        return { length: 100, path: [name, name], attr: 'x', [EVIL]: EVIL };
      }),
      name: EVIL_NAME,
      'piece length': 16384,
      pieces: 'x'.repeat(20),
      source: EVIL,
      collections: [EVIL],
    },
  });
}

/** No control character but the line breaks that the command itself makes. */
function expectClean(world: TestWorld, what: string): void {
  for (const text of [world.out, world.err]) {
    for (const line of text.split('\n')) {
      const found = FORBIDDEN.exec(line);
      if (found !== null) {
        throw new Error(`${what}: ${JSON.stringify(line.slice(Math.max(0, found.index - 60)))}`);
      }
    }
  }
}

/** What is started for a command that talks to others: the torrent says all that can be said, and is complete. */
function sayEverything(torrent: FakeTorrent): void {
  const error = Object.assign(new Error(`failed ${EVIL}`), { code: 'ERR_DISK_IO' });
  torrent.emit('tracker', {
    url: `http://user:pass@t.invalid/${EVIL}`,
    swarm: undefined,
    state: 'failed',
    peers: 0,
    message: EVIL,
  });
  torrent.emit('tracker', {
    url: EVIL,
    swarm: undefined,
    state: 'failed',
    peers: 0,
    message: EVIL,
  });
  torrent.emit('webSeed', {
    url: EVIL,
    kind: 'url-list',
    state: 'refused',
    requests: 0,
    downloadedBytes: 0,
    downloadRate: 0,
    reason: EVIL,
  });
  torrent.emit('warning', error);
  torrent.become('downloading');
  torrent.become('seeding');
}

const fails = (torrent: FakeTorrent): void => {
  torrent.fail(Object.assign(new Error(`failed ${EVIL}`), { code: 'ERR_DISK_IO' }));
};

/** A command line, with what each torrent of its client does. */
interface Run {
  readonly args: readonly string[];
  readonly onAdd?: (torrent: FakeTorrent) => void;
}

describe('what comes from outside', () => {
  let torrent = '';
  let close: () => Promise<void> = () => Promise.resolve();

  beforeEach(async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.end(bencode({ 'failure reason': EVIL, 'warning message': EVIL }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const here = `http://127.0.0.1:${port}/announce`;
    const trackers = [here, `http://u:p@t.invalid/${EVIL}`, `udp://${EVIL}.invalid:1`, EVIL];
    torrent = await folder.write('evil.torrent', evilTorrent(trackers));
    close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
  });

  afterEach(() => close());

  /** The command lines by command; those that print nothing from outside have none. */
  async function runs(): Promise<Record<string, Run[]>> {
    const out = join(folder.path, 'out');
    const evilPath = join(folder.path, `sub${EVIL_NAME}`);
    await folder.write('content/plain', 'x'.repeat(100));
    await rename(join(folder.path, 'content'), evilPath);
    const magnet = `magnet:?xt=urn:btih:${'a'.repeat(40)}&dn=${encodeURIComponent(EVIL)}&tr=${encodeURIComponent(EVIL)}&x.pe=127.0.0.1:1`;
    const quiet = ['--no-dht', '--no-lsd'];
    return {
      download: [
        { args: [torrent, '-o', out], onAdd: sayEverything },
        { args: [torrent, '-o', out], onAdd: fails },
        { args: [torrent, '--list-files'] },
        { args: [magnet, '-o', out, ...quiet], onAdd: fails },
        { args: [EVIL, '-o', out] },
        { args: [torrent, '-o', out, '--ip-filter', EVIL], onAdd: sayEverything },
        { args: [torrent, '-o', out, '--on-complete', `/no/${EVIL}`], onAdd: sayEverything },
        { args: [torrent, `--${EVIL}`] },
      ],
      seed: [
        { args: [torrent, '-d', folder.path, '--seed-time', '0'], onAdd: sayEverything },
        { args: [evilPath] },
        { args: [torrent] },
      ],
      create: [
        {
          args: [evilPath, '-o', join(folder.path, `${EVIL_NAME}.torrent`), '-c', EVIL, '-s', EVIL],
        },
        { args: [EVIL] },
        { args: [evilPath, '--tracker', EVIL] },
      ],
      edit: [
        { args: [torrent, '-o', join(folder.path, `e${EVIL_NAME}.torrent`), '--comment', EVIL] },
        { args: [torrent, '--in-place', '--remove-tracker', EVIL] },
        { args: [EVIL, '--in-place', '--comment', 'x'] },
      ],
      info: [
        { args: [torrent] },
        { args: [torrent, '--tree'] },
        { args: [magnet] },
        { args: [EVIL] },
      ],
      verify: [{ args: [torrent, folder.path] }, { args: [torrent, evilPath] }],
      magnet: [{ args: [torrent] }],
      metadata: [{ args: [magnet, '-o', join(folder.path, 'm.torrent'), ...quiet], onAdd: fails }],
      scrape: [{ args: [torrent] }, { args: [EVIL] }],
      tracker: [],
      dht: [{ args: ['lookup', EVIL] }, { args: [EVIL] }],
      tour: [],
    };
  }

  it('is a torrent full of escapes', () => {
    const { info, comment } = parseMetainfo(Buffer.from(evilTorrent([])));
    expect(FORBIDDEN.test(`${info.name}${comment ?? ''}`)).toBe(true);
  });

  it.each([[[]], [['--json']], [['--quiet']]])(
    'puts no control character into the output of any command, with %j',
    async (format) => {
      const all = await runs();
      expect(Object.keys(all).sort()).toEqual(commands.map(({ name }) => name).sort());
      let printed = 0;
      for (const [name, lines] of Object.entries(all)) {
        for (const { args, onAdd } of lines) {
          const world = new TestWorld();
          world.env = { ...world.env, SHOAL_DEBUG: '1' };
          if (onAdd !== undefined) world.startClient = new FakeClient(onAdd).start;
          await world.run(name, ...args, ...format);
          expectClean(world, `${name} ${JSON.stringify(args)}`);
          expect(`${world.out}${world.err}`).not.toMatch(/user:pass/);
          printed += world.out.length + world.err.length;
        }
      }
      expect(printed).toBeGreaterThan(500);
    },
    30_000,
  );

  it('puts none that is not its own on a terminal', async () => {
    for (const onAdd of [sayEverything, fails]) {
      const world = new TestWorld({ isTTY: true, columns: 100, rows: 40 });
      world.startClient = new FakeClient(onAdd).start;
      await world.run('download', torrent, '-o', join(folder.path, 'out'));
      // What is said just before the end is not lost among the bars.
      expect(world.out).toMatch(onAdd === fails ? /shoal: .*failed/ : /shoal: .*t\.invalid: /);
      for (const text of [world.out, world.err]) {
        expect(text).not.toContain('\u001b]');
        expect(text).not.toContain('\u001b[2J\u001b]0;');
        expect(text).not.toContain('\u0007');
        expect(text).not.toMatch(/[\u007f-\u009f\u2028\u202e\u2066\u061c]/);
      }
    }
  });

  it('of the DHT is shown without them', async () => {
    const node = await DhtNode.open({ addresses: ['127.0.0.1'] });
    const second = await DhtNode.open({ addresses: ['127.0.0.1'], bootstrap: node.endpoints });
    await second.ready();
    try {
      const [first] = node.endpoints;
      const entry = [
        '--bind',
        '127.0.0.1',
        '--bootstrap',
        first === undefined ? '' : formatEndpoint(first),
      ];
      const put = new TestWorld();
      await put.run('dht', 'put', EVIL, '--json', ...entry);
      const target = String(put.lines[0]?.['target']);
      for (const format of [[], ['--bencoded'], ['--json']]) {
        const world = new TestWorld();
        expect(await world.run('dht', 'get', target, ...format, ...entry)).toBe(0);
        expect(world.out).toContain('<b>');
        expectClean(world, `dht get ${format.join(' ')}`);
      }
    } finally {
      await Promise.all([node.close(), second.close()]);
    }
  });
});
