// @ts-check
/** The attackers: a process of its own that keeps many hostile connections open, or tries to. */
import { clearInterval, setInterval } from 'node:timers';
import { seededRandom } from '../../interop/lib/random.mjs';
import { attacks, Budget, Hostile } from '../lib/attacks.mjs';
import { serve } from '../lib/rpc.mjs';

/** Milliseconds until an attacker that was thrown out comes back: half of it to one and a half. */
const COMES_BACK = 400;
/** Milliseconds until one that could not connect tries again: the client may not listen yet. */
const TRIES_AGAIN = 50;

let running = false;
/** @type {Set<Hostile>} */
const open = new Set();
/** Since the beginning, by attack. @type {Map<string, { tried: number, connected: number }>} */
const counts = new Map();
/** Connections open at each look. @type {number[]} */
let looks = [];
let budget = new Budget(0);
let places = /** @type {Promise<void>[]} */ ([]);
/** @type {NodeJS.Timeout | undefined} */
let looking;

/**
 * One attacker, who comes back again and again.
 *
 * @param {number} index
 * @param {import('../lib/attacks.mjs').Target} target
 * @param {{ addresses: readonly string[], random: () => number, names: readonly string[] }} means
 */
async function attacker(index, target, { addresses, random, names }) {
  const name = names[index % names.length] ?? '';
  const attack = attacks[name];
  if (attack === undefined) throw new Error(`there is no attack ${name}`);
  const from = addresses[index % addresses.length] ?? '';
  const count = counts.get(name) ?? { tried: 0, connected: 0 };
  counts.set(name, count);
  await sleep(random() * COMES_BACK);
  while (running) {
    const hostile = new Hostile({ target, from, budget, random }, attack);
    open.add(hostile);
    count.tried += 1;
    await hostile.over;
    open.delete(hostile);
    if (hostile.connected) count.connected += 1;
    if (running) await sleep(hostile.connected ? COMES_BACK * (0.5 + random()) : TRIES_AGAIN);
  }
}

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

serve(
  {
    start: ({ target, count, addresses, rate, seed, names = Object.keys(attacks) }) => {
      running = true;
      counts.clear();
      looks = [];
      budget = new Budget(rate);
      const random = seededRandom(seed);
      const at = { ...target, infoHash: Buffer.from(target.infoHash, 'hex') };
      places = Array.from({ length: count }, (_, index) =>
        attacker(index, at, { addresses, random, names }),
      );
      looking = setInterval(() => {
        let connected = 0;
        for (const hostile of open) if (hostile.connected) connected += 1;
        looks.push(connected);
      }, 100);
    },
    stop: async () => {
      running = false;
      clearInterval(looking);
      for (const hostile of open) hostile.end();
      await Promise.all(places);
      return {
        counts: Object.fromEntries(counts),
        mostOpen: Math.max(0, ...looks),
        meanOpen: looks.reduce((sum, each) => sum + each, 0) / Math.max(1, looks.length),
        sent: budget.sent,
      };
    },
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return { seconds: (user + system) / 1e6 };
    },
  },
  () => process.exit(1),
);
