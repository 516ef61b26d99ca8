// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const SRC = 'packages/client/src/disk';
const TEST = 'packages/client/test/disk';
const OPEN = `${SRC}/safe-open.ts`;
const TASKS = `${TEST}/worker-tasks.test.ts`;
const FORMAT = `${SRC}/resume-format.ts`;
const FORMAT_TEST = `${TEST}/resume-format.test.ts`;
const LOCK = `${SRC}/resume-lock.ts`;
const RESUME_TEST = `${TEST}/resume.test.ts`;
const RECONCILE = `${SRC}/reconcile.ts`;
const RECONCILE_TEST = `${TEST}/reconcile.test.ts`;

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'disk-link-folder',
    input:
      'A symbolic link in the download folder, in place of a folder of the torrent, that leads outside',
    guard: 'Nothing is written through it',
    test: TASKS,
    name: 'a worker that writes never writes through a link that leads outside',
    remove: {
      file: OPEN,
      text: 'if (linked && !isInside(fs, root, parent)) throw unsafe(parent);',
      by: '',
    },
  },
  {
    id: 'disk-link-file',
    input: 'A symbolic link in place of a file, that leads outside or to nothing',
    guard: 'Files are opened without following links; one that stays inside is followed by hand',
    test: TASKS,
    name: 'a worker that writes never writes through a link that leads outside',
    remove: {
      file: OPEN,
      text: 'const flags = O_RDWR | O_NONBLOCK | (O_NOFOLLOW ?? 0);',
      by: 'const flags = O_RDWR | O_NONBLOCK;',
    },
  },
  {
    id: 'disk-link-later',
    input: 'A folder that is replaced by a link while the download goes on',
    guard: 'Folders are looked at again for each file that is opened',
    test: TASKS,
    name: 'a worker that writes looks at the folders again for each file: one may be replaced by a link meanwhile',
    remove: {
      file: OPEN,
      text: 'if (linked && !isInside(fs, root, parent)) throw unsafe(parent);',
      by: '',
    },
  },
  {
    id: 'disk-not-a-file',
    input: 'A folder, FIFO or device in place of a file',
    guard: 'Regular files only, opened without waiting',
    test: TASKS,
    name: 'a worker that writes fails where a pipe stands in the place of a file, and does not wait for it',
    remove: {
      file: OPEN,
      text: 'if (fs.fstatSync(fd).isFile()) return fd;',
      by: 'if (fd >= 0) return fd;',
    },
  },
  {
    id: 'disk-folder-vanished',
    input: 'A download folder that vanishes, as of a drive that is unmounted',
    guard: 'It is never made again: the torrent stops with an error',
    test: TASKS,
    name: 'a worker that writes makes folders again that were removed, but not the download folder',
    remove: {
      file: OPEN,
      text: 'if (parent.length <= root.length) return;\n  let linked',
      by: 'if (parent.length <= root.length) {\n    ensureFolder(fs, root);\n    return;\n  }\n  ensureFolder(fs, root);\n  let linked',
    },
  },
  {
    id: 'disk-full',
    input: 'ENOSPC in the middle of a piece',
    guard: 'A typed error, and the piece is not had; it goes on when there is room',
    test: TASKS,
    name: 'a worker that writes says that the disk is full as it goes on, and goes on when there is room',
    remove: {
      file: `${SRC}/worker-io.ts`,
      text: "throw toDiskError(error, 'write', this.#path(storage, file));",
      by: 'return;',
    },
  },
  {
    id: 'disk-too-many-files',
    input: 'EMFILE: the system allows no more open files',
    guard: 'Others are closed, and it is tried again',
    test: TASKS,
    name: 'a worker that writes closes files it does not need when the system allows no more',
    remove: {
      file: `${SRC}/worker-files.ts`,
      text: "if ((errno === 'EMFILE' || errno === 'ENFILE') && this.#open.size > 0) this.#evict();\n        else throw",
      by: 'if (errno !== undefined || errno === undefined) throw',
    },
  },
  {
    id: 'disk-file-too-short',
    input: 'A file that is shorter than what is claimed of it',
    guard: 'No piece is believed beyond its end',
    test: RECONCILE_TEST,
    name: 'reconcile does not believe that a piece is beyond the end of its file',
    remove: { file: RECONCILE, text: '} else if (size < length) {', by: '} else if (size < 0) {' },
  },
  {
    id: 'disk-file-replaced',
    input: 'A file that was changed or replaced between two runs',
    guard: 'What is remembered is trusted only while size and time agree; the rest is hashed',
    test: RECONCILE_TEST,
    name: 'reconcile has every piece of a file hashed that has another mtime',
    remove: {
      file: RECONCILE,
      text: ' || before.mtimeOf(index) !== states.mtimeOf(index)) {',
      by: ') {',
    },
  },
  {
    id: 'disk-file-gone',
    input: 'A file that is gone, or that never was there',
    guard: 'No piece is believed to be in it',
    test: RECONCILE_TEST,
    name: 'reconcile does not believe that a piece is in a file that never was there, unless it is kept aside',
    remove: {
      file: RECONCILE,
      text: '} else if (size < length) {',
      by: '} else if (size < length && sizeNow >= 0) {',
    },
  },
  {
    id: 'disk-corrupt-storage',
    input: 'A storage (one of an embedder) that answers against its contract',
    guard: 'The torrent stops, and nothing else',
    test: `${TEST}/guarded-write.test.ts`,
    name: 'writeGuarded stops the torrent of such a storage, and nothing else',
    remove: {
      file: `${SRC}/guarded-write.ts`,
      text: 'if (byteLength === size) return result;',
      by: 'if (byteLength >= 0) return result;',
    },
  },
  {
    id: 'resume-torn',
    input: 'A resume file that is torn: any byte lost or changed',
    guard: 'A checksum; as if there were none',
    test: FORMAT_TEST,
    name: 'the resume format takes no byte that was lost or changed',
    remove: {
      file: FORMAT,
      text: "if (!equal(sha1(body), checksum)) return { ok: false, reason: 'torn' };",
      by: '',
    },
  },
  {
    id: 'resume-random',
    input: 'Any bytes in place of a resume file',
    guard: 'Reading never throws',
    test: FORMAT_TEST,
    name: 'the resume format never throws',
    remove: {
      file: FORMAT,
      text: "} catch {\n    // Not bencode: what that means is the caller's to say.\n    return undefined;\n  }",
      by: '} finally {\n    // Not bencode.\n  }',
    },
  },
  {
    id: 'resume-other-torrent',
    input: 'The resume file of another torrent',
    guard: 'It names its info-hash',
    test: FORMAT_TEST,
    name: 'the resume format says that it is of another torrent, or of another size',
    remove: {
      file: FORMAT,
      text: 'if (!equal(infoHash, expected.infoHash)) return false;',
      by: '',
    },
  },
  {
    id: 'resume-other-v2',
    input: 'The resume file of a torrent with the same SHA-1, but another SHA-256',
    guard: 'Both are compared',
    test: FORMAT_TEST,
    name: 'the resume format compares the v2 info-hash where both sides have one, and reads what was written before there was one',
    remove: {
      file: FORMAT,
      text: 'return !isKnown || equal(infoHashV2, expected.infoHashV2);',
      by: 'return isKnown || !isKnown;',
    },
  },
  {
    id: 'resume-future',
    input: 'A resume file of a later version',
    guard: 'It is not misread',
    test: FORMAT_TEST,
    name: 'the resume format says that a newer program wrote it',
    remove: {
      file: FORMAT,
      text: "if (version > VERSION) return { ok: false, reason: 'future-version' };",
      by: '',
    },
  },
  {
    id: 'resume-save-fails',
    input: 'A crash or an error while resume data is saved',
    guard: 'It is written beside, made durable and put in place: the old data stays until then',
    test: RESUME_TEST,
    name: 'ResumeStore keeps the old data where saving fails',
    remove: {
      file: `${SRC}/atomic-write.ts`,
      text: 'const temporary = `${path}.new`;',
      by: 'const temporary = path;',
    },
  },
  {
    id: 'resume-claims-unsynced',
    input: 'A power loss after a piece was written, and before the system has made it durable',
    guard:
      'Resume data claims what was there before the files were made durable, not what came meanwhile',
    test: 'packages/client/test/core/resume-keeper.test.ts',
    name: 'ResumeKeeper claims no piece that was written while the files were made durable',
    remove: {
      file: 'packages/client/src/resume-keeper.ts',
      text: '        pieces,\n',
      by: '        pieces: state().have.bytes.slice(),\n',
    },
  },
  {
    id: 'resume-read-only',
    input: 'A resume folder that cannot be written to',
    guard: 'A warning, and the download goes on',
    test: 'packages/client/test/core/resume-keeper.test.ts',
    name: 'ResumeKeeper goes on without a lock where the folder cannot be written to',
    remove: {
      file: 'packages/client/src/resume-keeper.ts',
      text: "if (!(error instanceof DiskError) || error.code === 'ERR_DISK_LOCKED') throw error;",
      by: 'throw error;',
    },
  },
  {
    id: 'resume-two-processes',
    input: 'Two processes on one download',
    guard: 'A lock, which knows whether its owner lives',
    test: RESUME_TEST,
    name: 'the lock on a download is held while another process lives, and free when it has ended',
    remove: {
      file: LOCK,
      text: 'if (!isAlive(owner.pid)) return true;',
      by: 'if (owner.pid > 0) return true;',
    },
  },
  {
    id: 'resume-lock-reused-pid',
    input: 'A lock whose owner has died, and whose process id another one has',
    guard: 'The start of the process is compared',
    test: RESUME_TEST,
    name: 'the lock on a download is not mistaken for that of a later process with the same id',
    remove: {
      file: LOCK,
      text: "return started !== '' && owner.started !== '' && started !== owner.started;",
      by: 'return false;',
    },
  },
  {
    id: 'resume-lock-unreadable',
    input: 'A lock that cannot be read',
    guard: 'It is taken over when it is old',
    test: RESUME_TEST,
    name: 'the lock on a download that cannot be read is taken over when it is old',
    remove: {
      file: LOCK,
      text: 'if (owner === undefined) return',
      by: 'if (owner === undefined) return false &&',
    },
  },
];

/** @type {Area} */
export const disk = { name: 'disk', title: 'Disk and resume data', entries };
