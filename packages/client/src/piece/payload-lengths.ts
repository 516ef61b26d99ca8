import { type FileColumns, fileColumns, type TorrentInfo } from '@shoal/metainfo';
import { runNow, STEP_ITEMS, type Steps } from '../slices.ts';

type PaddedInfo = Pick<TorrentInfo, 'files' | 'pieceLength' | 'pieceCount'>;

/**
 * Bytes of each piece before the padding it ends with, 0 for a piece of nothing but padding; undefined where no piece ends
 * with padding, as in most torrents. What lies behind that is zeros: nobody is asked for it. Padding between two files of
 * one piece counts as payload: no program that aligns files makes it. Over shared memory, for the disk's threads. Takes time for
 * each file and piece.
 */
export function payloadLengthsOf(info: PaddedInfo): Int32Array | undefined {
  return runNow(payloadSteps(info));
}

/** {@link payloadLengthsOf}, to be done in slices. */
export function* payloadSteps(info: PaddedInfo): Steps<Int32Array | undefined> {
  const { pieceLength, pieceCount } = info;
  const files = fileColumns(info);
  const { lengths } = files;
  if (!hasPadding(files)) return undefined;
  const payload = new Int32Array(new SharedArrayBuffer(pieceCount * Int32Array.BYTES_PER_ELEMENT));
  let offset = 0;
  for (let file = 0; file < lengths.length; file++) {
    const end = offset + (lengths[file] ?? 0);
    if (end > offset && !files.isPadding(file)) {
      const first = Math.floor(offset / pieceLength);
      const last = Math.floor((end - 1) / pieceLength);
      payload.fill(pieceLength, first, last);
      payload[last] = end - last * pieceLength;
    }
    offset = end;
    if (file % STEP_ITEMS === STEP_ITEMS - 1) yield;
  }
  for (let piece = 0; piece < pieceCount; piece++) {
    if (payload[piece] !== Math.min(pieceLength, offset - piece * pieceLength)) return payload;
  }
  return undefined;
}

function hasPadding(files: FileColumns): boolean {
  const { lengths } = files;
  for (let file = 0; file < lengths.length; file++) {
    if (files.isPadding(file) && (lengths[file] ?? 0) > 0) return true;
  }
  return false;
}
