// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilAnswers } from './client.mjs';
import { Program, run } from '../lib/process.mjs';
import { delay, waitFor } from '../lib/wait.mjs';
import { call } from './scgi.mjs';

/** What is asked of a torrent. */
const FIELDS = [
  'd.complete',
  'd.hashing',
  'd.is_active',
  'd.left_bytes',
  'd.up.total',
  'd.down.total',
  'd.message',
];

/** ms for which a torrent may be missing in its list. */
const ABSENCE = 10_000;

/** rtorrent without a terminal, driven by XML-RPC over SCGI. @type {import('./client.mjs').Client} */
export const rtorrent = {
  name: 'rtorrent',
  // It has no notion of padding files (BEP 47): to it they are files. Metadata stays beside the content.
  finds: ['udp', 'pex', 'dht'],
  leaves: /^[^/]+\/\.pad\/\d+$|^[0-9A-F]{40}\.meta$/,

  version: async () => {
    const text = await run(['rtorrent', '-h'], { home: '/tmp', log: '/dev/null', timeout: 20_000 });
    return `rtorrent ${/version ([\d.]*\d)/.exec(text)?.[1] ?? 'of unknown version'}`;
  },

  start: async ({ ip, port, rpcPort, rpcIp, enter, home, log, discovery }) => {
    const session = join(home, 'session');
    mkdirSync(session, { recursive: true });
    const config = join(home, 'rtorrent.rc');
    writeFileSync(
      config,
      [
        `directory.default.set = ${home}`,
        `session.path.set = ${session}`,
        `network.bind_address.set = ${ip}`,
        `network.port_range.set = ${port}-${port}`,
        'network.port_random.set = no',
        `network.scgi.open_port = ${rpcIp}:${rpcPort}`,
        'protocol.encryption.set = none',
        `protocol.pex.set = ${discovery.pex ? 'yes' : 'no'}`,
        // It takes no torrent without trackers unless its DHT is on. A node that is told of no other one finds nobody.
        `dht.mode.set = ${enter.length > 0 ? 'on' : 'disable'}`,
        `dht.port.set = ${port}`,
        'trackers.use_udp.set = yes',
        'system.file.allocate.set = 0',
        'system.daemon.set = true',
        `log.open_file = "log", ${log}`,
        'log.add_output = "info", "log"',
        'log.add_output = "torrent_info", "log"',
        'log.add_output = "tracker_info", "log"',
        '',
      ].join('\n'),
    );
    const program = new Program([...enter, 'rtorrent', '-n', '-o', `import=${config}`], {
      home,
      log,
    });

    /**
     * @param {string} method
     * @param {...string} params
     */
    const ask = async (method, ...params) => {
      try {
        return await call({ ip: rpcIp, port: rpcPort }, method, params);
      } catch (error) {
        // Its connection ends a little before it does.
        await Promise.race([program.exited, delay(200)]);
        if (program.ended) throw new Error(`rtorrent ${program.verdict}`, { cause: error });
        throw error;
      }
    };
    const listed = async () =>
      /** @type {string[]} */ (await ask('download_list', '')).map((hash) => hash.toLowerCase());

    await untilAnswers(program, 'rtorrent', () => ask('system.client_version'));

    for (const node of discovery.dht ?? []) {
      await ask('dht.add_node', '', `${node.ip}:${node.port}`);
    }

    let lastListed = 0;
    return {
      add: async ({ torrent, directory, uploadLimit = 0, downloadLimit = 0 }) => {
        mkdirSync(directory, { recursive: true });
        const known = await listed();
        const limited = uploadLimit > 0 || downloadLimit > 0;
        const throttle = `torrent-${known.length}`;
        if (limited) {
          /** In KiB per second; 0: none. @param {number} limit */
          const rate = (limit) => `${Math.ceil(limit / 1024)}`;
          await ask('throttle.up', throttle, rate(uploadLimit));
          await ask('throttle.down', throttle, rate(downloadLimit));
        }
        await ask(
          'load.start_verbose',
          '',
          torrent,
          `d.directory.set="${directory}"`,
          ...(limited ? [`d.throttle_name.set=${throttle}`] : []),
        );
        // It does not answer with the hash: it is the one entry that was not there before.
        const added = await waitFor('rtorrent lists the torrent', 30_000, async () =>
          (await listed()).find((hash) => !known.includes(hash)),
        );
        lastListed = Date.now();
        return added;
      },
      status: async (infoHash) => {
        const list = /** @type {(string | number)[][]} */ (
          await ask('d.multicall2', '', 'main', 'd.hash=', ...FIELDS.map((field) => `${field}=`))
        );
        const row = list.find(([hash]) => String(hash).toLowerCase() === infoHash);
        if (!row) {
          // It takes a magnet link away when it has the metadata, and adds the torrent then.
          if (Date.now() - lastListed > ABSENCE)
            throw new Error(`rtorrent does not know torrent ${infoHash}`);
          return { complete: false, text: 'not listed' };
        }
        lastListed = Date.now();
        const [, complete, hashing, active, left, uploaded, downloaded, message] = row;
        const said = String(message ?? '');
        if (said !== '' && !said.startsWith('Tracker: ')) throw new Error(`rtorrent: ${said}`);
        return {
          complete: complete === 1 && hashing === 0 && active === 1,
          text: `${left} bytes left, ${hashing === 0 ? '' : 'checking'} ${said}`.trim(),
          uploaded: Number(uploaded),
          downloaded: Number(downloaded),
        };
      },
      stop: () => program.stop({ signal: 'SIGINT' }),
      kill: () => program.kill(),
    };
  },
};
