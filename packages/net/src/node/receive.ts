import { Socket, type OnReadOpts, type Server, type SocketConstructorOpts } from 'node:net';
import type { Endpoint } from '../endpoint.ts';
import type { RefusedConnections } from './refused.ts';
import { systemEndpoint } from './system-endpoint.ts';
import { reportStrayError } from './system-error.ts';

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

/** An accepted connection as the operating system's side of Node hands it out. */
interface AcceptedHandle {
  readStop?: unknown;
  useUserBuffer?: unknown;
  setNoDelay?: unknown;
  setKeepAlive?: unknown;
  getpeername?: unknown;
  close?: unknown;
}

/** The fields of a server that Node does not document; absent where a version has changed them. */
interface ServerInternals {
  _handle?: { onconnection?: unknown } | null;
}

/** What becomes of those that are not to be had. */
export interface Refusing {
  readonly refuses: (from: Endpoint) => boolean;
  readonly refused: RefusedConnections;
}

type OnConnection = (this: unknown, status: number, handle: AcceptedHandle | undefined) => void;

/** Options of the constructor that Node does not document. */
interface HandleOptions extends SocketConstructorOpts {
  handle: unknown;
  pauseOnCreate: boolean;
  onread: OnReadOpts;
}

/**
 * Has a listening server hand its connections over before it makes sockets of them: each becomes one that is paused and reads
 * into the shared buffer. `onread` is only taken by the constructor, and a second socket over the first one's handle costs as
 * much again. That is not documented by Node, hence the checks: whatever is not as expected takes the server's own way.
 *
 * @param keepAliveDelay seconds of silence after which the system probes whether the peer is alive
 * @param refusing tells of whom no socket is made
 */
export function acceptShared(
  server: Server,
  keepAliveDelay: number,
  accept: (socket: Socket, receiver: Receiver) => void,
  refusing?: Refusing,
): void {
  const handle = (server as unknown as ServerInternals)._handle;
  if (typeof handle !== 'object' || handle === null) return;
  const { onconnection } = handle;
  if (typeof onconnection !== 'function') return;
  const ordinary = onconnection as OnConnection;
  const shared: OnConnection = function (status, accepted) {
    if (status !== 0 || accepted === undefined || !isAsExpected(accepted)) {
      ordinary.call(this, status, accepted);
      return;
    }
    if (refusing !== undefined && isRefused(accepted, refusing)) return;
    accepted.setNoDelay(true);
    accepted.setKeepAlive(true, keepAliveDelay);
    const receiver: Receiver = { receive: noBytes };
    accept(new Socket(sharedReadOptions(accepted, receiver)), receiver);
  };
  handle.onconnection = shared;
}

function isRefused(accepted: AcceptedHandle, { refuses, refused }: Refusing): boolean {
  if (!isRefusable(accepted)) return false;
  const name: { address?: string; port?: number } = {};
  accepted.getpeername(name);
  const from = systemEndpoint(name.address, name.port);
  if (from === undefined) return false;
  try {
    if (!refuses(from)) return false;
  } catch (error) {
    // As where `accept` throws: it costs that connection only.
    reportStrayError(error);
  }
  refused.add(accepted);
  return true;
}

function isRefusable(handle: AcceptedHandle): handle is AcceptedHandle & {
  getpeername(name: { address?: string; port?: number }): number;
  close(): void;
} {
  return typeof handle.getpeername === 'function' && typeof handle.close === 'function';
}

function noBytes(): void {
  // Nothing is read before a connection is there to take it.
}

function isAsExpected(handle: AcceptedHandle): handle is AcceptedHandle & {
  setNoDelay(on: boolean): void;
  setKeepAlive(on: boolean, delay: number): void;
} {
  return (
    typeof handle.readStop === 'function' &&
    typeof handle.useUserBuffer === 'function' &&
    typeof handle.setNoDelay === 'function' &&
    typeof handle.setKeepAlive === 'function'
  );
}

function sharedReadOptions(handle: object, receiver: Receiver): HandleOptions {
  return {
    handle,
    pauseOnCreate: true,
    allowHalfOpen: true,
    onread: sharedBufferRead(receiver),
  };
}

/**
 * Makes a socket that reads into the shared buffer out of one that a server has accepted with `pauseOnConnect`, where
 * {@link acceptShared} could not: answers undefined, with `accepted` untouched, when the internals are not as expected.
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
  const socket = new Socket(sharedReadOptions(handle, receiver));
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
