import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  METADATA_PIECE_LENGTH,
  utMetadata,
} from '@shoal/peer-wire';
import { type PeerScript, poseAsSeed, type ScriptedPeer } from './scripted-peer.ts';

/** The extended id under which a {@link metadataScript} takes metadata messages. */
const METADATA_ID = 3;

export interface MetadataScriptOptions {
  /** What it gives as the metadata. Default: the truth. */
  readonly metadata?: Uint8Array;
  /** `metadata_size`. Default: the length of what it gives. */
  readonly claims?: number;
  /** `serve` by default. */
  readonly answers?: 'serve' | 'reject' | 'nothing';
  /** Leaves after so many pieces. */
  readonly leavesAfter?: number;
  /** It also has and serves all pieces of the torrent. Default false. */
  readonly seeds?: boolean;
  readonly peerId?: Uint8Array;
  /** Bencoded payload in place of the whole extended handshake. */
  readonly handshake?: Uint8Array;
  /** Called with the number of each piece of metadata that is asked for. */
  asked?(piece: number): void;
}

/** A peer that gives metadata, or does whatever else a test wants with it. */
export function metadataScript(options: MetadataScriptOptions = {}): PeerScript {
  const { answers = 'serve', leavesAfter = Infinity, seeds = false } = options;
  let given = 0;
  let theirs = 0;
  return {
    extension: true,
    ...(options.peerId === undefined ? {} : { peerId: options.peerId }),
    onOpen: (peer) => {
      const length = options.claims ?? metadataOf(peer).length;
      const handshake =
        options.handshake ??
        encodeExtensionHandshake({
          extensions: new Map([[utMetadata.name, METADATA_ID]]),
          metadataLength: length,
        });
      peer.send((to) => to.extended(0, handshake));
      if (seeds) poseAsSeed(peer);
    },
    onRequest: (peer, piece, begin, length) => {
      if (seeds) peer.serve(piece, begin, length);
    },
    onExtended: (peer, id, payload) => {
      if (id === 0) {
        theirs = decodeExtensionHandshake(payload).extensions.get(utMetadata.name) ?? theirs;
        return;
      }
      const message = utMetadata.decode(payload);
      if (id !== METADATA_ID || message?.type !== 'request') return;
      const { piece } = message;
      options.asked?.(piece);
      if (answers === 'nothing') return;
      if (answers === 'reject') {
        peer.send((to) => to.extended(theirs, utMetadata.encode({ type: 'reject', piece })));
        return;
      }
      if (given >= leavesAfter) return;
      const metadata = metadataOf(peer);
      const data = metadata.subarray(
        piece * METADATA_PIECE_LENGTH,
        (piece + 1) * METADATA_PIECE_LENGTH,
      );
      const totalLength = metadata.length;
      given += 1;
      peer.send((to) =>
        to.extended(theirs, utMetadata.encode({ type: 'data', piece, totalLength, data })),
      );
      if (given >= leavesAfter) peer.connection.close();
    },
  };

  function metadataOf({ torrent }: ScriptedPeer): Uint8Array {
    return options.metadata ?? torrent.info.bytes;
  }
}
