import { IpFilterError } from './error.ts';

/** Bytes that are looked at in one go: about a millisecond. */
const CHUNK_LENGTH = 64 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b];
const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04];

/** The bytes of a list, unpacked where it is packed by gzip, in chunks that are no longer than is good for a turn. */
export async function* plainChunks(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const chunks = smallChunks(source instanceof Uint8Array ? once(source) : source);
  const first = await headOf(chunks);
  if (begins(first, ZIP_MAGIC)) {
    throw new IpFilterError('it is a zip archive: unpack it, or pack it by gzip');
  }
  const all = chain(first, chunks);
  let length = 0;
  for await (const chunk of begins(first, GZIP_MAGIC) ? unpacked(all) : all) {
    length += chunk.length;
    if (length > maxBytes) throw new IpFilterError(`it has more than ${maxBytes} bytes`);
    yield chunk;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

async function* smallChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += CHUNK_LENGTH) {
      yield chunk.subarray(at, at + CHUNK_LENGTH);
    }
  }
}

/** The first bytes: as many as tell the format, unless there are fewer. */
async function headOf(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < ZIP_MAGIC.length) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* chain(
  first: Uint8Array,
  others: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield* others;
}

async function* unpacked(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Loaded when it is needed: few lists are packed, and most programs have none.
  const { createGunzip } = await import('node:zlib');
  const { pipeline, Readable } = await import('node:stream');
  const gunzip = createGunzip({ chunkSize: CHUNK_LENGTH });
  // `pipeline` hands errors of the source on to the last stream, which is read here.
  const stream = pipeline(Readable.from(packed), gunzip, () => undefined);
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (!code.startsWith('Z_')) throw cause;
    throw new IpFilterError(`it cannot be unpacked (${code})`, undefined, { cause });
  } finally {
    gunzip.destroy();
  }
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
