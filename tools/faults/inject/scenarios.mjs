// @ts-check
import {
  access,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../lib/children.mjs';
import { until } from './context.mjs';

/** @import { Torrent } from '@shoal/client' */
/** @import { Fault } from '../lib/fault-plan.mjs' */
/** @import { Context } from './context.mjs' */

/** @typedef {{ name: string, shows: string, run: (context: Context) => Promise<void> }} InjectScenario */

const COMMAND = fileURLToPath(new URL('../../../packages/cli/dist/bin.js', import.meta.url));
/** What the torrent's files match. */
const FILES = '/drive/struck/';

/**
 * A fault that stops the torrent, and no other; afterwards it goes on.
 *
 * @param {string} name
 * @param {string} shows
 * @param {string} code of the torrent's error
 * @param {Fault} fault
 * @returns {InjectScenario}
 */
const stops = (name, shows, code, fault) => ({
  name,
  shows,
  run: async (context) => {
    context.plan.set([fault]);
    const client = await context.client();
    const torrent = await context.add(client);
    const other = await context.addOther(client);
    await context.fails(torrent, code);
    await other.completed({ signal: AbortSignal.timeout(20_000) });
    context.claimsNothingWrong(torrent);
    await context.goesOn(torrent);
  },
});

/**
 * A fault that costs time, and nothing else.
 *
 * @param {string} name
 * @param {string} shows
 * @param {readonly Fault[]} faults
 * @returns {InjectScenario}
 */
const endures = (name, shows, faults) => ({
  name,
  shows,
  run: async (context) => {
    context.plan.set(faults);
    const client = await context.client();
    const torrent = await context.add(client);
    await torrent.completed({ signal: AbortSignal.timeout(20_000) });
    const { missing } = await torrent.verify();
    if (missing.length > 0) throw new Error('a check found pieces missing');
    if (context.plan.met(0) === 0) throw new Error('the fault was not met');
    context.looksRight();
  },
});

/**
 * A resume file that is of no use: everything is hashed, and nothing downloaded.
 *
 * @param {string} name
 * @param {(context: Context, bytes: Buffer) => Promise<Buffer> | Buffer} change
 * @returns {InjectScenario}
 */
const useless = (name, change) => ({
  name: `resume-${name}`,
  shows: 'a resume file of no use: what is there is hashed, not downloaded',
  run: async (context) => {
    const first = await context.client();
    await (await context.add(first)).completed({ signal: AbortSignal.timeout(20_000) });
    await first.close();
    const path = await context.resumeFile();
    await writeFile(path, await change(context, await readFile(path)));
    const torrent = await context.add(await context.client());
    await torrent.checked();
    if (torrent.state !== 'seeding') throw new Error(`it is ${torrent.state}`);
    if (torrent.progress().downloadedBytes > 0) throw new Error('something was downloaded');
  },
});

/** @param {Context} context @param {boolean} isMountPoint */
async function unplug({ drive }, isMountPoint) {
  await rename(drive, `${drive}-away`);
  if (isMountPoint) await mkdir(drive);
}

/** @param {Context} context */
async function plugIn({ drive }) {
  await rm(drive, { recursive: true, force: true });
  await rename(`${drive}-away`, drive);
}

/** Throws where something was made where the drive was. @param {Context} context @param {boolean} isMountPoint */
async function isUntouched({ drive }, isMountPoint) {
  const made = isMountPoint
    ? (await readdir(drive)).length > 0
    : await access(drive).then(
        () => true,
        () => false,
      );
  if (made) throw new Error('something was made where the drive was');
}

/** @param {Torrent} torrent @param {number} pieces */
const has = (torrent, pieces) =>
  until(() => torrent.progress().pieces.have >= pieces, `${pieces} pieces`);

/**
 * @param {Context} context
 * @param {readonly string[]} [more]
 */
const command = (context, more = []) =>
  new Child([
    COMMAND,
    'download',
    context.torrentFile,
    ...['--output', context.drive, '--resume-dir', context.resume, '--json'],
    ...['--bind', '127.0.0.1', '--peer', `127.0.0.1:${context.peer.port}`],
    ...more,
  ]);

/** @type {readonly InjectScenario[]} */
const drives = [false, true].flatMap((isMountPoint) => {
  const how = isMountPoint ? 'empty-mount-point' : 'folder-gone';
  return [
    {
      name: `${how}-at-work`,
      shows: 'a drive that goes while a torrent downloads, and comes back',
      run: async (context) => {
        const client = await context.client({ maxDownloadRate: 2_000_000 });
        const torrent = await context.add(client, { sequential: true });
        const other = await context.addOther(client);
        // The second file is about to be made.
        await has(torrent, 28);
        await unplug(context, isMountPoint);
        await context.fails(torrent, 'ERR_DISK_MISSING');
        await other.completed({ signal: AbortSignal.timeout(20_000) });
        await isUntouched(context, isMountPoint);
        await plugIn(context);
        await context.goesOn(torrent);
      },
    },
    {
      name: `${how}-while-seeding`,
      shows: 'a drive that goes under a complete torrent: its resume data stays good',
      run: async (context) => {
        const client = await context.client();
        const torrent = await context.add(client);
        await torrent.completed({ signal: AbortSignal.timeout(20_000) });
        await torrent.pause();
        await torrent.resume();
        const before = await context.resumeBytes();
        // What was uploaded is to be saved at the end.
        const leech = await context.client({ resumeDirectory: `${context.folder}/other` });
        const copy = await context.add(leech, {
          directory: `${context.folder}/copy`,
          peers: [{ address: '127.0.0.1', port: client.port }],
        });
        await copy.completed({ signal: AbortSignal.timeout(20_000) });
        await unplug(context, isMountPoint);
        await client.close();
        await plugIn(context);
        if (!(await context.resumeBytes()).equals(before)) throw new Error('resume data changed');
        const again = await context.add(await context.client());
        await again.checked();
        if (again.state !== 'seeding') throw new Error(`it is ${again.state}`);
      },
    },
    {
      name: `${how}-command`,
      shows: '`shoal download` that is ended, started without its drive, and again with it',
      run: async (context) => {
        const first = command(context, ['--max-download', '2000000']);
        await first.hear('port');
        await until(() => context.bytesThere() > 1_000_000, 'some data');
        first.kill('SIGTERM');
        await first.ended;
        const there = context.bytesThere();
        await unplug(context, isMountPoint);
        const second = command(context);
        const { code } = await second.ended;
        if (code !== 4) throw new Error(`exit code ${code}: ${second.errors}`);
        context.messages.push(second.errors.trim());
        if (isMountPoint) await isUntouched(context, true);
        await plugIn(context);
        const third = command(context);
        const end = await third.ended;
        if (end.code !== 0) throw new Error(`exit code ${end.code}: ${third.errors}`);
        const progress = third.said.filter((each) => 'downloadedBytes' in each).at(-1);
        const came = Number(progress?.['downloadedBytes'] ?? NaN);
        const missing = context.content.metainfo.info.totalLength - there;
        if (!(came <= missing)) throw new Error(`${came} bytes came where ${missing} were missing`);
        context.looksRight();
      },
    },
  ];
});

/** @type {readonly InjectScenario[]} */
export const scenarios = [
  stops('write-eio', 'the device fails at the 40th write', 'ERR_DISK_IO', {
    call: 'write',
    path: FILES,
    code: 'EIO',
    after: 40,
  }),
  stops('write-enospc', 'the disk is full at the 25th write', 'ERR_DISK_FULL', {
    call: 'write',
    path: FILES,
    code: 'ENOSPC',
    after: 25,
  }),
  stops('sync-eio', 'data cannot be made durable', 'ERR_DISK_IO', {
    call: 'sync',
    path: FILES,
    code: 'EIO',
    times: 1,
  }),
  stops('sync-enospc', 'the disk turns out to be full when data is made durable', 'ERR_DISK_FULL', {
    call: 'sync',
    path: FILES,
    code: 'ENOSPC',
    times: 2,
  }),
  stops('open-eacces', 'a file may not be written', 'ERR_DISK_PERMISSION', {
    call: 'open',
    path: `${FILES}in/b`,
    code: 'EACCES',
  }),
  stops('read-only', 'the file system is read-only', 'ERR_DISK_PERMISSION', {
    call: 'open',
    path: FILES,
    code: 'EROFS',
  }),
  stops('open-emfile', 'no more files may be opened, for good', 'ERR_DISK_TOO_MANY_FILES', {
    call: 'open',
    path: FILES,
    code: 'EMFILE',
  }),
  endures('short-writes', 'the system writes 1,000 bytes at a time', [
    { call: 'write', path: FILES, most: 1_000 },
  ]),
  endures('short-reads', 'the system reads 3,000 bytes at a time', [
    { call: 'read', path: FILES, most: 3_000 },
  ]),
  endures('slow-sync', 'it takes 300 ms to make a file durable', [
    { call: 'sync', path: FILES, delay: 300 },
  ]),
  {
    name: 'resume-folder-read-only',
    shows: 'a resume folder that cannot be written to: a warning, and the download goes on',
    run: async (context) => {
      context.plan.set([
        { call: 'open', path: '/resume/', code: 'EROFS' },
        { call: 'mkdir', path: '/resume/', code: 'EROFS' },
        { call: 'write', path: '/resume/', code: 'EROFS' },
      ]);
      const torrent = await context.add(await context.client());
      await torrent.completed({ signal: AbortSignal.timeout(20_000) });
      if (!context.messages.some((message) => message.includes('read-only'))) {
        throw new Error('nobody was warned');
      }
      context.looksRight();
    },
  },
  {
    name: 'resume-folder-full',
    shows: 'no room for resume data, while there is for the download',
    run: async (context) => {
      context.plan.set([{ call: 'write', path: '/resume/.*resume', code: 'ENOSPC' }]);
      const torrent = await context.add(await context.client({ maxDownloadRate: 3_000_000 }));
      await torrent.completed({ signal: AbortSignal.timeout(20_000) });
      context.looksRight();
    },
  },
  useless('torn', (_, bytes) => bytes.subarray(0, bytes.length / 2)),
  useless('empty', () => Buffer.alloc(0)),
  useless('flipped', (_, bytes) => {
    const copy = Buffer.from(bytes);
    copy[300] = (copy[300] ?? 0) ^ 4;
    return copy;
  }),
  useless('from-the-future', (_, bytes) =>
    Buffer.from(bytes.toString('latin1').replace('7:versioni1e', '7:versioni9e'), 'latin1'),
  ),
  useless('of-another-torrent', async (context) => {
    const client = await context.client();
    const other = await context.addOther(client);
    await other.completed({ signal: AbortSignal.timeout(20_000) });
    const mine = await context.resumeFile();
    await client.close();
    for (const folder of await readdir(context.resume)) {
      const path = `${context.resume}/${folder}/${other.infoHashHex}.resume`;
      const bytes = await readFile(path).catch(() => undefined);
      if (bytes !== undefined) return bytes;
    }
    throw new Error(`no other resume file beside ${mine}`);
  }),
  {
    name: 'file-cut-short',
    shows: 'a file that is truncated while it is downloaded: not called complete, and repaired',
    run: async (context) => {
      const torrent = await context.add(await context.client({ maxDownloadRate: 3_000_000 }), {
        sequential: true,
      });
      await has(torrent, 35);
      await truncate(context.pathOf('a.bin'), 100_000);
      await context.fails(torrent, 'ERR_DISK_MISSING');
      await context.goesOn(torrent);
    },
  },
  {
    name: 'file-replaced',
    shows: 'a file that is replaced by another between two runs: hashed, and only that downloaded',
    run: async (context) => {
      const first = await context.client();
      await (await context.add(first)).completed({ signal: AbortSignal.timeout(20_000) });
      await first.close();
      const path = context.pathOf('in/b.bin');
      const { length } = await readFile(path);
      await rm(path);
      await writeFile(path, Buffer.alloc(length, 7));
      const torrent = await context.add(await context.client());
      await torrent.completed({ signal: AbortSignal.timeout(20_000) });
      const { downloadedBytes } = torrent.progress();
      if (downloadedBytes > length + 2 * 65_536) throw new Error(`${downloadedBytes} bytes came`);
      context.looksRight();
    },
  },
  {
    name: 'two-processes',
    shows: 'a second process on the same download is refused, the first is not disturbed',
    run: async (context) => {
      const first = command(context, ['--max-download', '2000000']);
      await first.hear('port');
      await until(() => context.bytesThere() > 0, 'the first piece');
      const second = command(context);
      const { code } = await second.ended;
      if (code !== 4) throw new Error(`exit code ${code}: ${second.errors}`);
      if (!/process \d+ on/.test(second.errors)) throw new Error(`it says: ${second.errors}`);
      context.messages.push(second.errors.trim());
      const end = await first.ended;
      if (end.code !== 0) throw new Error(`the first: ${end.code} ${first.errors}`);
      context.looksRight();
    },
  },
  ...drives,
];
