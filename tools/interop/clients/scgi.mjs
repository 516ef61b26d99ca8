// @ts-check
/** XML-RPC over SCGI: the few lines of either that rtorrent needs. */
import { createConnection } from 'node:net';

/**
 * @typedef {string | number | AnswerList} Answer
 * @typedef {Answer[]} AnswerList
 */

/** ms without a byte until the question is asked again, on another connection: now and then rtorrent loses one, and idles. */
const SILENCE = 5_000;
const TRIES = 8;

/**
 * One call.
 *
 * @param {import('./client.mjs').Address} where
 * @param {string} method
 * @param {readonly string[]} params
 * @returns {Promise<Answer>} rejects where the program answers with a fault, or not at all
 */
export async function call(where, method, params) {
  const xml =
    `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>` +
    params.map((p) => `<param><value><string>${escape(p)}</string></value></param>`).join('') +
    '</params></methodCall>';
  const body = Buffer.from(xml);
  const head = `CONTENT_LENGTH\0${body.length}\0SCGI\x001\0`;
  const answer = await exchange(
    where,
    Buffer.concat([Buffer.from(`${head.length}:${head},`), body]),
  );
  if (answer === '') throw new Error('rtorrent closed the connection without an answer');
  const value = parse(answer);
  if (/<fault>/.test(answer)) throw new Error(`rtorrent ${method}: ${JSON.stringify(value)}`);
  return value;
}

/** @param {string} text */
function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/**
 * @param {import('./client.mjs').Address} where
 * @param {Buffer} request
 * @returns {Promise<string>} all that came until the other side closed
 */
async function exchange(where, request) {
  for (let tries = 1; ; tries++) {
    const answer = await ask(where, request);
    if (answer !== undefined) return answer;
    if (tries === TRIES) throw new Error(`rtorrent does not answer, asked ${TRIES} times`);
  }
}

/**
 * @param {import('./client.mjs').Address} where
 * @param {Buffer} request
 * @returns {Promise<string | undefined>} undefined: silence
 */
function ask({ ip, port }, request) {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: ip, port });
    /** @type {Buffer[]} */
    const chunks = [];
    let silent = false;
    socket.setTimeout(SILENCE, () => {
      silent = true;
      socket.destroy();
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(silent ? undefined : Buffer.concat(chunks).toString()));
    // It closes the connection when it has answered.
    socket.write(request);
  });
}

/**
 * The first value of an answer: text, a number, or a list of those. Names of a struct's members are not kept.
 *
 * @param {string} xml
 * @returns {Answer}
 */
function parse(xml) {
  /** @type {Answer[][]} */
  const open = [[]];
  for (const [, tag, text] of xml.matchAll(/<(\/?data|\/?struct|string|i4|i8|int)>([^<]*)/g)) {
    const top = open.at(-1) ?? [];
    if (tag === 'data' || tag === 'struct') open.push([]);
    else if (tag === '/data' || tag === '/struct') open.at(-2)?.push(open.pop() ?? []);
    else if (tag === 'string') top.push(unescape(text ?? ''));
    else top.push(Number(text));
  }
  return open[0]?.[0] ?? '';
}

/** @param {string} text */
function unescape(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
