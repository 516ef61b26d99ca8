import { nodeNetwork, type Connection } from '../src/index.ts';

/** Sends a greeting over TCP to a listener of our own, and answers what comes back. */
export async function greet(): Promise<string> {
  const listener = await nodeNetwork.listen({ address: '127.0.0.1', port: 0 }, (connection) => {
    connection.attach({
      // The view is valid only during the call: what is kept must be copied.
      onData: (chunk) => connection.write(chunk.slice(), () => connection.close()),
      onDrain: () => undefined,
      onClose: () => undefined,
    });
  });

  const connection = await nodeNetwork.connect(listener.endpoint, { timeout: 5_000 });
  const answer = await readAll(connection, new TextEncoder().encode('hello, world'));
  await listener.close();
  return answer;
}

function readAll(connection: Connection, request: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let text = '';
    connection.attach({
      onData: (chunk) => {
        text += decoder.decode(chunk, { stream: true });
      },
      onDrain: () => undefined,
      onClose: (error) => (error === undefined ? resolve(text) : reject(error)),
    });
    connection.write(request);
  });
}
