/**
 * A node of BitTorrent's mainline DHT.
 *
 * @packageDocumentation
 */
export * from './krpc/index.ts';
export * from './items/index.ts';
export * from './peers/index.ts';
export { RateLimiter, type RateLimiterOptions } from './rate-limits.ts';
export { ScrapeFilter } from './scrape-filter.ts';
export { isNodeIdValid, makeNodeId } from './security-id.ts';
export { TokenBucket, type RateLimit } from './token-bucket.ts';
export { TOKEN_BYTES, TOKEN_ROTATION_MS, Tokens, type TokensOptions } from './tokens.ts';
