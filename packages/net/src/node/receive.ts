import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';

/**
 * Bytes read from a socket at a time. Measured: 64–128 KiB cost the least CPU; from 256 KiB on the buffer no longer stays
 * in the processor's cache.
 */
export const RECEIVE_BUFFER_BYTES = 131_072;

/**
 * Where all connections of this thread receive. One buffer serves them all, because what is in it is consumed before the
 * callback returns.
 */
const receiveBuffer = new Uint8Array(RECEIVE_BUFFER_BYTES);

/** Takes the bytes as they come, once a connection has been made over the socket. */
export interface Receiver {
  receive: (chunk: Uint8Array) => void;
}

/** Options that let Node read into the shared buffer instead of allocating one for each read. */
export function sharedBufferRead(receiver: Receiver): OnReadOpts {
  return {
    buffer: receiveBuffer,
    callback: (length) => {
      receiver.receive(
        length === RECEIVE_BUFFER_BYTES ? receiveBuffer : receiveBuffer.subarray(0, length),
      );
      // Pausing is done with socket.pause(), which stops the handle at once.
      return true;
    },
  };
}

/** The fields of a socket that Node does not document; absent where a version has changed them. */
interface SocketInternals {
  _handle?: { readStop?: unknown; useUserBuffer?: unknown } | null;
}

/** Options of the constructor that Node does not document. */
interface HandleOptions extends SocketConstructorOpts {
  handle: unknown;
  pauseOnCreate: boolean;
  onread: OnReadOpts;
}

/**
 * Makes a socket that reads into the shared buffer out of one that a server has accepted with `pauseOnConnect`: `onread`
 * is only taken by the constructor, so the operating system's handle moves to a new socket. That is not documented by
 * Node, hence the checks: answers undefined, with `accepted` untouched, when the internals are not as expected.
 */
export function adoptAccepted(accepted: Socket, receiver: Receiver): Socket | undefined {
  const internals = accepted as unknown as SocketInternals;
  const handle = internals._handle;
  if (
    typeof handle !== 'object' ||
    handle === null ||
    typeof handle.readStop !== 'function' ||
    typeof handle.useUserBuffer !== 'function'
  ) {
    return undefined;
  }
  const options: HandleOptions = {
    handle,
    pauseOnCreate: true,
    allowHalfOpen: true,
    onread: sharedBufferRead(receiver),
  };
  const socket = new Socket(options);
  if ((socket as unknown as SocketInternals)._handle !== handle) {
    socket.destroy();
    return undefined;
  }
  // The handle has a new owner; what is left of the old socket is an empty shell.
  internals._handle = null;
  accepted.destroy();
  return socket;
}

/** The documented way, which allocates for each read: for accepted sockets that could not be adopted. */
export function receiveEvents(socket: Socket, receiver: Receiver): void {
  socket.on('data', (chunk: Uint8Array) => receiver.receive(chunk));
  // Naming a 'data' listener starts the flow; a connection starts it itself.
  socket.pause();
}
