/**
 * Where a peer, tracker or node is reached: an IP literal and a port.
 *
 * `address` is always a literal in canonical text form (IPv4 dotted quad, or IPv6 as RFC 5952 writes it); an IPv4-mapped
 * IPv6 address is held as the IPv4 address it stands for. `port` is 0–65535; 0 means "any" and is valid only for binding.
 */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}
