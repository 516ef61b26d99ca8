/* eslint-disable no-console -- a program that prints its figures */
import { parseArgs } from 'node:util';
import { buildWorld, churn, tryLookups } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    dead: { type: 'string', default: '0.2' },
    hostile: { type: 'string', default: '0.1' },
    loss: { type: 'string', default: '0' },
    tries: { type: 'string', default: '1000' },
    churn: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
  },
});

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
const collect = (globalThis as { gc?: () => void }).gc;
const heap = (): number => {
  collect?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const nodes = Number(values.nodes);
const before = heap();
const start = process.cpuUsage();
const dht = await buildWorld({
  seed: Number(values.seed),
  nodes,
  dead: Number(values.dead),
  hostile: Number(values.hostile),
  loss: Number(values.loss),
});
const seconds = (): string => (process.cpuUsage(start).user / 1e6).toFixed(1);
const contacts = dht.members.map(({ node }) => node.nodeCount).sort((a, b) => a - b);
console.log(
  `${nodes} nodes, ${dht.members.length} honest and alive, ${dht.hostile.length} hostile; ` +
    `contacts ${contacts[0]}–${contacts.at(-1)}, median ${contacts[contacts.length >> 1]}; ` +
    `${dht.world.events} events, ${seconds()} s of CPU`,
);
if (collect !== undefined) {
  console.log(`memory per node, simulated host included: ${kib((heap() - before) / nodes)}`);
}
console.log(JSON.stringify(await tryLookups(dht, Number(values.tries))));
const sums = new Map<string, number>();
const add = (name: string, value: number): void => {
  sums.set(name, (sums.get(name) ?? 0) + value);
};
for (const { node } of dht.members) {
  const { families, queries, malformed } = node.stats;
  add('malformed', malformed);
  for (const [name, value] of Object.entries(queries)) add(`queries ${name}`, value);
  for (const { transactions } of families) {
    for (const [name, value] of Object.entries(transactions)) add(name, value);
  }
}
console.log(JSON.stringify(Object.fromEntries(sums)));
if (Number(values.churn) > 0) {
  console.log(`${values.churn} minutes of churn`);
  console.log(JSON.stringify(await churn(dht, Number(values.churn), 10)));
}
console.log(`${dht.world.events} events, ${seconds()} s of CPU`);
await dht.close();
