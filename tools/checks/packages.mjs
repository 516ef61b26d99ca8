// Packs every published package and looks at the tarballs as a stranger would: publint and attw find nothing to say, and all
// libraries together install into an empty ESM project and an empty CommonJS project, offline, and work there (see
// try-packages.mjs); the command installs alone and works.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const work = mkdtempSync(join(tmpdir(), 'shoal-packages-'));

function run(command, args, cwd) {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Packs all packages: their manifests with the place of each tarball. */
function pack() {
  const folders = readdirSync(join(root, 'packages')).sort();
  const pnpm = ['--yes', '--prefer-offline', 'pnpm@12.21.0'];
  run('npx', [...pnpm, '-r', '--filter', './packages/*', 'pack', '--pack-destination', work], root);
  return folders.map((folder) => {
    const manifest = JSON.parse(
      readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'),
    );
    const { name, version } = manifest;
    return {
      ...manifest,
      tarball: join(work, `${name.slice(1).replace('/', '-')}-${version}.tgz`),
    };
  });
}

/** What publint and attw find in a tarball; nothing when all is well. */
async function complaints({ name, bin: command, tarball }) {
  const checks = [[bin('publint'), ['run', '--strict', tarball]]];
  // The command has no types to look at.
  if (command === undefined) {
    checks.push([bin('attw'), [tarball, '--profile', 'node16', '--no-emoji', '--format', 'ascii']]);
  }
  const found = [];
  for (const [tool, args] of checks) {
    try {
      await promisify(execFile)(tool, args, { cwd: root });
    } catch (error) {
      found.push(`${name}: ${tool.split('/').at(-1)} complains\n${error.stdout ?? error}`);
    }
  }
  if (found.length === 0) console.log(`${name}: nothing to complain of`);
  return found;
}

/** Installs the libraries into an empty project and runs try-packages.mjs in it. */
function tryInstalled(type, libraries) {
  const project = join(work, type);
  mkdirSync(project);
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: `try-${type}`, private: true, type }),
  );
  const install = ['install', '--no-audit', '--no-fund', '--offline', '--ignore-scripts'];
  run('npm', [...install, ...libraries.map(({ tarball }) => tarball)], project);
  copyFileSync(join(here, 'try-packages.mjs'), join(project, 'try-packages.mjs'));
  const entries = libraries.flatMap(({ name, exports }) =>
    Object.keys(exports)
      .filter((path) => path !== './package.json')
      .map((path) => name + path.slice(1)),
  );
  console.log(run(process.execPath, ['try-packages.mjs', type, ...entries], project).trim());
}

/** Installs the command alone into an empty project and has it make, check and show a torrent: it must bring all it runs. */
function tryCommand({ tarball, version }) {
  const project = join(work, 'command');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'try', private: true }));
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--offline', '--ignore-scripts', tarball],
    project,
  );
  writeFileSync(join(project, 'content.bin'), randomBytes(1_000_000));
  const shoal = (...args) => run(join(project, 'node_modules', '.bin', 'shoal'), args, project);
  assert.equal(shoal('--version'), `${version}\n`);
  // Bundled apart from the rest: what lays out help, and the scripts of both kinds of worker threads.
  assert.match(shoal('--help'), /shoal download <source/);
  shoal('create', 'content.bin', '--quiet');
  assert.match(shoal('verify', 'content.bin.torrent'), /whole, all \d+ pieces match/);
  assert.match(shoal('info', 'content.bin.torrent'), /Info-hash: +[0-9a-f]{40}/);
  console.log('the command works without anything beside it');
}

try {
  const packages = pack();
  const found = (await Promise.all(packages.map(complaints))).flat();
  for (const complaint of found) console.error(complaint);
  const libraries = packages.filter(({ bin: command }) => command === undefined);
  for (const type of ['module', 'commonjs']) tryInstalled(type, libraries);
  tryCommand(packages.find(({ bin: command }) => command !== undefined));
  process.exitCode = found.length === 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
