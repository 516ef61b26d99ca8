// @ts-check
import { Agent, request } from 'node:http';

/** No connection is kept: the next scenario finds another program behind the same address. */
const agent = new Agent({ keepAlive: false });

/**
 * One HTTP request; the path goes out as given (trackers need `%00`-style escapes left alone).
 *
 * @param {{ host: string, port: number, path: string, method?: string, headers?: Record<string, string>, body?: string | Buffer, timeout?: number, from?: string }} options timeout in ms; `from`: local address
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, body: Buffer }>}
 */
export function http(options) {
  const { host, port, path, method = 'GET', headers, body, timeout = 10_000, from } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host,
        port,
        path,
        method,
        agent,
        ...(headers ? { headers } : {}),
        ...(from ? { localAddress: from } : {}),
      },
      (response) => {
        /** @type {Buffer[]} */
        const chunks = [];
        response.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    outgoing.setTimeout(timeout, () =>
      outgoing.destroy(new Error(`no answer from ${host}:${port} in ${timeout} ms`)),
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/**
 * @param {{ host: string, port: number, path: string, headers?: Record<string, string>, body: unknown }} options
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, json: unknown }>} `json` is undefined when the answer is none
 */
export async function postJson({ body, headers, ...rest }) {
  const text = JSON.stringify(body);
  const answer = await http({
    ...rest,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': `${Buffer.byteLength(text)}`,
      ...headers,
    },
    body: text,
  });
  /** @type {unknown} */
  let json;
  try {
    json = JSON.parse(answer.body.toString());
  } catch {
    json = undefined;
  }
  return { status: answer.status, headers: answer.headers, json };
}
