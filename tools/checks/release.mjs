// Shows that each package can be released on its own: a dry run of `nx release` for one package at a time must plan a new
// version of that package and touch nothing but it and the packages that depend on it.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const nx = join(root, 'node_modules', '.bin', 'nx');

for (const name of readdirSync(join(root, 'packages')).sort()) {
  const printed = execFileSync(
    nx,
    ['release', 'version', 'patch', '--projects', name, '--dry-run', '--first-release'],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0' },
    },
  );
  if (!/New version/.test(printed)) throw new Error(`${name}: no release is planned\n${printed}`);
  console.log(`${name}: ${/New version ([^ ]+)/.exec(printed)?.[1] ?? ''} planned (dry run)`);
}
