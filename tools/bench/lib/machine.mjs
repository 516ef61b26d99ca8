// @ts-check
/** What kind of machine this is; nothing that tells which one. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { GIB } from './size.mjs';

/**
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {number} memory GiB
 * @property {string} kernel
 * @property {boolean} virtual
 * @property {string} node
 */

/** @returns {Machine} */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: Math.round(totalmem() / GIB),
    // The version only: what follows may be the name of a provider's build.
    kernel: release().split('-')[0] ?? '',
    virtual: /\bhypervisor\b/.test(readFileSync('/proc/cpuinfo', 'utf8')),
    node: process.version,
  };
}

/** @param {Machine} machine */
export function machineLine({ cpu, cores, memory, kernel, virtual, node }) {
  const where = virtual ? 'in a virtual machine' : 'on bare metal';
  return `${cpu}, ${cores} cores ${where}, ${memory} GiB of memory, Linux ${kernel}, Node ${node}`;
}
