import type { BencodeInput } from '@shoal/bencode';
import { encode } from '@shoal/bencode';
import type { Metainfo } from './types.ts';

/**
 * The bytes of a .torrent file for a torrent whose info dictionary is known, as from a magnet link: trackers, web seeds and what else a
 * {@link Metainfo} holds, around the info dictionary's original bytes. Piece layers (BEP 52) are not written: without those it
 * needs, a version 2 torrent will not be read.
 */
export function encodeMetainfo(metainfo: Metainfo): Uint8Array {
  const { info, trackers, webSeeds, httpSeeds, nodes, comment, createdBy, creationDate } = metainfo;
  const [announce] = trackers.flat();
  const isSimple = trackers.flat().length <= 1;
  // In the order of the keys, `info` among them: its bytes must not be written anew.
  const before: Record<string, BencodeInput | undefined> = {
    announce,
    'announce-list': isSimple ? undefined : trackers.map((tier) => [...tier]),
    comment,
    'created by': createdBy,
    'creation date': creationDate,
    httpseeds: httpSeeds.length === 0 ? undefined : [...httpSeeds],
  };
  const after: Record<string, BencodeInput | undefined> = {
    nodes: nodes.length === 0 ? undefined : nodes.map(({ host, port }) => [host, port]),
    'url-list': webSeeds.length === 0 ? undefined : [...webSeeds],
  };
  return Buffer.concat([
    Buffer.from('d'),
    entriesOf(before),
    Buffer.from('4:info'),
    info.bytes,
    entriesOf(after),
    Buffer.from('e'),
  ]);
}

/** What stands between `d` and `e`. */
function entriesOf(entries: Record<string, BencodeInput | undefined>): Uint8Array {
  return encode(entries).subarray(1, -1);
}
