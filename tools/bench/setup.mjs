// @ts-check
/**
 * Installs the other clients: Debian's packages (as root on Debian 12) and npm's, into folders of the rig outside the
 * repository. Safe to run again.
 *
 *   node setup.mjs [--npm-only]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { settings } from './lib/settings.mjs';

const DEBIAN = [
  ...['aria2', 'transmission-daemon', 'transmission-cli', 'qbittorrent-nox', 'mktorrent'],
  ...['python3-libtorrent', 'gcc', 'libc6-dev', 'iproute2', 'util-linux', 'opentracker'],
];

/**
 * Folder, packages, and what the folder's package.json must hold besides. Install scripts are not run: native add-ons are fetched from elsewhere.
 * @type {readonly { folder: string, packages: string[], manifest?: object, scripts?: boolean }[]}
 */
const NPM = [
  // The package is the Node binary itself, which its install step puts in place.
  { folder: 'node24', packages: ['node@24'], scripts: true },
  // webtorrent 2.8.5 breaks with uint8-util 2.3: arr2hex is given a string.
  {
    folder: 'wt2',
    packages: ['webtorrent@2.8.5'],
    manifest: { overrides: { 'uint8-util': '2.2.5' } },
  },
  { folder: 'wt3', packages: ['webtorrent@3'] },
  { folder: 'npm', packages: ['create-torrent', 'parse-torrent', 'bencode', 'bittorrent-tracker'] },
];

/** Instead of WebRTC, whose native part is not built: TCP does not need it. */
const NO_WEBRTC =
  'export const RTCPeerConnection = undefined, RTCSessionDescription = undefined, RTCIceCandidate = undefined;\nexport default {};\n';

/** @param {string} command @param {string[]} args @param {import('node:child_process').SpawnSyncOptions} [options] */
function run(command, args, options) {
  console.log(`$ ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (status !== 0) throw new Error(`${command} failed${error ? `: ${error.message}` : ''}`);
}

function installDebian() {
  // While policy-rc.d answers 101, the packages' scripts start no service.
  const policy = '/usr/sbin/policy-rc.d';
  const mine = !existsSync(policy);
  if (mine) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    run('apt-get', ['install', '-y', '--no-install-recommends', ...DEBIAN], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } finally {
    if (mine) rmSync(policy);
  }
}

function installNpm() {
  const node24 = join(settings.peers, 'node24/node_modules/node/bin/node');
  for (const { folder, packages, manifest, scripts } of NPM) {
    const where = join(settings.peers, folder);
    if (existsSync(join(where, 'node_modules'))) continue;
    mkdirSync(where, { recursive: true });
    writeFileSync(
      join(where, 'package.json'),
      JSON.stringify({ name: folder, private: true, ...manifest }),
    );
    const flags = ['--no-audit', '--no-fund', ...(scripts ? [] : ['--ignore-scripts'])];
    // webtorrent 3 wants the Node that it will run on.
    const path =
      folder === 'wt3' ? `${dirname(node24)}:${process.env['PATH']}` : process.env['PATH'];
    run('npm', ['install', ...flags, ...packages], {
      cwd: where,
      env: { ...process.env, PATH: path },
    });
    const webrtc = join(where, 'node_modules/webrtc-polyfill/index.js');
    if (existsSync(webrtc)) writeFileSync(webrtc, NO_WEBRTC);
  }
}

if (!process.argv.includes('--npm-only')) {
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) installDebian();
  else console.log(`not root on Debian; install yourself what you want: ${DEBIAN.join(' ')}`);
}
installNpm();
console.log(`peers are in ${settings.peers}`);
