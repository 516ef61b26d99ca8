// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const CLI = 'packages/cli/src';
const TEST = 'packages/cli/test';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'process-on-complete',
    input:
      'Names with `$(…)`, quotes and `;` where a command is run for a torrent that is complete',
    guard: 'No shell; names are given in the environment',
    test: `${TEST}/transfer.test.ts`,
    name: 'shoal download runs the command of --on-complete without a shell',
    remove: { file: `${CLI}/on-complete.ts`, text: 'shell: false,', by: 'shell: true,' },
  },
  {
    id: 'process-two-signals',
    input: 'SIGTERM and SIGINT, more than once, at any time',
    guard: 'The first ends in order; only a second Ctrl-C ends at once',
    test: `${TEST}/signal-gate.test.ts`,
    name: 'SignalGate is not hurried by SIGTERMs that a runner sends after SIGINT',
    remove: { file: `${CLI}/signal-gate.ts`, text: "if (signal !== 'SIGINT') return;", by: '' },
  },
  {
    id: 'process-url-bomb',
    input: 'An address of a .torrent file whose answer unpacks to more than the limit',
    guard: 'The limit is that of what is unpacked',
    test: `${TEST}/sources.test.ts`,
    name: 'a torrent from an address is decompressed where the server compressed it unasked, up to the limit',
    remove: {
      file: `${CLI}/fetch-torrent.ts`,
      text: 'if (length > MAX_TORRENT_LENGTH) {',
      by: 'if (length < 0) {',
    },
  },
  {
    id: 'process-device',
    input: 'A device without end in place of a .torrent file',
    guard: 'Files and pipes only, and pipes without blocking',
    test: `${TEST}/sources.test.ts`,
    name: 'a torrent from a file can be a pipe, for which nobody waits longer than wanted',
    remove: {
      file: `${CLI}/read-bytes.ts`,
      text: "if (!stats.isFile() && !stats.isDirectory()) throw new Error('it is neither a file nor a pipe');",
      by: '',
    },
  },
  {
    id: 'process-url-endless',
    input: 'An address of a .torrent file whose answer has no end',
    guard: 'A limit, at which reading stops',
    test: `${TEST}/sources.test.ts`,
    name: 'a torrent from an address is not read beyond the limit',
    remove: {
      file: `${CLI}/fetch-torrent.ts`,
      text: 'if (length > MAX_TORRENT_LENGTH) {',
      by: 'if (length < 0) {',
    },
  },
];

/** @type {Area} */
export const processes = {
  name: 'process',
  title: 'The process',
  entries,
  later: [
    {
      input:
        'floods of spoofed SYNs, reflection, acknowledgements of data that was never sent, a window of 0 for ever, selective acknowledgements of any length, time stamps that jump',
      layer: 'uTP',
    },
    {
      input:
        'DNS rebinding, foreign origins, missing tokens, default passwords, paths that leave the folder of static files, markup in names, comments and messages',
      layer: 'the daemon and its web page',
    },
  ],
};
