// @ts-check
/** Floods of datagrams: answers nobody asked for, to trackers' clients and DHT nodes, questions without end, local discovery. */
import { clearInterval, setInterval } from 'node:timers';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { asDictionary, decode, encode } from '../lib/bencode.mjs';

/** ms between two rounds. */
const ROUND = 10;
const LSD = { group: '239.192.152.143', port: 6771 };

/**
 * @param {string} ip
 * @param {number} [port]
 * @returns {Promise<import('node:dgram').Socket>}
 */
function bound(ip, port = 0) {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  return new Promise((resolve) => socket.bind(port, ip, () => resolve(socket)));
}

/**
 * Sends rounds of datagrams from several addresses.
 *
 * @param {readonly string[]} from
 * @param {number} count in each round
 * @param {(at: number) => { to: import('../clients/client.mjs').Address, bytes: Buffer } | undefined} make
 * @param {(socket: import('node:dgram').Socket, ip: string) => void} [prepare]
 */
export async function flood(from, count, make, prepare) {
  const sockets = await Promise.all(from.map((ip) => bound(ip)));
  sockets.forEach((socket, at) => prepare?.(socket, from[at] ?? ''));
  let sent = 0;
  const timer = setInterval(() => {
    for (let at = 0; at < count; at++) {
      const made = make(sent);
      if (!made) return;
      sockets[sent++ % sockets.length]?.send(made.bytes, made.to.port, made.to.ip);
    }
  }, ROUND);
  return {
    get sent() {
      return sent;
    },
    end: () => {
      clearInterval(timer);
      for (const socket of sockets) socket.close();
    },
  };
}

/**
 * A tracker over UDP that answers each question many times: with other transactions, from other ports and addresses, with peers
 * that are none, far too long, and at last, in one of them, rightly but without a peer.
 *
 * @param {{ ip: string, port: number, others: readonly string[] }} options
 */
export async function startForgingTracker({ ip, port, others }) {
  const socket = await bound(ip, port);
  const strangers = await Promise.all(others.map((other) => bound(other)));
  /** Where questions come from. @type {Map<number, import('../clients/client.mjs').Address>} */
  const askers = new Map();
  let asked = 0;
  socket.on('message', (message, from) => {
    if (message.length < 16) return;
    asked++;
    askers.set(from.port, { ip: from.address, port: from.port });
    const connecting = message.length === 16;
    const transaction = message.readUInt32BE(12);
    const right = Buffer.alloc(connecting ? 16 : 20);
    right.writeUInt32BE(connecting ? 0 : 1, 0);
    right.writeUInt32BE(transaction, 4);
    if (!connecting) right.writeUInt32BE(1_800, 8);
    const poisoned = Buffer.concat([right, randomBytes(6 * 200)]);
    // From others: they know the transaction, as somebody on the way might.
    for (const stranger of strangers) stranger.send(poisoned, from.port, from.address);
    for (let at = 0; at < 50; at++) {
      const wrong = Buffer.from(poisoned);
      wrong.writeUInt32BE((transaction + 1 + at) >>> 0, 4);
      socket.send(wrong, from.port, from.address);
      socket.send(randomBytes(at), from.port, from.address);
    }
    const failure = Buffer.concat([right.subarray(0, 8), Buffer.alloc(60_000, 'x')]);
    failure.writeUInt32BE(3, 0);
    if (asked % 3 === 2) socket.send(failure, from.port, from.address);
    else socket.send(right, from.port, from.address);
  });
  return {
    url: `udp://${ip}:${port}/announce`,
    get asked() {
      return asked;
    },
    /** Sockets that have asked. */
    askers: () => [...askers.values()],
    end: () => {
      for (const each of [socket, ...strangers]) each.close();
    },
  };
}

/**
 * A DHT node that answers each question: with a wrong transaction, from a wrong port, then with nodes and peers that are none.
 *
 * @param {{ ip: string, port: number, other: string, victim: string }} options
 */
