// @ts-check
/**
 * Shoal's DHT nodes beside those of libtorrent and Transmission, in a network namespace: they bootstrap from each other, and what
 * is announced or stored at one is found by the others. Build `@shoal/dht` first; needs root, like the rest of the harness.
 *
 *   node tools/interop/dht/dht.mjs [--keep]
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { postJson } from '../lib/http.mjs';
import { runInNamespace } from '../lib/namespace.mjs';
import { Program } from '../lib/process.mjs';
import { waitFor } from '../lib/wait.mjs';

/** @param {string} name @returns {Promise<any>} the package as it is built */
const built = (name) =>
  import(new URL(`../../../packages/${name}/dist/index.js`, import.meta.url).href);
/** @type {typeof import('../../../packages/bencode/src/index.ts')} */
const { decode, encode } = await built('bencode');
/** @type {typeof import('../../../packages/dht/src/index.ts')} */
const { DhtNode } = await built('dht');

/** Set in the program that runs inside the namespace. */
const INSIDE = 'SHOAL_INTEROP_DHT_INSIDE';
const PORT = 6881;
const OURS = 8;
const LIBTORRENT = '10.99.0.101';
const TRANSMISSION = '10.99.0.102';
const addresses = [
  ...Array.from({ length: OURS + 4 }, (_, index) => `10.99.0.${index + 1}/24`),
  `${LIBTORRENT}/24`,
  `${TRANSMISSION}/24`,
];

