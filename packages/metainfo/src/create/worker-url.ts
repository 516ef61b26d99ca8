/** The hash worker's script: built beside the package's entry point. */
export const hashWorkerUrl = new URL('./hash-worker.js', import.meta.url);
