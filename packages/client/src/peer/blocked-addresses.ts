/** Which addresses a client has nothing to do with: an `IpFilter` of `@shoal/net`, or anything that answers the same question. */
export interface AddressFilter {
  /** Whether an IP literal in canonical form is blocked. Asked for every peer and datagram, so it must be quick. */
  blocks(address: string): boolean;
}

/** The filter of a client, which may be another one at any time. */
export class BlockedAddresses {
  /** Undefined: nobody is blocked. */
  filter: AddressFilter | undefined;

  constructor(filter: AddressFilter | undefined) {
    this.filter = filter;
  }

  /** To be handed on as a function. */
  readonly isBlocked = (address: string): boolean => this.filter?.blocks(address) === true;
}