export async function startPoisonousNode({ ip, port, other, victim }) {
  const socket = await bound(ip, port);
  const stranger = await bound(other);
  let asked = 0;
  socket.on('message', (message, from) => {
    let query;
    try {
      query = asDictionary(decode(message).value);
    } catch {
      return;
    }
    if (String(query['y']) !== 'q') return;
    asked++;
    const { target = '', info_hash: hash = target } = asDictionary(query['a'] ?? {});
    const wanted = Buffer.isBuffer(hash) && hash.length === 20 ? hash : randomBytes(20);
    // Nodes as near as can be to what is looked for, at addresses where nobody is, the victim's own among them.
    const nodes = Array.from({ length: 200 }, (_, at) => {
      const near = Buffer.concat([wanted.subarray(0, 18), randomBytes(2)]);
      const address = at % 9 === 0 ? victim.split('.').map(Number) : [10, 98, 77, at];
      return Buffer.concat([near, Buffer.from([...address, 0x1a, 0xe1])]);
    });
    const answer = {
      t: query['t'] ?? '',
      y: 'r',
      r: {
        id: Buffer.concat([wanted.subarray(0, 18), randomBytes(2)]),
        nodes: Buffer.concat(nodes),
        token: randomBytes(500),
        values: Array.from({ length: 500 }, () => randomBytes(6)),
      },
    };
    const forged = encode({ ...answer, t: randomBytes(4) });
    for (let at = 0; at < 20; at++) socket.send(forged, from.port, from.address);
    stranger.send(encode(answer), from.port, from.address);
    socket.send(encode(answer), from.port, from.address);
  });
  return {
    address: { ip, port },
    get asked() {
      return asked;
    },
    end: () => {
      socket.close();
      stranger.close();
    },
  };
}

/** A question, an answer or junk for a DHT node. @param {number} at @param {string} infoHash hex */
export function dhtJunk(at, infoHash) {
  const id = randomBytes(20);
  const hash = at % 2 ? randomBytes(20) : Buffer.from(infoHash, 'hex');
  const t = randomBytes(at % 40);
  /** @param {string} q @param {import('../lib/bencode.mjs').BencodeDictionary} a */
  const query = (q, a) => encode({ t, y: 'q', q, a: { id, ...a } });
  switch (at % 8) {
    case 0:
      return query('ping', {});
    case 1:
      return query('find_node', { target: hash });
    case 2:
      return query('get_peers', { info_hash: hash, scrape: 1 });
    case 3:
      return query('announce_peer', { info_hash: hash, port: 1 + (at % 60_000), token: 'forged' });
    case 4:
      return query('put', { v: Buffer.alloc(900, 'v'), token: randomBytes(8) });
    case 5:
      return encode({ t, y: 'r', r: { id, nodes: randomBytes(26 * 50) } });
    case 6:
      return Buffer.alloc(1_400, 'l');
    default:
      return randomBytes(1 + (at % 1_400));
  }
}

/** A message of local discovery: right ones with ports where nobody is, and wrong ones. @param {number} at @param {string} infoHash */
export function lsdJunk(at, infoHash) {
  const host = `Host: ${LSD.group}:${LSD.port}\r\n`;
  const right = `BT-SEARCH * HTTP/1.1\r\n${host}Port: ${1 + (at % 65_535)}\r\n`;
  switch (at % 5) {
    case 0:
      return Buffer.from(`${right}Infohash: ${infoHash}\r\ncookie: ${at}\r\n\r\n\r\n`);
    case 1:
      return Buffer.from(`${right}${`Infohash: ${'ab'.repeat(20)}\r\n`.repeat(25)}\r\n\r\n`);
    case 2:
      return Buffer.from(`${right}Port: 0\r\nPort: 99999999999\r\nInfohash: ${infoHash}\r\n\r\n`);
    case 3:
      return Buffer.from(`BT-SEARCH * HTTP/1.1\r\n${'x'.repeat(1_300)}`);
    default:
      return randomBytes(1_000);
  }
}

/** @param {readonly string[]} from @param {string} infoHash */
export function floodLsd(from, infoHash) {
  return flood(
    from,
    10,
    (at) => ({ to: { ip: LSD.group, port: LSD.port }, bytes: lsdJunk(at, infoHash) }),
    (socket, ip) => {
      socket.setMulticastInterface(ip);
      socket.setMulticastTTL(1);
    },
  );
}
