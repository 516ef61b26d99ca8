import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Esbuild {
  buildSync(options: object): unknown;
}

const cli = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const packages = resolve(cli, '..');
const out = join(cli, 'out-tsc', 'test-command');

/**
 * Bundles the command from its and its siblings' sources, so that no package has to be built first, and gives the script to
 * run. esbuild comes with tsup.
 */
export function buildCommand(): string {
  const require = createRequire(import.meta.url);
  const esbuild = createRequire(require.resolve('tsup'))('esbuild') as Esbuild;
  const dist = join(out, `${process.pid}`, 'dist');
  mkdirSync(dist, { recursive: true });
  copyFileSync(join(cli, 'package.json'), join(dist, '..', 'package.json'));
  esbuild.buildSync({
    entryPoints: {
      bin: join(cli, 'src/bin.ts'),
      'end-process': join(cli, 'src/end-process.ts'),
      'hash-worker': join(packages, 'metainfo/src/create/hash-worker.ts'),
      'disk-worker': join(packages, 'client/src/disk/disk-worker.ts'),
    },
    outdir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@shoal/source'],
    external: ['yargs', 'cli-progress', 'picocolors', 'pretty-bytes', 'string-argv'],
  });
  return join(dist, 'bin.js');
}

/** Removes what {@link buildCommand} made. */
export function removeCommand(): void {
  rmSync(join(out, `${process.pid}`), { recursive: true, force: true });
}

/** A run of the command as a process of its own. */
export class CommandProcess {
  readonly child: ChildProcessWithoutNullStreams;
  out = '';
  err = '';
  readonly ended: Promise<number | NodeJS.Signals>;

  constructor(
    script: string,
    args: readonly string[],
    env: Record<string, string> = {},
    cwd: string = process.cwd(),
  ) {
    const { NODE_OPTIONS: _options, ...inherited } = process.env;
    this.child = spawn(process.execPath, [script, ...args], { cwd, env: { ...inherited, ...env } });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.ended = new Promise((done, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        done(code ?? signal ?? -1);
      });
    });
  }

  /** Resolves once stdout holds the text; rejects where the process ends without it. */
  async says(text: string): Promise<void> {
    while (!this.out.includes(text)) {
      const more = new Promise((done) => this.child.stdout.once('data', done));
      const end = await Promise.race([more, this.ended.then(() => 'end' as const)]);
      if (end === 'end' && !this.out.includes(text)) {
        throw new Error(`ended without saying ${text}: ${this.out}${this.err}`);
      }
    }
  }
}
