/** The hash worker's script: built beside the package's entry point. */
export const hashWorkerUrl = new URL('./hash-worker.js', import.meta.url);

/** The script of the thread that reads a long info dictionary as others will. */
export const checkWorkerUrl = new URL('./check-worker.js', import.meta.url);
