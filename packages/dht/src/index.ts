/**
 * A node of BitTorrent's mainline DHT.
 *
 * @packageDocumentation
 */
export * from './krpc/index.ts';
