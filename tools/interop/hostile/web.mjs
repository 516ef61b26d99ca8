// @ts-check
/** Web seeds and HTTP trackers that lie. */
import { clearInterval, setInterval } from 'node:timers';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

/** 64 MiB of one letter, in 64 KiB. */
const BOMB = gzipSync(Buffer.alloc(64 << 20, 'd'));
const BLOCK = randomBytes(16 << 10);

/** @param {import('node:http').ServerResponse} response @param {Buffer} chunk @param {number} [interval] ms; default: as fast as it goes */
function endless(response, chunk, interval) {
  if (interval !== undefined) {
    const timer = setInterval(() => response.write(chunk), interval);
    response.on('close', () => clearInterval(timer));
    return;
  }
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

/** @typedef {(response: import('node:http').ServerResponse, range: { first: number, last: number } | undefined) => void} Answer */

/** @type {Record<string, Answer>} */
const SEEDS = {
  'whole-wrong': (response) => {
    response.writeHead(200, { 'Content-Length': 1 << 30 });
    endless(response, BLOCK);
  },
  short: (response, range) => {
    const { first = 0, last = 0 } = range ?? {};
    response.writeHead(206, {
      'Content-Length': last - first + 1,
      'Content-Range': `bytes ${first}-${last}/99999999`,
    });
    response.write(BLOCK.subarray(0, 100), () => response.destroy());
  },
  long: (response, range) => {
    const { first = 0, last = 0 } = range ?? {};
    response.writeHead(206, { 'Content-Range': `bytes ${first}-${last}/*` });
    endless(response, BLOCK);
  },
  elsewhere: (response) => {
    response.writeHead(206, { 'Content-Length': 16, 'Content-Range': 'bytes 0-15/16' });
    response.end('sixteen letters!');
  },
  drip: (response, range) => {
    const { first = 0, last = 0 } = range ?? {};
    response.writeHead(206, {
      'Content-Length': last - first + 1,
      'Content-Range': `bytes ${first}-${last}/*`,
    });
    endless(response, Buffer.from('x'), 100);
  },
  gzip: (response, range) => {
    const { first = 0, last = 0 } = range ?? {};
    response.writeHead(206, {
      'Content-Encoding': 'gzip',
      'Content-Length': BOMB.length,
      'Content-Range': `bytes ${first}-${last}/*`,
    });
    response.end(BOMB);
  },
  loop: (response) => {
    response.writeHead(302, { Location: `/loop/${randomBytes(4).toString('hex')}` }).end();
  },
  silent: () => {},
};

/** @type {Record<string, Answer>} */
const TRACKERS = {
  bomb: (response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(BOMB);
  },
  endless: (response) => {
    response.writeHead(200);
    endless(response, Buffer.concat([Buffer.from('d8:intervali1800e5:peers99999999:'), BLOCK]));
  },
  drip: (response) => {
    response.writeHead(200);
    endless(response, Buffer.from('d'), 100);
  },
  nested: (response) => {
    response.end(Buffer.alloc(500_000, 'l'));
  },
  hurry: (response) => {
    response.end(
      Buffer.concat([
        Buffer.from('d8:intervali0e12:min intervali0e5:peers600:'),
        randomBytes(600),
        Buffer.from('e'),
      ]),
    );
  },
  loop: (response) => {
    response.writeHead(302, { Location: `/loop/${randomBytes(4).toString('hex')}` }).end();
  },
};

/**
 * @param {{ ip: string, port: number, kinds: 'seeds' | 'trackers' }} options the path's first part says the kind
 */
export async function startLyingServer({ ip, port, kinds }) {
  const answers = kinds === 'seeds' ? SEEDS : TRACKERS;
  /** Requests, by kind. @type {Record<string, number>} */
  const asked = {};
  const server = createServer((request, response) => {
    const kind = request.url?.split('/')[1] ?? '';
    asked[kind] = (asked[kind] ?? 0) + 1;
    response.on('error', () => {});
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const range = match ? { first: Number(match[1]), last: Number(match[2]) } : undefined;
    answers[kind]?.(response, range);
  });
  await new Promise((resolve) => server.listen(port, ip, () => resolve(undefined)));
  const end = kinds === 'seeds' ? '' : 'announce';
  return {
    urls: Object.keys(answers).map((kind) => `http://${ip}:${port}/${kind}/${end}`),
    asked,
    /** @returns {Promise<void>} */
    end: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
