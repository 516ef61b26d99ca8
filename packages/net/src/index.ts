/**
 * What the BitTorrent layers stand on when they touch the world: endpoints and their compact form, the contracts of
 * connections, listeners and datagram sockets, TCP and UDP for Node, clock and randomness. The simulated network is
 * `@shoal/net/sim`, the suites every implementation of the contracts passes are `@shoal/net/compliance`.
 *
 * @packageDocumentation
 */
export type { Endpoint } from './endpoint.ts';
export type * from './contracts.ts';
export type { Resolve, ResolveOptions } from './resolve.ts';
export { NetError, type NetErrorCode } from './errors.ts';
export {
  addressFromBytes,
  addressToBytes,
  isIPv4Address,
  isIPv6Address,
  parseAddress,
} from './address.ts';
export { addressKind, carriedIPv4, type AddressKind } from './address-kind.ts';
export { isWithinReach, type Reach } from './reach.ts';
export {
  IpFilterBuilder,
  ipFilterLimits,
  type IpFilterProblem,
  type IpFilterReadOptions,
  type IpFilterReport,
} from './ip-filter/builder.ts';
export { IpFilterError } from './ip-filter/error.ts';
export { IpFilter } from './ip-filter/ip-filter.ts';
export {
  endpointKey,
  formatEndpoint,
  isEndpoint,
  parseEndpoint,
  PORT_MAX,
} from './endpoint-text.ts';
export { COMPACT_IPV4_BYTES, COMPACT_IPV6_BYTES, decodeCompact, encodeCompact } from './compact.ts';
export { crc32c } from './crc32c.ts';
export { readUint32, writeUint32 } from './uint32.ts';
export { seededRandom } from './random.ts';
export { AddressGuard, type AddressGuardOptions } from './node/address-guard.ts';
export { systemClock } from './node/clock.ts';
export { systemRandom } from './node/random.ts';
export { systemResolve } from './node/resolve.ts';
export {
  createNodeNetwork,
  nodeHost,
  nodeNetwork,
  type NodeNetworkOptions,
} from './node/network.ts';
