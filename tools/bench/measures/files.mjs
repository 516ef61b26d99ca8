// @ts-check
/** A torrent of very many files: how long it keeps the event loop from anything else. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../lib/child.mjs';
import { freshDestination, freshWork } from '../lib/folders.mjs';
import { watchMachine } from '../lib/noise.mjs';
import { settings } from '../lib/settings.mjs';
import { KIB } from '../lib/size.mjs';
import { actionOf, columns } from './measure.mjs';

/** Files. */
const COUNT = 100_000;
/** In one folder. */
const PER_FOLDER = 100;
/** Bytes of the others, about. */
const SMALL = 2_000;
/** Of so many files one is larger: some pieces. */
const EVERY = 50;
const LARGE = 40_000;

/** What the library goes through, and what the commands do, each with the longest stall. */
const STAGES = ['create', 'parse', 'check', 'close', 'resume', 'add', 'download', 'save'];
const COMMANDS = ['info', 'tree', 'list', 'verify'];

/** Keys of the columns that are stalls. */
export const stallKeys = [...STAGES, ...COMMANDS.map((command) => `${command}Command`)];

/** @param {number} count files @returns {string} the folder that holds them */
function makeFiles(count) {
  const folder = join(settings.memory, `files-${count}`);
  const content = join(folder, 'content');
  const done = join(folder, 'done');
  if (existsSync(done)) return content;
  const data = Buffer.alloc(LARGE, 1);
  for (let index = 0; index < count; index++) {
    const name = (/** @type {number} */ number) => `${number}`.padStart(6, '0');
    const below = join(content, `folder-${name(Math.floor(index / PER_FOLDER))}`);
    if (index % PER_FOLDER === 0) mkdirSync(below, { recursive: true });
    data.writeUInt32LE(index);
    const length = index % EVERY === 0 ? LARGE : SMALL + (index % SMALL);
    writeFileSync(join(below, `file-${name(index)}.bin`), data.subarray(0, length));
  }
  writeFileSync(done, '');
  return content;
}

/** @type {import('./measure.mjs').Measure<import('./measure.mjs').Case & { content: string }>} */
export const filesMeasure = {
  name: 'files',
  title: 'The longest stall of the event loop with a hybrid torrent of many files',
  action: 'files',
  clients: 'shoal',
  columns: [
    ...STAGES.map((stage) => ({ key: stage, title: stage, unit: 'ms' })),
    ...COMMANDS.map((command) => ({
      key: `${command}Command`,
      title: `\`${command}\``,
      unit: 'ms',
    })),
    ...columns('noise'),
  ],
  cases: ({ size }) => {
    const count = size === undefined ? COUNT : Math.ceil(size / (16 * KIB));
    return [{ label: `${count} files`, content: makeFiles(count) }];
  },
  run: async (client, { content }, { limit }) => {
    const work = freshWork();
    const torrent = join(work, 'files.torrent');
    const report = join(work, 'stall');
    const { stages, commands } = actionOf(
      client,
      'files',
    )({
      ...{ content, torrent, report, destination: join(freshDestination('memory'), 'files') },
      resume: join(work, 'resume'),
    });
    const othersUntilNow = watchMachine();
    let cpu = 0;
    /** @param {import('../clients/client.mjs').Command} command */
    const run = async ({ command, env }) => {
      const child = new Child(command, { home: work, log: join(work, 'client.log'), env });
      try {
        await child.wait(limit);
        if (child.ended?.code !== 0) throw new Error(`${child.verdict}: ${child.tail()}`);
        cpu += child.cpu();
        return child;
      } finally {
        await child.stop();
      }
    };
    const { log } = await run(stages);
    const last = readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '';
    /** @type {import('./measure.mjs').Values} */
    const values = JSON.parse(last);
    for (const name of COMMANDS) {
      const command = commands[name];
      if (command === undefined) throw new Error(`${client.name} has no command ${name}`);
      await run(command);
      values[`${name}Command`] = Number(readFileSync(report, 'utf8'));
    }
    return { ...values, ...othersUntilNow(cpu) };
  },
};
