import type { Endpoint } from '@shoal/net';
import type { Candidate, PeerSource } from './candidate.ts';

/** A peer that a torrent may dial, or is connected to, and why it waits with that. */
export interface KnownPeer {
  readonly endpoint: Endpoint;
  /** Who named it, those we trust most first. */
  readonly sources: readonly PeerSource[];
  readonly state: 'idle' | 'dialling' | 'connected';
  /** Attempts that failed since the last success. */
  readonly failures: number;
  /** Why the last attempt failed, for a person; undefined where it did not. */
  readonly reason: string | undefined;
  /** It is not dialled before; undefined where it may be dialled now, or need not be. */
  readonly retryAt: Date | undefined;
}

/** What failures are called, by the code of their error. */
const SENTENCES: Readonly<Record<string, string>> = {
  ERR_NET_REFUSED: 'Nobody listens there',
  ERR_NET_RESET: 'It broke the connection off',
  ERR_NET_TIMEOUT: 'It did not answer in time',
  ERR_NET_UNREACHABLE: 'It cannot be reached from here',
  ERR_PEER_HANDSHAKE_TIMEOUT: 'No handshake came in time',
  ERR_PEER_IDLE: 'It had nothing to say for a long time, or was of no use',
  ERR_PEER_MISBEHAVED: 'It broke the rules of the protocol',
};

/** A failure for a person; `code` is that of its error, undefined where the peer ended the connection in order. */
export function failureSentence(code: string | undefined): string {
  if (code === undefined) return 'It ended the connection';
  return SENTENCES[code] ?? `The connection failed (${code})`;
}

/** A candidate as it is told, in wall time. */
export function knownPeer(
  candidate: Candidate,
  clock: { now(): number; wallTime(): number },
): KnownPeer {
  const { endpoint, sources, state, failures, notBefore } = candidate;
  const now = clock.now();
  const waits = state === 'idle' && notBefore > now;
  return {
    endpoint,
    sources,
    state,
    failures,
    reason: failures === 0 ? undefined : failureSentence(candidate.failure),
    retryAt: waits ? new Date(Math.round(clock.wallTime() - now + notBefore)) : undefined,
  };
}
