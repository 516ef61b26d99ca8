import { isIPv4Address, isIPv6Address, PORT_MAX } from '@shoal/net';
import { MAX_METADATA_LENGTH } from '@shoal/peer-wire';
import { ClientError } from './errors.ts';
import type { ClientOptions } from './options.ts';

/** Bytes of a peer id (BEP 3). */
const PEER_ID_LENGTH = 20;

/** Throws `ERR_CLIENT_OPTION` for options that make no sense, before anything is started. */
export function checkClientOptions(options: ClientOptions): void {
  const { port = 0, bind, peerId } = options;
  if (typeof port === 'number') wholeNumber('port', port, 0, PORT_MAX);
  else {
    wholeNumber('port.from', port.from, 1, PORT_MAX);
    wholeNumber('port.to', port.to, port.from, PORT_MAX);
  }
  if (bind !== undefined && !isIPv4Address(bind) && !isIPv6Address(bind)) {
    throw refused('bind', 'an IP address');
  }
  if (peerId !== undefined && peerId.length !== PEER_ID_LENGTH) {
    throw refused('peerId', `${PEER_ID_LENGTH} bytes`);
  }
  const { localServers = 'all' } = options;
  if (!['none', 'trackers', 'all'].includes(localServers)) {
    throw refused('localServers', '"none", "trackers" or "all"');
  }
  wholeNumber('maxPeers', options.maxPeers, 1);
  wholeNumber('maxPeersPerTorrent', options.maxPeersPerTorrent, 1);
  wholeNumber('maxHalfOpen', options.maxHalfOpen, 1);
  wholeNumber('diskWorkers', options.diskWorkers, 1);
  wholeNumber('pieceBufferBudget', options.pieceBufferBudget, 1);
  // Else there would be metadata that never has room.
  wholeNumber('metadataBudget', options.metadataBudget, MAX_METADATA_LENGTH);
  if (typeof options.webSeeds === 'object') {
    const { maxRequests, maxRequestsPerServer, maxRequestsPerSeed } = options.webSeeds;
    wholeNumber('webSeeds.maxRequests', maxRequests, 1);
    wholeNumber('webSeeds.maxRequestsPerServer', maxRequestsPerServer, 1);
    wholeNumber('webSeeds.maxRequestsPerSeed', maxRequestsPerSeed, 1);
  }
  if (options.uploadSlots !== 'auto') wholeNumber('uploadSlots', options.uploadSlots, 0);
}

function wholeNumber(
  name: string,
  value: number | undefined,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw refused(name, `a whole number ${range}`);
}

function refused(name: string, expected: string): ClientError {
  return new ClientError('ERR_CLIENT_OPTION', `The option ${name} must be ${expected}`);
}
