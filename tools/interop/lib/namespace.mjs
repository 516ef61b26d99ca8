// @ts-check
/** The network namespace: nothing but `lo` in it, so no packet of any client can leave the machine. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Clients bind to 10.99.0.x: some drop peers with 127.x addresses. A /24 on `lo` makes the whole net local.
 */
const ADDRESS = '10.99.0.1/24';

/**
 * @typedef {object} NamespaceOptions
 * @property {string} [prefix] of the namespace's name; the pid follows
 * @property {readonly string[]} [addresses] of `lo`
 */

/**
 * @param {...string} args
 * @returns {{ ok: boolean, out: string, err: string }}
 */
function ip(...args) {
  const result = spawnSync('ip', args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  return {
    ok: result.status === 0,
    out: result.stdout ?? '',
    err: (result.error?.message ?? result.stderr ?? '').trim(),
  };
}

/**
 * Ends what still runs inside, and removes the namespace.
 *
 * @param {string} name
 */
function remove(name) {
  for (const pid of ip('netns', 'pids', name).out.split(/\s+/).filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it ended by itself
    }
  }
  ip('netns', 'delete', name);
}

/**
 * Runs this harness again inside a namespace of its own.
 *
 * @param {readonly string[]} command
 * @param {NamespaceOptions} [options]
 * @returns {Promise<number>} its exit code
 */
export async function runInNamespace(
  command,
  { prefix = 'shoal-interop-', addresses = [ADDRESS] } = {},
) {
  // A harness that was killed with SIGKILL could not clean up after itself.
  for (const line of ip('netns', 'list').out.split('\n')) {
    const name = line.split(' ')[0] ?? '';
    if (name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length)}`)) remove(name);
  }

  const name = `${prefix}${process.pid}`;
  const added = ip('netns', 'add', name);
  if (!added.ok) {
    throw new Error(
      `a network namespace cannot be created here (ip netns add: ${added.err}). This needs root on Linux ` +
        'with CAP_SYS_ADMIN and CAP_NET_ADMIN, and the iproute2 package; in a container run it with --privileged.',
    );
  }
  try {
    for (const args of [
      ...addresses.map((address) => ['addr', 'add', address, 'dev', 'lo']),
      ['link', 'set', 'lo', 'up'],
    ]) {
      const done = ip('-n', name, ...args);
      if (!done.ok)
        throw new Error(
          `the namespace's loopback cannot be set up (ip ${args.join(' ')}: ${done.err})`,
        );
    }
    const probe = ip('netns', 'exec', name, 'true');
    if (!probe.ok) {
      throw new Error(
        `programs cannot be run in a network namespace here (ip netns exec: ${probe.err})`,
      );
    }

    const child = spawn('ip', ['netns', 'exec', name, ...command], {
      stdio: 'inherit',
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    });
    const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
      process.on(signal, forward);
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
  } finally {
    remove(name);
  }
}
