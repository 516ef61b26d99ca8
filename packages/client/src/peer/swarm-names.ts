/** Bytes of a hash in a handshake, and of what trackers are asked for (BEP 3). */
const NAME_LENGTH = 20;

/** What names a torrent's swarms on the wire, 20 bytes each. A hybrid torrent has both, any other one of them. */
export interface SwarmNames {
  /** SHA-1 info-hash. */
  readonly v1: Uint8Array | undefined;
  /** First 20 bytes of the SHA-256 info-hash (BEP 52). */
  readonly v2: Uint8Array | undefined;
}

/** What one side's handshake says of the torrent. */
export interface Greeting {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** It is the v2 one. */
  readonly isV2: boolean;
  /** The v2 bit is set (BEP 52): for hybrids only, as libtorrent hangs up on one for another torrent, and only beside the v1 hash. */
  readonly offersV2: boolean;
}

/** The names of a torrent with these info-hashes. */
export function swarmNamesOf(info: {
  readonly infoHash?: Uint8Array | undefined;
  readonly infoHashV2?: Uint8Array | undefined;
}): SwarmNames {
  return { v1: info.infoHash, v2: info.infoHashV2?.subarray(0, NAME_LENGTH) };
}

/**
 * How a connection is opened. A hybrid's begins with the v1 hash, which every client knows, and, where it `mayOffer` that, with an offer
 * to go on with v2; `knowsV2` says that this peer is known to know the v2 hash.
 */
export function openingOf(
  { v1, v2 }: SwarmNames,
  knowsV2: boolean,
  mayOffer = true,
): Greeting | undefined {
  if (v2 !== undefined && (knowsV2 || v1 === undefined)) return v2Greeting(v2);
  if (v1 === undefined) return undefined;
  return { infoHash: v1, isV2: false, offersV2: mayOffer && v2 !== undefined };
}

/**
 * What is answered to somebody who named `asked`: v2 to v2, and to v1 with an offer where there is a v2 swarm. Nobody else is
 * answered with v2, as they would hang up. Undefined where it names neither.
 */
export function replyTo(
  { v1, v2 }: SwarmNames,
  asked: Uint8Array,
  offersV2: boolean,
): Greeting | undefined {
  if (v2 !== undefined && isSame(asked, v2)) return v2Greeting(v2);
  if (v1 === undefined || !isSame(asked, v1)) return undefined;
  if (v2 !== undefined && offersV2) return v2Greeting(v2);
  return { infoHash: v1, isV2: false, offersV2: v2 !== undefined };
}

/**
 * What both sides have agreed on when `answer` comes to what we opened with: the same, or v2 where we offered it. Undefined
 * where the answer names neither.
 */
export function agreedOn(
  { v2 }: SwarmNames,
  opening: Greeting,
  answer: Uint8Array,
): Greeting | undefined {
  if (isSame(answer, opening.infoHash)) return opening;
  return opening.offersV2 && v2 !== undefined && isSame(answer, v2) ? v2Greeting(v2) : undefined;
}

/** Whether a torrent has a swarm of this name, 20 bytes. */
export function isNamed({ v1, v2 }: SwarmNames, name: Uint8Array): boolean {
  return [v1, v2].some((each) => each !== undefined && isSame(each, name));
}

/** Whether 20 bytes name the v2 swarm of a torrent. */
export function isV2Name({ v2 }: SwarmNames, name: Uint8Array): boolean {
  return v2 !== undefined && isSame(v2, name);
}

function v2Greeting(infoHash: Uint8Array): Greeting {
  return { infoHash, isV2: true, offersV2: false };
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
