// @ts-check
/** The built packages of this checkout. */

/** @param {string} name of a package */
const built = (name) =>
  import(new URL(`../../../packages/${name}/dist/index.js`, import.meta.url).href);

/** @type {typeof import('../../../packages/client/src/index.ts')} */
export const { Client } = await built('client');
/** @type {typeof import('../../../packages/metainfo/src/index.ts')} */
export const { createTorrent, magnetOf, parseMetainfo } = await built('metainfo');
/** @type {typeof import('../../../packages/tracker/src/index.ts')} */
export const { TrackerServer } = await built('tracker');
