import type { AnnounceRequest } from '../../src/index.ts';
import { text } from './hex.ts';

/** A request in order, with whatever a test wants changed. */
export function announceRequest(changes: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    infoHash: new Uint8Array(20).fill(0xaa),
    peerId: text('-SH0100-0123456789ab'),
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 16384,
    ...changes,
  };
}