if (process.env[INSIDE] === undefined) {
  process.env[INSIDE] = '1';
  const command = [process.execPath, import.meta.filename, ...process.argv.slice(2)];
  process.exitCode = await runInNamespace(command, { prefix: 'shoal-dht-', addresses });
} else await main();

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-dht-'));
  /** @type {(() => Promise<unknown>)[]} */
  const endings = [];
  try {
    await run(folder, endings);
  } finally {
    for (const end of endings.reverse()) await end();
    if (process.argv.includes('--keep')) console.log(`logs: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {(() => Promise<unknown>)[]} endings
 */
async function run(folder, endings) {
  /** @param {number} index @param {import('../../../packages/dht/src/index.ts').DhtOpenOptions} [options] */
  const open = async (index, options = {}) => {
    const bootstrap = [{ address: '10.99.0.1', port: PORT }];
    const address = `10.99.0.${index}`;
    const node = await DhtNode.open({ port: PORT, addresses: [address], bootstrap, ...options });
    endings.push(() => node.close());
    await node.ready();
    return node;
  };
  /** @type {import('../../../packages/dht/src/index.ts').DhtNode[]} */
  const ours = [];
  for (let index = 1; index <= OURS; index++) ours.push(await open(index));
  const [, shoal] = ours;
  if (shoal === undefined) throw new Error('there is none of ours');

  const libtorrent = await startLibtorrent(folder);
  endings.push(() => libtorrent.stop());
  const transmission = await startTransmission(folder);
  endings.push(() => transmission.stop());

  await check('shoal bootstraps from libtorrent alone', async () => {
    const bootstrap = [{ address: LIBTORRENT, port: PORT }];
    return waitFor('nodes', 30_000, async () => {
      const node = await open(OURS + 1, { bootstrap });
      if (node.nodeCount >= 4) return `${node.nodeCount} nodes`;
      await node.close();
      return undefined;
    });
  });

  await check('announced by libtorrent, found by shoal', async () => {
    const infoHash = randomBytes(20);
    return waitFor('the peer', 30_000, async () => {
      await libtorrent.call('announce', { info_hash: infoHash.toString('hex') });
      const { peers } = await shoal.lookup(infoHash);
      return has(peers, LIBTORRENT, PORT) && text(peers);
    });
  });

  await check('announced by shoal, found by libtorrent', async () => {
    const infoHash = randomBytes(20);
    const { stored } = await shoal.announce(infoHash, { port: 7002 });
    return waitFor('the peer', 30_000, async () => {
      const { peers = [] } = await libtorrent.call('peers', {
        info_hash: infoHash.toString('hex'),
      });
      const found = peers.map(([address, port]) => ({ address: `${address}`, port: Number(port) }));
      return has(found, '10.99.0.2', 7002) && `${text(found)}, stored at ${stored}`;
    });
  });

  await check('put by shoal, got by libtorrent', async () => {
    const { target } = await shoal.put({ kind: 'immutable', value: encode('from shoal') });
    const { text: got } = await libtorrent.call('get', {
      target: Buffer.from(target).toString('hex'),
    });
    return got === 'from shoal' && got;
  });

  await check('put by libtorrent, got by shoal', async () => {
    const { target = '', stored } = await libtorrent.call('put', { text: 'from libtorrent' });
    const { item } = await shoal.get(Buffer.from(target, 'hex'));
    const got = item === undefined ? '' : `${decode(item.value)}`;
    return got !== '' && `${Buffer.from(item?.value ?? []).toString()}, stored at ${stored}`;
  });

  const { torrent, infoHash } = makeTorrent();
  let connected = false;
  const server = createServer((socket) => {
    connected ||= socket.remoteAddress === TRANSMISSION;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(7003, '10.99.0.3', () => resolve(undefined)));
  endings.push(async () => server.close());
  // Before Transmission looks: it will not do so again for half an hour.
  await ours[2]?.announce(Buffer.from(infoHash, 'hex'), { port: 7003 });
  await transmission.add(torrent);
  await check('announced by shoal, found by Transmission, which connects', () =>
    waitFor('a connection', 120_000, () => connected && 'connected'),
  );

  await check('announced by Transmission, found by shoal', async () =>
    waitFor(
      'the peer',
      120_000,
      async () => {
        const { peers } = await shoal.lookup(Buffer.from(infoHash, 'hex'));
        return has(peers, TRANSMISSION, PORT) && text(peers);
      },
      2_000,
    ),
  );

  await check('announced by Transmission, found by libtorrent', async () =>
    waitFor('the peer', 60_000, async () => {
      const { peers = [] } = await libtorrent.call('peers', { info_hash: infoHash });
      return peers.some(([address]) => address === TRANSMISSION) && 'found';
    }),
  );

  await check('shoal bootstraps from Transmission alone', async () => {
    const bootstrap = [{ address: TRANSMISSION, port: PORT }];
    return waitFor('nodes', 60_000, async () => {
      const node = await open(OURS + 2, { bootstrap });
      if (node.nodeCount >= 4) return `${node.nodeCount} nodes`;
      await node.close();
      return undefined;
    });
  });

  const { families, queries, malformed } = shoal.stats;
  console.log(JSON.stringify({ ...families[0]?.transactions, queries, malformed }));
}

/**
 * @param {string} what
 * @param {() => Promise<string | false>} action
 */
async function check(what, action) {
  const from = Date.now();
  const outcome = await action().catch((error) => {
    console.error(error);
    return false;
  });
  const seconds = ((Date.now() - from) / 1000).toFixed(1);
  console.log(`${outcome === false ? 'FAILED' : 'ok    '} ${what} (${seconds} s) ${outcome}`);
  if (outcome === false) process.exitCode = 1;
}

/** @param {readonly { address: string, port: number }[]} peers @param {string} address @param {number} port */
function has(peers, address, port) {
  return peers.some((peer) => peer.address === address && peer.port === port);
}

/** @param {readonly { address: string, port: number }[]} peers */
function text(peers) {
  return peers.map(({ address, port }) => `${address}:${port}`).join(' ');
}

/** @returns {{ torrent: Uint8Array, infoHash: string }} */
function makeTorrent() {
  const pieces = randomBytes(20);
  const info = { length: 16_384, name: 'nobody has it', 'piece length': 16_384, pieces };
  const infoHash = createHash('sha1').update(encode(info)).digest('hex');
  return { torrent: encode({ info }), infoHash };
}

/**
 * @typedef {{ id: number, error?: string, peers?: [string, number][], target?: string, stored?: number, text?: string }} Answer
 */

/** @param {string} folder */
async function startLibtorrent(folder) {
  const script = join(import.meta.dirname, 'lt_dht.py');
  const command = ['/usr/bin/python3', script, LIBTORRENT, `${PORT}`, `10.99.0.1:${PORT}`];
  const log = join(folder, 'libtorrent.log');
  const program = new Program(command, { home: join(folder, 'libtorrent'), log, pipeOutput: true });
  /** @type {Map<number, (answer: Answer) => void>} */
  const waiting = new Map();
  if (program.child.stdout) {
    createInterface({ input: program.child.stdout }).on('line', (line) => {
      const answer = /** @type {Answer} */ (JSON.parse(line));
      waiting.get(answer.id)?.(answer);
    });
  }
  let next = 0;
  /** @param {number} id @returns {Promise<Answer>} */
  const answerTo = (id) => new Promise((resolve) => waiting.set(id, resolve));
  await answerTo(next++);
  return {
    /** @param {string} op @param {Record<string, unknown>} fields */
    call: async (op, fields) => {
      const id = next++;
      const answered = answerTo(id);
      program.child.stdin?.write(`${JSON.stringify({ id, op, ...fields })}\n`);
      const answer = await answered;
      if (answer.error !== undefined) throw new Error(`libtorrent: ${answer.error}`);
      return answer;
    },
    stop: () => program.stop(),
  };
}

/** @param {string} folder */
async function startTransmission(folder) {
  const home = join(folder, 'transmission');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'dht.bootstrap'), `10.99.0.1 ${PORT}\n10.99.0.2 ${PORT}\n`);
  const settings = {
    'bind-address-ipv4': TRANSMISSION,
    'bind-address-ipv6': '::1',
    'peer-port': PORT,
    'rpc-bind-address': '127.0.0.1',
    'rpc-port': 9091,
    'rpc-authentication-required': false,
    'rpc-whitelist-enabled': false,
    'dht-enabled': true,
    'lpd-enabled': false,
    'pex-enabled': false,
    'utp-enabled': false,
    'port-forwarding-enabled': false,
    'download-dir': home,
    'download-queue-enabled': false,
  };
  writeFileSync(join(home, 'settings.json'), JSON.stringify(settings));
  const log = join(folder, 'transmission.log');
  const program = new Program(['transmission-daemon', '-f', '-g', home, '--log-debug'], {
    home,
    log,
  });
  let token = '';
  /** @param {string} method @param {Record<string, unknown>} args @returns {Promise<any>} */
  const call = async (method, args) => {
    for (;;) {
      const answer = await postJson({
        host: '127.0.0.1',
        port: 9091,
        path: '/transmission/rpc',
        headers: { 'x-transmission-session-id': token },
        body: { method, arguments: args },
      });
      if (answer.status !== 409) return /** @type {any} */ (answer.json)?.arguments;
      token = String(answer.headers['x-transmission-session-id']);
    }
  };
  await waitFor('transmission answers its RPC', 30_000, () =>
    call('session-get', {}).then(
      () => true,
      () => false,
    ),
  );
  return {
    /** @param {Uint8Array} torrent */
    add: (torrent) =>
      call('torrent-add', { metainfo: Buffer.from(torrent).toString('base64'), paused: false }),
    stop: () => program.stop(),
  };
}
