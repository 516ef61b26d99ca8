// Announces per CPU second of the server over HTTP, and the cost of encoding and parsing. Run `pnpm build` first.
import { fork } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { announceUrl, parseAnnounceResponse, TrackerServer } from '../dist/index.js';

const ANNOUNCES = Number(process.env.ANNOUNCES ?? 60_000);
const CONNECTIONS = 32;
const SWARMS = 500;

/** The request line and headers of one announce. */
function requestOf(index, keepAlive) {
  const infoHash =
    `%${(index % 251).toString(16).padStart(2, '0')}`.repeat(1) +
    'h'.repeat(17) +
    `${index % SWARMS}`.padStart(3, '0').slice(-2);
  return (
    `GET /announce?info_hash=${infoHash}&peer_id=-SH0100-0123456789ab&port=${1024 + (index % 60_000)}` +
    `&uploaded=0&downloaded=0&left=${index % 4 === 0 ? 0 : 16384}&event=started&numwant=50&compact=1&key=9A8E1F5C HTTP/1.1\r\n` +
    `Host: 127.0.0.1\r\nUser-Agent: bench\r\nAccept-Encoding: gzip\r\n${keepAlive ? '' : 'Connection: close\r\n'}\r\n`
  );
}

/** Runs `lanes` connections at a time until `total` requests are answered. */
function drive(port, total, keepAlive) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let done = 0;
    const lane = () => {
      if (sent >= total) return;
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      let pending = '';
      socket.setEncoding('latin1');
      const next = () => {
        if (sent >= total) return socket.end();
        socket.write(requestOf(sent++, keepAlive));
      };
      socket.on('connect', next);
      socket.on('data', (chunk) => {
        pending += chunk;
        const head = pending.indexOf('\r\n\r\n');
        if (head < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(pending)[1]);
        if (pending.length < head + 4 + length) return;
        pending = '';
        done += 1;
        if (done === total) resolve();
        if (keepAlive) next();
      });
      socket.on('close', () => {
        if (!keepAlive) lane();
      });
      socket.on('error', reject);
    };
    for (let index = 0; index < CONNECTIONS; index += 1) lane();
  });
}

async function serve() {
  const server = new TrackerServer();
  const { port } = await server.listen({ port: 0, address: '127.0.0.1' });
  process.send({ port });
  let before = process.cpuUsage();
  process.on('message', async (message) => {
    if (message === 'begin') before = process.cpuUsage();
    else if (message === 'end') {
      const { user, system } = process.cpuUsage(before);
      process.send({ cpuSeconds: (user + system) / 1e6 });
    } else {
      await server.close();
      process.disconnect();
    }
  });
}

const once = (child) => new Promise((resolve) => child.once('message', resolve));

function microbenchmark(name, count, run) {
  run(1000);
  const start = process.hrtime.bigint();
  run(count);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  console.log(JSON.stringify({ case: name, perSecond: Math.round(count / seconds) }));
}

async function main() {
  const child = fork(fileURLToPath(import.meta.url), ['serve']);
  const { port } = await once(child);
  await drive(port, 5000, true);
  for (const keepAlive of [true, false]) {
    child.send('begin');
    const start = process.hrtime.bigint();
    await drive(port, ANNOUNCES, keepAlive);
    const wall = Number(process.hrtime.bigint() - start) / 1e9;
    child.send('end');
    const { cpuSeconds } = await once(child);
    console.log(
      JSON.stringify({
        case: keepAlive
          ? 'announce over HTTP, kept connections'
          : 'announce over HTTP, a connection each',
        announces: ANNOUNCES,
        perSecond: Math.round(ANNOUNCES / wall),
        perCpuSecond: Math.round(ANNOUNCES / cpuSeconds),
      }),
    );
  }
  child.send('stop');

  const request = {
    infoHash: Uint8Array.from({ length: 20 }, (_, index) => index * 13),
    peerId: new Uint8Array(20).fill(0x41),
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 1,
    numwant: 50,
    key: 1,
  };
  microbenchmark('announceUrl', 100_000, (count) => {
    for (let index = 0; index < count; index += 1)
      announceUrl('http://t.invalid/announce', request);
  });
  const peers = Buffer.alloc(300);
  for (let index = 0; index < 50; index += 1) peers.set([10, 0, 1, index, 26, 225], index * 6);
  const answer = Buffer.concat([
    Buffer.from('d8:intervali1800e5:peers300:'),
    peers,
    Buffer.from('e'),
  ]);
  microbenchmark('parseAnnounceResponse, 50 peers', 20_000, (count) => {
    for (let index = 0; index < count; index += 1) parseAnnounceResponse(answer);
  });
}

if (process.argv[2] === 'serve') await serve();
else await main();
