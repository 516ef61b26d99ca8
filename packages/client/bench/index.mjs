// All cases, one JSON line each: the piece picker, the disk, a download over loopback. Run `pnpm build` first.
//
//   node bench/index.mjs [MiB per case of disk and download, default 256] [folder, best on tmpfs]
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const places = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const [mebibytes = '256', folder = tmpdir()] = places;

/** Each in a process of its own, so that none meets what another has left in memory. */
async function run(script, ...args) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { cwd, stdio: 'inherit' });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
}

await run('picker.mjs');
await run('disk.mjs', folder, mebibytes);
await run('download.mjs', mebibytes, folder);
