// @ts-check
/** The load test: a download from a real client with 500 hostile connections, beside the same without. See README.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clients } from '../interop/clients/index.mjs';
import { waitComplete } from '../interop/clients/client.mjs';
import { runInNamespace } from '../interop/lib/namespace.mjs';
import { makeDownload } from './hostile/content.mjs';
import { judge } from './hostile/judge.mjs';
import { download } from './hostile/pair.mjs';
import { record } from './lib/record.mjs';
import { Worker } from './lib/rpc.mjs';
import { memoryFolder } from './lib/memory-folder.mjs';

/** Set in the process that runs inside the namespace. */
const INSIDE = 'SHOAL_LOAD_INSIDE';
/** The address of the client under test, and a net for attackers. */
const OWN = { ip: '10.99.0.1', port: 21_000 };
const SEEDER = {
  ...{ ip: '10.99.0.2', port: 21_100, rpcIp: '127.0.0.1', rpcPort: 11_100 },
  ...{ enter: [], udpTrackers: false, discovery: {} },
};
/** Where the decoy listens. */
const DECOY_PORT = 21_001;
const ATTACKERS = '10.97.0.0/16';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    size: { type: 'string', default: '768' },
    connections: { type: 'string', default: '500' },
    addresses: { type: 'string', default: '500' },
    rate: { type: 'string', default: '2048' },
    nice: { type: 'string', default: '0' },
    client: { type: 'string', default: 'libtorrent' },
    'max-download': { type: 'string', default: '50M' },
    attacks: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    decoy: { type: 'string' },
    profile: { type: 'string' },
    'no-judge': { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

async function main() {
  if (process.env[INSIDE] === undefined) {
    process.env[INSIDE] = '1';
    return runInNamespace([process.execPath, ...process.argv.slice(1)], {
      prefix: 'shoal-load-',
      addresses: ['10.99.0.1/24', ATTACKERS],
    });
  }
  const client = clients.find(({ name }) => name === values.client);
  if (client === undefined) throw new Error(`--client: there is no ${values.client}`);
  const version = await client.version();
  const folder = mkdtempSync(join(memoryFolder(), 'shoal-load-'));
  const content = makeDownload(folder, Number(values.size) * 2 ** 20);
  const session = await client.start({
    ...SEEDER,
    home: join(folder, 'seeder'),
    log: join(folder, 'seeder.log'),
  });
  const attackers = new Worker(join(import.meta.dirname, 'hostile/attackers.mjs'), {
    log: join(folder, 'attackers.log'),
  });
  setPriority(attackers.pid, Number(values.nice));
  const decoy = new Worker(join(import.meta.dirname, 'hostile/decoy.mjs'), {
    log: join(folder, 'attackers.log'),
  });
  try {
    if (values.decoy !== undefined) {
      await decoy.call('listen', { address: OWN.ip, port: DECOY_PORT, way: values.decoy });
    }
    const { torrent, directory } = content;
    const added = await session.add({ torrent, directory, seed: true });
    await waitComplete(session, added, values.client, 60_000);
    const addresses = Array.from({ length: Number(values.addresses) }, (_, index) =>
      ['10.97', 1 + Math.floor(index / 200), 1 + (index % 200)].join('.'),
    );
    const more = values['max-download'] === '0' ? [] : ['--max-download', values['max-download']];
    const scene = { content, seeder: SEEDER, own: OWN, folder, more };
    const profiled =
      values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
    const pairs = [];
    await download(scene); // the first one warms up caches, the seeder's too
    for (let pair = 0; pair < Number(values.pairs); pair += 1) {
      const under = (/** @type {number} */ port, /** @type {readonly string[]} */ nodeOptions) =>
        downloadUnder(attackers, () => download(scene, nodeOptions), {
          target: { address: OWN.ip, port, ...content },
          count: Number(values.connections),
          addresses,
          rate: Number(values.rate) * 1024,
          seed: Number(values.seed) + pair,
          ...(values.attacks === undefined ? {} : { names: values.attacks.split(',') }),
        });
      const plain = await download(scene);
      const beside = values.decoy === undefined ? undefined : await under(DECOY_PORT, []);
      const { attacked, attack } = await under(OWN.port, profiled);
      pairs.push({ plain, attacked, attack, beside });
      console.log(
        `pair ${pair + 1}: ${plain.seconds.toFixed(2)} s and ${attacked.seconds.toFixed(2)} s, CPU ${plain.cpu.toFixed(2)} and ${attacked.cpu.toFixed(2)} s, ` +
          `peak ${plain.peak.toFixed(0)} and ${attacked.peak.toFixed(0)} MiB, attackers ${attack.cpu.toFixed(2)} s CPU, ` +
          `${attack.meanOpen.toFixed(0)} open on average, ${attack.mostOpen} at most` +
          (beside === undefined
            ? ''
            : `; beside a decoy ${beside.attacked.seconds.toFixed(2)} s, CPU ${beside.attacked.cpu.toFixed(2)} s, attackers ${beside.attack.cpu.toFixed(2)} s CPU`),
      );
    }
    const verdict = judge(pairs, { client: version, values });
    console.log(values.json ? JSON.stringify(verdict) : verdict.text);
    if (values.record) {
      const { pairs: count, size, connections, rate } = values;
      const options = `--pairs ${count} --size ${size} --max-download ${values['max-download']}`;
      const isLimited = values['max-download'] !== '0';
      const line = isLimited
        ? `over a line of ${values['max-download']} a second`
        : 'as fast as the machine can';
      const area = `A download under ${connections} hostile connections, ${line} (attackers: at most ${rate} KiB/s together)`;
      const file = isLimited ? 'load-hostile' : 'load-hostile-unlimited';
      record(file, area, `pnpm nx run load:hostile -- ${options}`, verdict.rows);
    }
    // Time means nothing on a machine that does other things too; that it ends, and whole, does.
    return verdict.passed || values['no-judge'] ? 0 : 1;
  } finally {
    attackers.kill('SIGKILL');
    decoy.kill('SIGKILL');
    await session.stop();
    if (values.keep) console.log(folder);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {Worker} attackers
 * @param {() => ReturnType<typeof download>} run
 * @param {import('./lib/rpc.mjs').Values} attacking
 */
async function downloadUnder(attackers, run, attacking) {
  const before = await attackers.call('cpu');
  await attackers.call('start', attacking);
  const attacked = await run();
  const attack = await attackers.call('stop');
  const { seconds } = await attackers.call('cpu');
  return { attacked, attack: { ...attack, cpu: seconds - before.seconds } };
}

process.exitCode = await main();
