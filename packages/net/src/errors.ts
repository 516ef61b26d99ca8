/** What went wrong, in a form to switch on. The README's table says what each means and what to do. */
export type NetErrorCode =
  | 'ERR_NET_REFUSED'
  | 'ERR_NET_RESET'
  | 'ERR_NET_TIMEOUT'
  | 'ERR_NET_UNREACHABLE'
  | 'ERR_NET_ADDRESS_IN_USE'
  | 'ERR_NET_ADDRESS_NOT_AVAILABLE'
  | 'ERR_NET_PERMISSION'
  | 'ERR_NET_CLOSED'
  | 'ERR_NET_TOO_MANY_FILES'
  | 'ERR_NET_NO_MEMORY'
  | 'ERR_NET_DATAGRAM_TOO_LARGE'
  | 'ERR_NET_UNSUPPORTED'
  | 'ERR_NET_INVALID_ADDRESS'
  | 'ERR_NET_INVALID_ENDPOINT'
  | 'ERR_NET_UNRESOLVED'
  | 'ERR_NET_FORBIDDEN_ADDRESS'
  | 'ERR_NET_IP_FILTER'
  | 'ERR_NET_ALREADY_ATTACHED'
  | 'ERR_NET_IO';

/** The base of every error this package makes. `code` is stable; `cause` is the system's error where there is one. */
export class NetError extends Error {
  /** What went wrong, to switch on. */
  readonly code: NetErrorCode;

  constructor(code: NetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NetError';
    this.code = code;
  }
}
