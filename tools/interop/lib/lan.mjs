// @ts-check
/**
 * A local network inside the harness's own namespace: machines with one address each, on a bridge. Multicast works there as in any
 * house, and a program that binds to no address is known by its machine's.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { waitFor } from './wait.mjs';

/** The harness's own address in the network: trackers and web servers are there, too. */
export const LAN_GATEWAY = '10.98.0.1';
const PREFIX = 16;
/** The network's IPv6 prefix (64 bits), and the harness's own address in it. */
const NET6 = 'fd00:98::';
export const LAN_GATEWAY6 = `${NET6}1`;
const BRIDGE = 'lan';
const HOSTS_PER_NET = 200;

let made = false;
let hosts = 0;

/**
 * @typedef {object} Machine
 * @property {string} ip
 * @property {string[]} ips all its addresses
 * @property {string[]} enter words that go before a command, to run it there
 * @property {() => Promise<void>} end
 */

/**
 * @param {readonly string[]} command
 * @param {string} [input]
 */
function must(command, input) {
  const [file = '', ...args] = command;
  const done = spawnSync(file, args, { encoding: 'utf8', ...(input ? { input } : {}) });
  if (done.status !== 0) {
    throw new Error(`${command.join(' ')}: ${done.error?.message ?? done.stderr.trim()}`);
  }
}

/** The network itself, without any machine. */
export function makeLan() {
  if (made) return;
  made = true;
  must(
    ['ip', '-batch', '-'],
    // Without a router nobody asks who listens to which group: so groups go everywhere.
    `link add ${BRIDGE} type bridge mcast_snooping 0
     addr add ${LAN_GATEWAY}/${PREFIX} dev ${BRIDGE}
     addr add ${LAN_GATEWAY6}/64 dev ${BRIDGE} nodad
     link set ${BRIDGE} up\n`,
  );
}

/** @returns {string} an address of the network, not given out before */
function nextAddress() {
  const n = hosts++;
  return `10.98.${1 + Math.floor(n / HOSTS_PER_NET)}.${10 + (n % HOSTS_PER_NET)}`;
}

/** More addresses of the harness's own in the network. @param {number} count */
export function ownAddresses(count) {
  makeLan();
  const ips = Array.from({ length: count }, nextAddress);
  must(['ip', '-batch', '-'], ips.map((ip) => `addr add ${ip}/${PREFIX} dev ${BRIDGE}\n`).join(''));
  return ips;
}

/**
 * A machine more.
 *
 * @param {{ addresses?: number, ipv6?: boolean }} [options] `ipv6`: it has that alone
 * @returns {Promise<Machine>}
 */
export async function startMachine({ addresses = 1, ipv6 = false } = {}) {
  makeLan();
  const ips = Array.from({ length: addresses }, ipv6 ? () => `${NET6}${++hosts + 1}` : nextAddress);
  // Its namespace lasts as long as this program, and that as long as the harness keeps its stdin open.
  const holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise((resolve) => holder.once('close', resolve));
  const end = async () => {
    holder.kill('SIGKILL');
    await ended;
  };
  try {
    const { pid } = holder;
    const own = readlinkSync('/proc/self/ns/net');
    await waitFor(
      'the namespace of a machine',
      10_000,
      () => readlinkSync(`/proc/${pid}/ns/net`) !== own,
      10,
    );
    const enter = ['nsenter', `--net=/proc/${pid}/ns/net`];
    must(
      ['ip', '-batch', '-'],
      `link add m${pid} type veth peer name eth0 netns ${pid}
       link set m${pid} master ${BRIDGE} up\n`,
    );
    // No way leads out of the network: whoever asks for a name of the world outside is told so at once.
    must(
      [...enter, 'ip', '-batch', '-'],
      `link set lo up
       ${ips.map((ip) => (ipv6 ? `addr add ${ip}/64 dev eth0 nodad` : `addr add ${ip}/${PREFIX} dev eth0`)).join('\n')}
       link set eth0 up
       ${ipv6 ? '' : 'route add 224.0.0.0/4 dev eth0'}\n`,
    );
    return {
      ip: ips[0] ?? '',
      ips,
      // Nobody else would end what a killed harness leaves behind there.
      enter: ['setpriv', '--pdeathsig', 'KILL', ...enter],
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
