import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

/** A server on this machine that answers every connection with the same bytes, whatever it is asked, in two parts. */
export class RawServer {
  port = 0;
  #server: Server | undefined;
  #answer: Uint8Array = new Uint8Array(0);

  async open(): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const middle = this.#answer.length >>> 1;
        socket.write(this.#answer.subarray(0, middle));
        socket.end(this.#answer.subarray(middle));
        socket.resume();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  /** From now on it answers with these bytes; `PORT` stands for its own port. */
  set answer(bytes: Uint8Array) {
    const text = Buffer.from(bytes).toString('latin1').replaceAll('PORT', `${this.port}`);
    this.#answer = Buffer.from(text, 'latin1');
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Words of answers over HTTP. */
export const HTTP_TOKENS = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 206 Partial Content\r\n',
  'HTTP/1.1 302 Found\r\n',
  'HTTP/1.1 503 Busy\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.0 200 OK\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 99999999999\r\n',
  'Content-Range: bytes 0-4/100\r\n',
  'Content-Encoding: gzip\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Location: http://127.0.0.1:PORT/x\r\n',
  'Location: file:///etc/passwd\r\n',
  'Location: //\r\n',
  'Retry-After: 5\r\n',
  'Connection: close\r\n',
  '\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  'ffffffff\r\n',
] as const;
