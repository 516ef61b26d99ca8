import type { IncomingMessage } from 'node:http';
import { constants, createGunzip, createInflate } from 'node:zlib';
import type { Gunzip, Inflate } from 'node:zlib';
import { TrackerError } from './errors.ts';

/** First allocation for a body, in bytes: most answers fit, and it doubles from there. */
const INITIAL_CAPACITY = 8 * 1024;

/** Bytes gathered in one growing buffer, so that an answer in one-byte chunks costs no more than one in large ones. */
class ByteCollector {
  #bytes = new Uint8Array(INITIAL_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = needed;
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

export interface ReadBodyOptions {
  /** Most bytes, as they arrive and again once unpacked. */
  readonly maxLength: number;
  /** What happens beyond that: `'fail'` with `ERR_TRACKER_TOO_LARGE`, or `'cut'` and give what is there. */
  readonly beyond: 'fail' | 'cut';
}

/** The unpacker a `Content-Encoding` asks for; undefined where the body is plain. */
function unpacker(response: IncomingMessage): Gunzip | Inflate | undefined {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  // Sync flushing reads what a careless server sent without the end mark; a cut answer then fails as bencode.
  const flush = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
  switch (encoding) {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip(flush);
    case 'deflate':
      return createInflate(flush);
    default:
      throw new TrackerError(
        'ERR_TRACKER_ENCODING',
        'The tracker packed its answer in a way that was not offered to it',
      );
  }
}

function tooLarge(maxLength: number): TrackerError {
  return new TrackerError(
    'ERR_TRACKER_TOO_LARGE',
    `The tracker's answer is larger than ${maxLength} bytes`,
  );
}

/**
 * Reads a body whole, unpacking it as it streams, and stops at the limit on either side of the unpacker: what a few
 * kilobytes would unpack to is never held. Rejects with a `TrackerError` or the stream's error; the caller then destroys
 * the exchange.
 */
export function readBody(
  response: IncomingMessage,
  { maxLength, beyond }: ReadBodyOptions,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (beyond === 'fail' && Number(response.headers['content-length']) > maxLength) {
      reject(tooLarge(maxLength));
      return;
    }
    const body = new ByteCollector();
    const unpack = unpacker(response);
    let received = 0;

    const stop = (error: Error | undefined): void => {
      response.destroy();
      unpack?.destroy();
      if (error === undefined) resolve(body.take());
      else reject(error);
    };
    const overflow = (): void => stop(beyond === 'fail' ? tooLarge(maxLength) : undefined);
    const collect = (chunk: Uint8Array): void => {
      const room = maxLength - body.length;
      body.append(chunk.length > room ? chunk.subarray(0, room) : chunk);
      if (chunk.length > room) overflow();
    };

    response.on('error', stop);
    // A connection lost mid-way ends in 'error' first; this is for whatever closes without one.
    response.on('close', () => {
      if (!response.complete)
        stop(new Error('The connection closed before the answer was complete'));
    });
    if (unpack === undefined) {
      response.on('data', collect);
      response.on('end', () => resolve(body.take()));
      return;
    }
    response.on('data', (chunk: Uint8Array) => {
      received += chunk.length;
      if (received > maxLength) overflow();
    });
    unpack.on('data', collect);
    unpack.on('end', () => resolve(body.take()));
    unpack.on('error', (cause) =>
      stop(
        new TrackerError('ERR_TRACKER_ENCODING', 'The tracker packed its answer wrongly', {
          cause,
        }),
      ),
    );
    response.pipe(unpack);
  });
}
