import { UsageError } from '../errors.ts';

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?$/;
const HIGHEST = 65_535;

/** Ports to try in order. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** `6881`, `0` (any free one) or a range such as `6881-6889`. */
export function parsePorts(text: string): number | PortRange {
  const match = PORT.exec(text.trim());
  if (match !== null) {
    const from = Number(match[1]);
    if (match[2] === undefined) {
      if (from <= HIGHEST) return from;
    } else {
      const to = Number(match[2]);
      if (from >= 1 && from <= to && to <= HIGHEST) return { from, to };
    }
  }
  throw new UsageError(`"${text}" is no port: write a number from 0 to 65535 or a range A-B`);
}

/** One port, 0 to 65535. */
export function parsePort(text: string): number {
  const port = parsePorts(text);
  if (typeof port === 'number') return port;
  throw new UsageError(`"${text}" is a range: this command takes one port`);
}
