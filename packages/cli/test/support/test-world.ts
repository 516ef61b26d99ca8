import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startClient } from '../../src/engine.ts';
import { runCli } from '../../src/main.ts';
import type { World } from '../../src/world.ts';

/** A world that remembers what was printed. */
export class TestWorld implements World {
  out = '';
  err = '';
  /** What can be read. */
  input = '';
  readonly exits: number[] = [];
  readonly emitter = new EventEmitter();
  readonly signals = this.emitter;
  readonly stdout;
  readonly stderr;
  env: World['env'] = { HOME: '/nowhere' };
  readonly platform = 'linux' as const;
  startClient = startClient;
  closeTimeout = 4000;

  constructor(terminal: { isTTY?: boolean; columns?: number; rows?: number } = {}) {
    this.stdout = { ...terminal, write: (text: string) => (this.out += text) };
    this.stderr = { write: (text: string) => (this.err += text) };
  }

  stdin: World['stdin'] = async function* (this: TestWorld): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield Buffer.from(this.input);
  }.bind(this);

  readonly exitNow = (code: number): void => {
    this.exits.push(code);
  };

  readonly runAgain = (args: readonly string[]): Promise<number> => runCli(args, this);

  run(...args: string[]): Promise<number> {
    return runCli(args, this);
  }

  /** What was printed, as JSON lines. */
  get lines(): Record<string, unknown>[] {
    return this.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

/** A folder of its own for each test. */
export function useFolder(): {
  readonly path: string;
  write(name: string, bytes: Uint8Array | string): Promise<string>;
} {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'shoal-cli-'));
  });
  afterEach(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return {
    get path() {
      return path;
    },
    async write(name, bytes) {
      const absolute = join(path, name);
      await mkdir(dirname(absolute), { recursive: true });
      await writeFile(absolute, bytes);
      return absolute;
    },
  };
}

/** The bytes of a small torrent: one file `name`, or a folder of `files`; its hashes fit nothing. */
export function tinyTorrent(
  name: string,
  { files, trackers = [] }: { files?: string[]; trackers?: string[] } = {},
): Uint8Array {
  const text = (value: string): string => `${Buffer.byteLength(value)}:${value}`;
  const content =
    files === undefined
      ? '6:lengthi100e'
      : `5:filesl${files.map((path) => `d6:lengthi100e4:pathl${text(path)}ee`).join('')}e`;
  const announce = trackers[0] === undefined ? '' : `8:announce${text(trackers[0])}`;
  return Buffer.from(
    `d${announce}4:infod${content}4:name${text(name)}12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}ee`,
  );
}
