import { NetError } from '../errors.ts';

/** A list that cannot be used, and the line (from 1) at which that turned out, where there is one. */
export class IpFilterError extends NetError {
  /** From 1; undefined where it is about the list as a whole. */
  readonly line: number | undefined;

  constructor(reason: string, line?: number, options?: ErrorOptions) {
    const where = line === undefined ? '' : `line ${line}: `;
    super('ERR_NET_IP_FILTER', `${where}${reason}`, options);
    this.line = line;
  }
}
