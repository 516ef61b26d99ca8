/** Every code a {@link DhtError} can carry; the README says what each asks of the caller. */
export type DhtErrorCode =
  | 'ERR_DHT_OPTION'
  | 'ERR_DHT_ARGUMENT'
  | 'ERR_DHT_NO_NODES'
  | 'ERR_DHT_BUSY'
  | 'ERR_DHT_CLOSED'
  | 'ERR_DHT_ITEM'
  | 'ERR_DHT_NOT_STORED';

/** Base class of everything this package throws or rejects with. */
export class DhtError extends Error {
  /** What went wrong, to switch on. */
  readonly code: DhtErrorCode;

  constructor(code: DhtErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
