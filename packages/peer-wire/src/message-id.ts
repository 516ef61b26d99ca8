/** The id bytes of peer wire messages (BEP 3, 5, 6, 10 and 52). A keep-alive has no id: it is a length of zero alone. */
export const MessageId = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  /** DHT port (BEP 5). */
  port: 9,
  /** Fast extension (BEP 6): 13 to 17. */
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  /** Extension protocol (BEP 10). */
  extended: 20,
  /** BitTorrent v2 (BEP 52): 21 to 23. */
  hashRequest: 21,
  hashes: 22,
  hashReject: 23,
} as const;

/** One of the known id bytes. */
export type MessageId = (typeof MessageId)[keyof typeof MessageId];
