// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const SRC = 'packages/client/src';
const DISK = `${SRC}/disk`;
const TEST = 'packages/client/test';
const DURABILITY_TEST = `${TEST}/disk/durability.test.ts`;
const TASKS_TEST = `${TEST}/disk/worker-tasks.test.ts`;
const RESUME_TEST = `${TEST}/disk/resume.test.ts`;
const DRIVE_TEST = `${TEST}/loopback/missing-drive.test.ts`;
const KEEPER = `${SRC}/resume-keeper.ts`;
const DATA = `${SRC}/torrent-data.ts`;
const LOCK = `${DISK}/resume-lock.ts`;

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'crash-names',
    input: 'A power failure after a file was made durable, and before its name was',
    guard: 'The folders it stands in are made durable, too',
    test: DURABILITY_TEST,
    name: 'what a storage makes durable includes the names of files, once each, and of the folders they stand in',
    remove: {
      file: `${DISK}/durable-names.ts`,
      text: 'await syncer.syncFolders(folders);',
      by: '',
    },
  },
  {
    id: 'crash-folders',
    input: 'The same for folders that were made for it',
    guard: 'Those that hold their names as well',
    test: DURABILITY_TEST,
    name: 'what a storage makes durable includes the names of files, once each, and of the folders they stand in',
    remove: {
      file: `${DISK}/download-root.ts`,
      text: 'work.foldersMade(parentsOfNew(first, data.root));',
      by: '',
    },
  },
  {
    id: 'crash-sync-under-way',
    input: 'Somebody who asks for what is written to be durable while that is under way',
    guard: 'Waits until all is, not for nothing',
    test: DURABILITY_TEST,
    name: 'what a storage makes durable is complete for whoever asks while it is under way',
    remove: {
      file: `${DISK}/storage-work.ts`,
      text: 'const syncing = this.#syncing.then(() => this.#sync(syncer));',
      by: 'const syncing = this.#sync(syncer);',
    },
  },
  {
    id: 'crash-parts',
    input: 'A power failure while pieces move from the parts file to their files',
    guard: 'They leave it when they are durable elsewhere',
    test: DURABILITY_TEST,
    name: 'what a storage makes durable includes what leaves the parts file, before it does',
    remove: { file: `${DISK}/settle-parts.ts`, text: 'await work.sync(syncer);', by: '' },
  },
  {
    id: 'crash-parts-torn',
    input: 'A parts file that a power failure has torn',
    guard: 'What it should have held is not waited for in the files',
    test: DURABILITY_TEST,
    name: 'what a storage makes durable does not ask for files that a torn parts file should have held',
    remove: {
      file: `${DISK}/settle-parts.ts`,
      text: 'if (result !== SLOT_DAMAGED) work.markDirty',
      by: 'work.markDirty',
    },
  },
  {
    id: 'crash-killed',
    input: 'A process that is killed after it wrote more than it had time to note',
    guard: 'Every piece of a file that has changed is hashed, claimed or not',
    test: `${TEST}/disk/reconcile.test.ts`,
    name: 'reconcile has every piece of a file hashed that has another size, claimed or not',
    remove: {
      file: `${DISK}/reconcile.ts`,
      text: 'if (doubt === 2 || (doubt === 1 && claimed)) recheck.push(piece);',
      by: 'if (doubt !== 0 && claimed) recheck.push(piece);',
    },
  },
  {
    id: 'crash-save-again',
    input: 'Resume data that could not be saved',
    guard: 'It is saved again',
    test: `${TEST}/core/resume-keeper.test.ts`,
    name: 'ResumeKeeper saves again what could not be saved',
    remove: { file: KEEPER, text: 'this.#changed = true;\n      throw error;', by: 'throw error;' },
  },
  {
    id: 'crash-sync-fails',
    input: 'EIO where the system is asked to make data durable: it says so once, and forgets',
    guard: 'Nothing is claimed until it was looked at',
    test: DRIVE_TEST,
    name: 'resume data is not saved once the disk has said that it lost what was written',
    remove: {
      file: DATA,
      text: "if (isHopeless && error.code === 'ERR_DISK_IO') this.#inDoubt = true;",
      by: '',
    },
  },
  {
    id: 'crash-claims-too-much',
    input: 'Resume data that says too much, as a check finds out',
    guard: 'It is saved at once',
    test: DRIVE_TEST,
    name: 'resume data is saved at once where a check finds that it says too much',
    remove: { file: `${SRC}/torrent-life.ts`, text: 'if (isLoss) await this.save();', by: '' },
  },
  {
    id: 'drive-empty',
    input: 'A drive that is away at the start, whose mount point is an empty folder',
    guard: 'Files that are all gone are remembered until they are back',
    test: DRIVE_TEST,
    name: 'a drive that is away, that leaves its mount point costs nothing at the start: all is there again when it is back',
    remove: {
      file: `${SRC}/check.ts`,
      text: "if (mode === 'resume' && remembered?.gone !== undefined) throw remembered.gone;",
      by: '',
    },
  },
  {
    id: 'drive-folder-gone',
    input: 'The same, where its folder is away with it',
    guard: 'The same',
    test: `${TEST}/disk/gone-files.test.ts`,
    name: 'filesGone says so where nothing is left of what was there',
    remove: { file: `${DISK}/gone-files.ts`, text: '    isGone = true;\n', by: '' },
  },
  {
    id: 'drive-file-left',
    input: 'A file that was deleted by somebody, beside others that are there',
    guard: 'That is no missing drive: it is downloaded again',
    test: `${TEST}/disk/gone-files.test.ts`,
    name: 'filesGone does not where a file is left, however short',
    remove: {
      file: `${DISK}/gone-files.ts`,
      text: 'if (states.sizeOf(file) >= 0) return undefined;',
      by: '',
    },
  },
  {
    id: 'drive-paused',
    input: 'A drive that goes away while the torrent is paused',
    guard: 'Looked for before it goes on',
    test: DRIVE_TEST,
    name: 'a drive that is away, that leaves its mount point is not taken for an empty one by a torrent that is paused and goes on',
    remove: {
      file: DATA,
      text: 'const gone = this.#parts.resume.gone(this.keeper.have.bytes, states);',
      by: 'const gone = states === undefined ? this.#parts.resume.gone(this.keeper.have.bytes, states) : undefined;',
    },
  },
  {
    id: 'drive-at-work',
    input: 'A drive that goes away during a download, and leaves an empty folder',
    guard: 'Nothing is made in a folder that is not the one of before',
    test: TASKS_TEST,
    name: 'a worker that writes makes nothing in a folder that has taken the place of the download folder',
    remove: {
      file: `${DISK}/safe-open.ts`,
      text: 'if (isSameRoot(fs.statSync(root, { bigint: true }), rootId)) return;',
      by: 'if (fs.statSync(root).isDirectory()) return;',
    },
  },
  {
    id: 'file-deleted-at-work',
    input: 'A file that is deleted or cut while the torrent is downloaded',
    guard: 'Not called complete: it is looked for at the end',
    test: `${TEST}/loopback/resume.test.ts`,
    name: 'over real sockets and files does not call complete what was deleted while it came, and fetches it again',
    remove: {
      file: `${SRC}/missing-file.ts`,
      text: 'if (size >= length || wanted[index] !== true) continue;',
      by: 'if (size < length || wanted[index] !== true) continue;',
    },
  },
  {
    id: 'file-too-short-read',
    input: 'Files that are missing or cut, as they are checked',
    guard: 'Nothing is read of what is not there',
    test: TASKS_TEST,
    name: 'a worker that checks reads nothing of files that are missing or too short',
    remove: {
      file: `${DISK}/worker-check.ts`,
      text: 'return size >= fileOffset + length;',
      by: 'return size >= fileOffset + length || size !== undefined;',
    },
  },
  {
    id: 'disk-eio-read',
    input: 'EIO while a file is read',
    guard: 'A typed error, not a damaged piece',
    test: TASKS_TEST,
    name: 'a worker that checks fails with a typed error where reading fails',
    remove: {
      file: `${DISK}/worker-io.ts`,
      text: "throw toDiskError(error, 'read', this.#path(storage, file));\n    }\n    return true;",
      by: 'return false;\n    }\n    return true;',
    },
  },
  {
    id: 'disk-eio-write',
    input: 'EIO and unknown errors while a file is written',
    guard: 'A typed error with the name of the file',
    test: TASKS_TEST,
    name: 'a worker that writes says what EIO while writing means: ERR_DISK_IO',
    remove: {
      file: `${DISK}/worker-io.ts`,
      text: "throw toDiskError(error, 'write', this.#path(storage, file));",
      by: 'throw error;',
    },
  },
  {
    id: 'disk-eacces',
    input: 'EACCES where a file or folder is opened or made',
    guard: 'A typed error that says so',
    test: TASKS_TEST,
    name: 'a worker that writes says what a failing openSync (EACCES) means: ERR_DISK_PERMISSION',
    remove: { file: `${DISK}/disk-error.ts`, text: "  EACCES: 'ERR_DISK_PERMISSION',\n", by: '' },
  },
  {
    id: 'disk-read-only',
    input: 'A file system that becomes read-only, as they do when they fail',
    guard: 'The same',
    test: TASKS_TEST,
    name: 'a worker that writes says what EROFS while writing means: ERR_DISK_PERMISSION',
    remove: { file: `${DISK}/disk-error.ts`, text: "  EROFS: 'ERR_DISK_PERMISSION',\n", by: '' },
  },
  {
    id: 'disk-quota',
    input: 'A quota that is used up',
    guard: 'As a disk that is full',
    test: TASKS_TEST,
    name: 'a worker that writes says what EDQUOT while writing means: ERR_DISK_FULL',
    remove: { file: `${DISK}/disk-error.ts`, text: "  EDQUOT: 'ERR_DISK_FULL',\n", by: '' },
  },
  {
    id: 'disk-stale',
    input: 'A network drive whose files are stale',
    guard: 'As a drive that is away',
    test: TASKS_TEST,
    name: 'a worker that writes says what ESTALE while writing means: ERR_DISK_MISSING',
    remove: { file: `${DISK}/disk-error.ts`, text: "  ESTALE: 'ERR_DISK_MISSING',\n", by: '' },
  },
  {
    id: 'lock-clock-back',
    input: 'The clock set back, under a lock that cannot be read',
    guard: 'Its age counts in both directions',
    test: RESUME_TEST,
    name: 'the lock on a download that cannot be read is taken over, too, when the clock was set back since',
    remove: {
      file: LOCK,
      text: 'return Math.abs(age) > WRITE_TIME;',
      by: 'return age > WRITE_TIME;',
    },
  },
  {
    id: 'ban-clock',
    input: 'The clock set forward or back, while something lasts for a time: a ban',
    guard: 'Times are those of a clock that nobody sets',
    test: `${TEST}/swarm/bans.test.ts`,
    name: 'bans last no longer and no shorter where the clock is set',
    remove: {
      file: `${SRC}/peer/known-peers.ts`,
      text: 'const bans = this.#list?.bans(clock.now()) ?? [];',
      by: 'const bans = this.#list?.bans(clock.wallTime()) ?? [];',
    },
  },
  {
    id: 'lock-other-host',
    input: 'A lock of a process on another machine, which nobody here can look for',
    guard: 'It counts while it shows signs of life',
    test: RESUME_TEST,
    name: 'the lock on a download of another host counts as long as it shows signs of life',
    remove: {
      file: LOCK,
      text: 'if (owner.host !== self.host) return age > HEARTBEAT_TIMEOUT;',
      by: '',
    },
  },
  {
    id: 'memory-pieces',
    input: 'More pieces on their way than there is memory for',
    guard: 'A budget for all torrents; who asks in vain waits in turn',
    test: `${TEST}/disk/piece-buffers.test.ts`,
    name: 'PieceBuffers says no when the budget is used up, and yes when something came back',
    remove: {
      file: `${SRC}/piece/piece-buffers.ts`,
      text: 'if (this.#usedBytes + length > this.#budget && !inReserve) {',
      by: 'if (this.#usedBytes + length < 0 && !inReserve) {',
    },
  },
  {
    id: 'memory-disk-behind',
    input: 'A disk that is slower than those who send',
    guard: 'No memory is given out while too much waits for it',
    test: `${TEST}/disk/piece-buffers.test.ts`,
    name: 'PieceBuffers gives none while the disk is behind, but two pieces it may always have',
    remove: {
      file: `${SRC}/piece/piece-buffers.ts`,
      text: 'if (this.diskIsBehind) return undefined;\n    let',
      by: 'let',
    },
  },
  {
    id: 'memory-uploads',
    input: 'Peers that ask for more than there is memory to send',
    guard: 'A budget; batches wait in turn',
    test: `${TEST}/disk/read-batch.test.ts`,
    name: 'UploadReader waits while all memory is in use',
    remove: {
      file: `${DISK}/send-buffers.ts`,
      text: 'if (this.#waiting.length === 0 && this.#fits(size)) return this.#take(size);',
      by: 'if (this.#waiting.length === 0) return this.#take(size);',
    },
  },
  {
    id: 'lock-lost',
    input: 'A process that has lost its lock to another, and ends',
    guard: 'It removes its own only',
    test: RESUME_TEST,
    name: 'the lock on a download is not removed by one who has lost it',
    remove: {
      file: LOCK,
      text: "if ((await readFile(path, 'utf8')) === content) await rm(path, { force: true });",
      by: 'await rm(path, { force: true });',
    },
  },
];

/** @type {Area} */
export const crashes = {
  name: 'crashes',
  title: 'Crashes, power failures and failing disks',
  entries,
};
