/** Bytes of a block, the unit in which peers send (BEP 3). Block hashes are of this many bytes. */
export const BLOCK_BYTES = 16_384;

/**
 * Workers in a pool, at most as many as there are cores. Two check some 2 GB/s; one hashes and writes as fast as the main
 * thread receives.
 */
export const DEFAULT_WORKERS = 2;

/**
 * File descriptors each worker keeps open. Two workers and {@link DEFAULT_CACHED_FILES} stay below 1,024, the lowest limit
 * per process in common use; where there is still no room, descriptors are given up as the system refuses more.
 */
export const DEFAULT_WORKER_FILES = 256;

/** File descriptors kept open for seeding, by all torrents of a client together. */
export const DEFAULT_CACHED_FILES = 256;

/**
 * Bytes of pieces sent to a worker in one message: a message costs some 20 µs of wake-up on both sides, so what has piled up
 * is sent together; more would only delay the answers.
 */
export const BATCH_BYTES = 4_194_304;

/** Messages a worker is given before it has answered: it has the next one at hand when it finishes one. */
export const BATCHES_IN_FLIGHT = 2;

/** Crashes of workers in a row, without an answer in between, after which a pool gives up. */
export const MAX_CRASHES = 4;

/** Bytes read at once while checking: large enough to be cheap, small enough to stay in the processor's cache. */
export const CHECK_CHUNK_BYTES = 262_144;

/**
 * Bytes written in one call. Larger calls make file systems such as ext4 take memory for the page cache in stretches as long,
 * which are rarely at hand: measured on ext4, a call of 1 MiB took up to eight times the processor time per byte of one of 128
 * KiB, and calls of 16 KiB twice as much.
 */
export const WRITE_CHUNK_BYTES = 131_072;

/** Bytes of pieces checked in one task, so that writing and cancelling never wait long behind a check. */
export const CHECK_TASK_BYTES = 8_388_608;

/** The same, of the smallest tasks at the end of a check: 1 ms of work, some 20 times what a message costs. */
export const LAST_CHECK_TASK_BYTES = 1_048_576;

/** Views in one `readv`; the system allows 1,024. */
export const MAX_READ_VECTORS = 512;

/** Files made durable in one task; up to so many are not worth a thread of their own. */
export const SYNC_TASK_FILES = 64;

/** Pieces moved out of the parts file in one task. */
export const SETTLE_TASK_PIECES = 64;
