import type { Clock, Timer } from '@shoal/net';
import { TrackerFailure } from '../errors.ts';
import type { ResponseLimits } from '../limits.ts';
import { PeerCollector } from '../peers.ts';
import type { AnnounceResponse } from '../types.ts';
import type { UdpAnnounceReply } from './packets.ts';
import { FAMILY_GRACE } from './udp-options.ts';

/** The answer in the form all trackers share. Copies what it keeps of the packet. */
export function announceResponse(
  reply: UdpAnnounceReply,
  family: 4 | 6,
  { minInterval, maxInterval, maxPeers }: ResponseLimits,
): AnnounceResponse {
  const collector = new PeerCollector(maxPeers);
  collector.addCompact(reply.peers, family);
  return {
    interval: Math.min(maxInterval, Math.max(minInterval, reply.interval)),
    minInterval: undefined,
    peers: collector.peers,
    namedPeers: [],
    complete: reply.seeders,
    incomplete: reply.leechers,
    downloaded: undefined,
    trackerId: undefined,
    externalIp: undefined,
    warning: undefined,
  };
}

/** One answer of those of both address families. A tracker counts a swarm as a whole, so the figures are not added up. */
function merged(answers: readonly [AnnounceResponse, ...AnnounceResponse[]]): AnnounceResponse {
  const [first] = answers;
  return {
    ...first,
    interval: Math.max(...answers.map(({ interval }) => interval)),
    peers: answers.flatMap(({ peers }) => peers),
    complete: Math.max(...answers.map(({ complete }) => complete ?? 0)),
    incomplete: Math.max(...answers.map(({ incomplete }) => incomplete ?? 0)),
  };
}

/**
 * The answer to the same announce over several address families: those that have come when all are settled, or
 * {@link FAMILY_GRACE} after the first. Rejects when none answers, with what a tracker said rather than with silence.
 */
export function answersOfFamilies(
  asked: readonly Promise<AnnounceResponse>[],
  clock: Clock,
): Promise<AnnounceResponse> {
  return new Promise((resolve, reject) => {
    const answers: AnnounceResponse[] = [];
    const errors: Error[] = [];
    const end = (): void => {
      const [first, ...others] = answers;
      if (first !== undefined) resolve(merged([first, ...others]));
      else reject(errors.find((error) => error instanceof TrackerFailure) ?? (errors[0] as Error));
    };
    let grace: Timer | undefined;
    const settled = (): void => {
      if (answers.length + errors.length === asked.length) {
        grace?.cancel();
        end();
      } else if (answers.length > 0) {
        grace ??= clock.setTimer(end, FAMILY_GRACE);
      }
    };
    for (const each of asked) {
      each.then(
        (answer) => {
          answers.push(answer);
          settled();
        },
        (error: unknown) => {
          errors.push(error as Error);
          settled();
        },
      );
    }
  });
}
