// Shows that each package can be released on its own: a dry run of `nx release` for one package at a time must plan the
// next version of that package and of the packages that depend on it, and of no other.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const nx = join(root, 'node_modules', '.bin', 'nx');
const manifests = new Map(
  readdirSync(join(root, 'packages'))
    .sort()
    .map((folder) => [
      folder,
      JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')),
    ]),
);

/** The package and all that depend on it, directly or not. */
function affectedBy(folder) {
  const affected = new Set([folder]);
  for (const each of affected) {
    const { name } = manifests.get(each);
    for (const [other, { dependencies = {}, devDependencies = {} }] of manifests) {
      // The command bundles its siblings: to it they are development dependencies.
      if (name in dependencies || name in devDependencies) affected.add(other);
    }
  }
  return [...affected].sort();
}

function nextPatch(version) {
  const [major, minor, patch] = version.split('.').map(Number);
  return `${major}.${minor}.${patch + 1}`;
}

for (const folder of manifests.keys()) {
  const printed = execFileSync(
    nx,
    ['release', 'version', 'patch', '--projects', folder, '--dry-run', '--first-release'],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0' },
    },
  );
  const planned = [
    ...printed.matchAll(/New version (\S+) written to manifest: packages\/([^/]+)\//g),
  ]
    .map(([, version, each]) => `${each} ${version}`)
    .sort();
  const wanted = affectedBy(folder).map(
    (each) => `${each} ${nextPatch(manifests.get(each).version)}`,
  );
  if (planned.join() !== wanted.join()) {
    throw new Error(`${folder}: planned ${planned.join()}, not ${wanted.join()}\n${printed}`);
  }
  console.log(`${folder}: a dry run plans ${planned.join(', ')}`);
}
