// @ts-check
/** Web servers that play web seeds: nginx (BEP 19), and a few lines of our own (BEP 17). */
import { mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { listening } from './trackers.mjs';
import { Program } from './process.mjs';

/**
 * @typedef {object} Request as the server has logged it
 * @property {number} status
 * @property {number} bytes of the body
 * @property {string} uri
 * @property {string} range the header, or `-`
 *
 * @typedef {object} WebServer
 * @property {string} url of the folder it serves, with a slash at the end
 * @property {() => Request[]} requests those that are over
 * @property {Program} program
 */

/**
 * @param {object} options
 * @param {string} options.ip
 * @param {number} options.port
 * @param {string} options.root the folder to serve
 * @param {string} options.home
 * @param {string} options.log
 * @param {boolean} options.ranges
 * @returns {Promise<WebServer>}
 */
export async function startNginx({ ip, port, root, home, log, ranges }) {
  mkdirSync(home, { recursive: true });
  const accesses = join(home, 'access.log');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off;
master_process off;
pid ${join(home, 'nginx.pid')};
error_log stderr warn;
events { worker_connections 128; }
http {
  ${paths.map((path) => `${path}_temp_path ${join(home, path)};`).join('\n  ')}
  log_format plain '$status $body_bytes_sent "$http_range" $request_uri';
  access_log ${accesses} plain;
  default_type application/octet-stream;
  sendfile on;
  server {
    listen ${ip}:${port};
    root "${root}";
    ${ranges ? '' : 'max_ranges 0;'}
  }
}
`,
  );
  const program = new Program(
    ['nginx', '-p', home, '-e', 'stderr', '-c', join(home, 'nginx.conf')],
    {
      home,
      log,
    },
  );
  await listening('nginx', program, ip, port);
  return {
    url: `http://${ip}:${port}/`,
    requests: () =>
      readFileSync(accesses, 'utf8')
        .split('\n')
        .flatMap((line) => {
          const match = /^(\d+) (\d+) "(.*?)" (.*)$/.exec(line);
          if (!match) return [];
          const [, status, bytes, range = '', uri = ''] = match;
          return [{ status: Number(status), bytes: Number(bytes), range, uri }];
        }),
    program,
  };
}

/**
 * The server's side of BEP 17, for a torrent of one file.
 *
 * @param {{ ip: string, port: number, path: string, pieceLength: number, length: number }} options
 */
export async function startPieceServer({ ip, port, path, pieceLength, length }) {
  /** @type {string[]} */
  const asked = [];
  const file = openSync(path, 'r');
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://here');
    asked.push(url.search);
    // Busy at first: the body says for how many seconds.
    if (asked.length === 1) {
      response.writeHead(503, { 'Content-Type': 'text/plain' }).end('1');
      return;
    }
    const start = Number(url.searchParams.get('piece')) * pieceLength;
    const whole = Math.min(pieceLength, length - start);
    const match = /^(\d+)-(\d+)$/.exec(url.searchParams.get('ranges') ?? `0-${whole - 1}`);
    const first = Number(match?.[1]);
    const body = Buffer.alloc(Number(match?.[2]) - first + 1);
    readSync(file, body, 0, body.length, start + first);
    response.writeHead(200, { 'Content-Length': body.length }).end(body);
  });
  await new Promise((resolve) => server.listen(port, ip, () => resolve(undefined)));
  return {
    url: `http://${ip}:${port}/seed`,
    asked,
    /** @returns {Promise<void>} */
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
