/** Where the built worker stands: beside the bundle this module becomes part of. */
export const diskWorkerUrl = new URL('./disk-worker.js', import.meta.url);
