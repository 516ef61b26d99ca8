/**
 * Loopback throughput and CPU of a connection, and events per second of the simulated network. Prints one JSON line per
 * case. The other side runs in a worker thread of the same process, so CPU is that of both sides together, except for
 * `main`, the share of time for which the measuring thread was busy.
 */
import { performance } from 'node:perf_hooks';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createNodeNetwork } from '../dist/index.js';
import { SimWorld } from '../dist/sim.js';

const MIB = 1_048_576;
const TOTAL = 512 * MIB;
const BLOCK = 16_384;
const LOOPBACK = { address: '127.0.0.1', port: 0 };

/** Sends TOTAL bytes in corked batches of blocks. */
function flood(connection, total, batch = 32) {
  const block = new Uint8Array(BLOCK);
  let sent = 0;
  const more = () => {
    let goOn = true;
    while (goOn && sent < total) {
      connection.cork();
      for (let count = 0; count < batch && sent < total; count++) {
        goOn = connection.write(block);
        sent += BLOCK;
      }
      connection.uncork();
    }
    if (sent >= total) connection.close();
  };
  return more;
}

function attach(connection, { onData = () => {}, onDrain = () => {}, onClose = () => {} }) {
  connection.attach({ onData, onDrain, onClose });
}

if (!isMainThread) {
  const { port, role, connections } = workerData;
  const network = createNodeNetwork();
  for (let count = 0; count < connections; count++) {
    const connection = await network.connect({ address: '127.0.0.1', port });
    const more = flood(connection, TOTAL / connections);
    attach(connection, { onDrain: role === 'send' ? more : () => {} });
    if (role === 'send') more();
  }
  parentPort.unref();
}

/** The main thread accepts; the worker connects and sends or receives. */
async function transfer(name, { receive, sends, connections = 1, batch }) {
  const network = createNodeNetwork(receive === undefined ? {} : { receive });
  let received = 0;
  let open = connections;
  let over;
  const done = new Promise((resolve) => (over = resolve));
  const listener = await network.listen(LOOPBACK, (connection) => {
    const more = sends ? flood(connection, TOTAL / connections, batch) : undefined;
    attach(connection, {
      onData: (chunk) => (received += chunk.length),
      onDrain: more,
      onClose: () => --open === 0 && over(),
    });
    more?.();
  });
  const start = performance.now();
  const cpu = process.cpuUsage();
  const busy = performance.eventLoopUtilization();
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { port: listener.endpoint.port, role: sends ? 'receive' : 'send', connections },
  });
  await done;
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const utilization = performance.eventLoopUtilization(busy).utilization;
  await Promise.all([worker.terminate(), listener.close()]);
  const gib = TOTAL / 2 ** 30;
  console.log(
    JSON.stringify({
      case: name,
      megabytesPerSecond: Math.round(TOTAL / 1e6 / seconds),
      cpuSecondsPerGiBBothSides: Number(((used.user + used.system) / 1e6 / gib).toFixed(2)),
      main: Number(utilization.toFixed(2)),
      mainSecondsPerGiB: Number(((utilization * seconds) / gib).toFixed(2)),
      ...(sends ? {} : { receivedMiB: Math.round(received / MIB) }),
    }),
  );
}

/** Every host sends 16 MiB, in blocks, to the next few. */
async function simulate() {
  const HOSTS = 51;
  const EACH = 4;
  const world = new SimWorld({ seed: 1 });
  let received = 0;
  const total = HOSTS * 16 * MIB;
  const hosts = Array.from({ length: HOSTS }, (_, index) =>
    world.host({
      address: `10.0.0.${index + 1}`,
      bandwidthUp: MIB,
      bandwidthDown: 4 * MIB,
      latency: 25,
    }),
  );
  for (const host of hosts) {
    await host.network.listen({ address: host.address, port: 1 }, (connection) =>
      attach(connection, { onData: (chunk) => (received += chunk.length) }),
    );
  }
  for (const [index, host] of hosts.entries()) {
    for (let next = 1; next <= EACH; next++) {
      const to = { address: `10.0.0.${((index + next) % HOSTS) + 1}`, port: 1 };
      void host.network.connect(to).then((connection) => {
        const more = flood(connection, (16 * MIB) / EACH);
        attach(connection, { onDrain: more });
        more();
      });
    }
  }
  const start = performance.now();
  await world.run({ until: () => received === total, limit: 3_600_000 });
  const seconds = (performance.now() - start) / 1000;
  console.log(
    JSON.stringify({
      case: `simulated: ${HOSTS} hosts, 16 MiB each`,
      seconds: Number(seconds.toFixed(2)),
      virtualSeconds: Math.round(world.now / 1000),
      events: world.events,
      eventsPerSecond: Math.round(world.events / seconds),
    }),
  );
}

if (isMainThread) {
  for (const connections of [1, 50]) {
    await transfer(`receive, shared buffer, ${connections} connections`, {
      receive: 'shared',
      connections,
    });
    await transfer(`receive, data events, ${connections} connections`, {
      receive: 'events',
      connections,
    });
  }
  await transfer('send, batches of 1 block', { sends: true, batch: 1 });
  await transfer('send, batches of 32 blocks', { sends: true, batch: 32 });
  await simulate();
}
