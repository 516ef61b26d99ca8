/**
 * A node of BitTorrent's mainline DHT (BEP 5, 32, 33, 42, 43, 44, 46, 51): peers of torrents and small items, found and
 * announced without a tracker.
 *
 * ```ts
 * import { DhtNode, MAINLINE_BOOTSTRAP } from '@shoal/dht';
 * import { systemResolve } from '@shoal/net';
 *
 * const node = await DhtNode.open({ port: 6881, bootstrap: MAINLINE_BOOTSTRAP, resolve: systemResolve });
 * const { peers } = await node.lookup(infoHash);            // endpoints
 * await node.announce(infoHash, { port: 51413 });
 * await node.close();
 * ```
 *
 * @packageDocumentation
 */
export * from './krpc/index.ts';
export { DhtError, type DhtErrorCode } from './errors.ts';
export * from './items/index.ts';
export { DhtNode } from './node.ts';
export {
  MAINLINE_BOOTSTRAP,
  type DhtCallOptions,
  type DhtLimits,
  type DhtNodeOptions,
  type DhtOpenOptions,
} from './options.ts';
export type * from './results.ts';
export type { AnnounceOptions, ItemPlace, LookupOptions, PutOptions } from './searches.ts';
export { isNodeIdValid, makeNodeId } from './security-id.ts';
export type { RateLimit } from './token-bucket.ts';
