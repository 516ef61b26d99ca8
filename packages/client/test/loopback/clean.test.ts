import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TrackerServer } from '@shoal/tracker';
import { bundle } from '../support/bundle.ts';
import { figure } from '../support/figure.ts';

/** What a process has of its own: its pipes to us. */
const OWN = new Set(['PipeWrap', 'TTYWrap']);

interface Handles {
  readonly state: string;
  readonly time: number;
  readonly left: string[];
}

interface Cycles {
  readonly measured: { readonly heap: number; readonly buffers: number }[];
  readonly resources: number[];
  readonly torrents: number;
  readonly left: string[];
}

describe('what is left', () => {
  let folder: string;
  let script: string;
  let servers: Server[];
  let tracker: TrackerServer;
  let url: string;
  const accepted = new Set<Socket>();
  const clung = new Set<Socket>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-clean-'));
    script = await bundle('clean-child', join(folder, 'bundle'));
    // One accepts connections and says nothing, one answers the handshake; neither closes its side.
    const silent = createServer({ allowHalfOpen: true }, (socket) => {
      accepted.add(socket);
      socket.on('error', () => undefined).resume();
    });
    const clinging = createServer({ allowHalfOpen: true }, (socket) => {
      clung.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', (handshake: Buffer) => socket.write(Buffer.from(handshake).fill(7, 48)));
    });
    servers = [silent, clinging];
    for (const server of servers)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    tracker = new TrackerServer();
    const endpoint = await tracker.listen({ port: 0, address: '127.0.0.1' });
    url = `http://127.0.0.1:${endpoint.port}/announce`;
  });

  afterAll(async () => {
    for (const socket of [...accepted, ...clung]) socket.destroy();
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    await tracker.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the child; it must end by itself. */
  async function run(mode: string): Promise<unknown> {
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--expose-gc', script, mode, join(folder, mode), url, ports.join()],
      { timeout: 50_000, env: { ...process.env, NODE_OPTIONS: '' } },
    );
    return JSON.parse(stdout) as unknown;
  }

  it('after close() no timer, socket, file, worker or watcher', async () => {
    const { state, time, left } = (await run('handles')) as Handles;
    expect(state).toBe('closed');
    expect(accepted.size).toBeGreaterThan(0);
    expect(clung.size).toBeGreaterThan(0);
    expect(left.filter((resource) => !OWN.has(resource))).toEqual([]);
    // Peers that do not answer are not waited for.
    expect(time).toBeLessThan(4_000);
  }, 60_000);

  it('after 200 torrents were added, downloaded and removed: no memory, no handle', async () => {
    const { measured, resources, torrents, left } = (await run('cycles')) as Cycles;
    const [first, ...later] = measured;
    const last = later.at(-1);
    const growth = {
      heap: (last?.heap ?? 0) - (first?.heap ?? 0),
      buffers: (last?.buffers ?? 0) - (first?.buffers ?? 0),
    };
    figure(`cycles 50 to 200: ${JSON.stringify(growth)} bytes more, of ${JSON.stringify(first)}`);
    expect(torrents).toBe(0);
    // 150 torrents that stay would be some 100 KiB each.
    expect(growth.heap).toBeLessThan(1_500_000);
    expect(growth.buffers).toBeLessThan(1_500_000);
    expect(resources.at(-1)).toBeLessThanOrEqual((resources[0] ?? 0) + 2);
    expect(left.filter((resource) => !OWN.has(resource))).toEqual([]);
  }, 60_000);
});
