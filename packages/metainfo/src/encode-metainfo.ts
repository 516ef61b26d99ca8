import type { BencodeInput } from '@shoal/bencode';
import { encode, keyFromBytes } from '@shoal/bencode';
import { tableOf } from './file-table.ts';
import type { Metainfo } from './types.ts';

/**
 * The bytes of a .torrent file for a torrent whose info dictionary is known, as from a magnet link: trackers, web seeds and what else a
 * {@link Metainfo} holds, around the info dictionary's original bytes. Piece layers (BEP 52) are written as far as they are known:
 * without all it needs, a version 2 torrent will not be read.
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
    'piece layers': info.infoHashV2 === undefined ? undefined : layersOf(metainfo),
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

/** By pieces root: files of the same content share one. */
function layersOf({ info, pieceLayers }: Metainfo): Map<string, Uint8Array> {
  const table = tableOf(info);
  const layers = new Map<string, Uint8Array>();
  for (let file = 0; file < table.size; file++) {
    const layer = pieceLayers.layerOf(file);
    const root = layer && table.piecesRootOf(file);
    if (root !== undefined && layer !== undefined) layers.set(keyFromBytes(root), layer);
  }
  return layers;
}

/** What stands between `d` and `e`. */
function entriesOf(entries: Record<string, BencodeInput | undefined>): Uint8Array {
  return encode(entries).subarray(1, -1);
}
