// Packs every published package and looks at the tarballs as a stranger would: publint and attw find nothing to say, and
// @shoal/bencode installs into an empty ESM project and an empty CommonJS project and works there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const pnpm = ['npx', ['--yes', '--prefer-offline', 'pnpm@12.21.0']];
const work = mkdtempSync(join(tmpdir(), 'shoal-packages-'));

function run(command, args, options = {}) {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
}

function pack(folder) {
  run(pnpm[0], [...pnpm[1], 'pack', '--pack-destination', work], { cwd: folder });
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(work, `${name.slice(1).replace('/', '-')}-${version}.tgz`);
}

function tryInstall(type, tarball, file, source) {
  const project = join(work, type);
  mkdirSync(project);
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: `try-${type}`, private: true, type }),
  );
  run('npm', ['install', '--no-audit', '--no-fund', '--offline', tarball], { cwd: project });
  writeFileSync(join(project, file), source);
  const printed = run(process.execPath, [file], { cwd: project }).trim();
  if (printed !== 'd3:key5:valuee') throw new Error(`${type}: printed ${printed}`);
  console.log(`@shoal/bencode works in an empty ${type} project`);
}

let failed = 0;
try {
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const folder = join(root, 'packages', name);
    const tarball = pack(folder);
    const checks = [[bin('publint'), ['run', '--strict', tarball]]];
    // The command has no types to look at.
    if (name !== 'cli')
      checks.push([
        bin('attw'),
        [tarball, '--profile', 'node16', '--no-emoji', '--format', 'ascii'],
      ]);
    for (const [command, args] of checks) {
      try {
        run(command, args, { cwd: folder });
        console.log(`${name}: ${command.split('/').at(-1)} found nothing`);
      } catch (error) {
        failed += 1;
        console.error(`${name}: ${command.split('/').at(-1)} complains\n${error.stdout ?? error}`);
      }
    }
    if (name !== 'bencode') continue;
    const use = `console.log(Buffer.from(encode({ key: 'value' })).toString());\n`;
    tryInstall('module', tarball, 'try.js', `import { encode } from '@shoal/bencode';\n${use}`);
    tryInstall(
      'commonjs',
      tarball,
      'try.js',
      `const { encode } = require('@shoal/bencode');\n${use}`,
    );
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
