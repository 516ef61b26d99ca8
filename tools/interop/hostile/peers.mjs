// @ts-check
/** Peers that lie about metadata, flood, and never give up. */
import { clearInterval, setInterval } from 'node:timers';
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { asDictionary, decode, encode } from '../lib/bencode.mjs';

/** Bytes in a piece of metadata. */
const METADATA_PIECE = 16_384;
/** ms between two rounds of a flood. */
const ROUND = 20;
/** Bytes that may wait for the victim to read them: more would only fill our own memory. */
const MAX_WAITING = 1 << 20;

const EXTENDED = 20;
/** Our ids of extensions. */
const OWN = { ut_metadata: 3, ut_pex: 4, lt_donthave: 5 };

/** One connection to the victim. */
class Line {
  /** Ids by which the victim takes extensions. @type {Record<string, number>} */
  ids = {};
  /** @type {(piece: number) => void} */
  onMetadataRequest = () => {};
  #rest = Buffer.alloc(0);
  #shaken = false;

  /**
   * @param {import('node:net').Socket} socket
   * @param {string} infoHash hex
   */
  constructor(socket, infoHash) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#take(chunk));
    const reserved = Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 0x05]);
    const id = Buffer.concat([Buffer.from('-XX0000-'), randomBytes(12)]);
    const name = Buffer.from('\x13BitTorrent protocol');
    socket.write(Buffer.concat([name, reserved, Buffer.from(infoHash, 'hex'), id]));
  }

  /** @param {number} id @param {Buffer} [payload] */
  send(id, payload = Buffer.alloc(0)) {
    if (this.socket.destroyed || this.socket.writableLength > MAX_WAITING) return;
    const head = Buffer.alloc(5);
    head.writeUInt32BE(payload.length + 1);
    head[4] = id;
    this.socket.write(Buffer.concat([head, payload]));
  }

  /** @param {number} id @param {import('../lib/bencode.mjs').Bencode} message @param {Buffer} [tail] */
  extended(id, message, tail = Buffer.alloc(0)) {
    this.send(EXTENDED, Buffer.concat([Buffer.from([id]), encode(message), tail]));
  }

  /** @param {number} size what it claims */
  greet(size) {
    this.extended(0, { m: OWN, metadata_size: size, reqq: 500, v: 'Hostile' });
  }

  /** @param {() => void} send again and again */
  flood(send) {
    const timer = setInterval(send, ROUND);
    this.socket.on('close', () => clearInterval(timer));
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (!this.#shaken) {
      if (this.#rest.length < 68) return;
      this.#shaken = true;
      this.#rest = this.#rest.subarray(68);
    }
    while (this.#rest.length >= 4) {
      const length = this.#rest.readUInt32BE();
      if (this.#rest.length < 4 + length) return;
      const message = this.#rest.subarray(4, 4 + length);
      this.#rest = this.#rest.subarray(4 + length);
      if (message[0] === EXTENDED) this.#extended(message[1] ?? 0, message.subarray(2));
    }
  }

  /** @param {number} id @param {Buffer} payload */
  #extended(id, payload) {
    const said = asDictionary(decode(payload).value);
    if (id === 0) {
      for (const [name, value] of Object.entries(asDictionary(said['m'] ?? {})))
        this.ids[name] = Number(value);
    } else if (id === OWN.ut_metadata && said['msg_type'] === 0) {
      this.onMetadataRequest(Number(said['piece']));
    }
  }
}

/** @param {Line} line @param {number} piece @param {number} total @param {number} length */
function answer(line, piece, total, length) {
  const data = { msg_type: 1, piece, total_size: total };
  line.extended(line.ids['ut_metadata'] ?? 0, data, randomBytes(length));
}

/** Addresses of all kinds, most of which lead nowhere. @param {number} count @param {string} victim */
function junkAddresses(count, victim) {
  const own = Buffer.from([...victim.split('.').map(Number), 0x1a, 0xe1]);
  return Buffer.concat(
    Array.from({ length: count }, (_, at) => {
      if (at % 7 === 0) return own;
      const address = randomBytes(6);
      if (at % 3 === 0) address.writeUInt16BE(0, 4); // port 0
      if (at % 5 === 0) address.set([10, 98]); // in the victim's own network, where nobody is
      if (at % 11 === 0) address.set([239, 1, 2, 3]);
      return address;
    }),
  );
}

/**
 * What each kind does once the handshake is sent; `size` is the true length of the metadata.
 *
 * @type {Record<string, (line: Line, size: number, victim: string) => void>}
 */
const KINDS = {
  'claims 2 GB': (line) => {
    line.greet(2 ** 31 - 1);
    line.onMetadataRequest = (piece) => answer(line, piece, 2 ** 31 - 1, METADATA_PIECE);
  },
  'claims too little': (line) => {
    line.greet(100);
    line.onMetadataRequest = (piece) => answer(line, piece, 100, 100);
  },
  'sends wrong pieces': (line, size) => {
    line.greet(size);
    line.onMetadataRequest = (piece) =>
      answer(line, piece, size, Math.min(METADATA_PIECE, size - piece * METADATA_PIECE));
  },
  'rejects for ever': (line, size) => {
    line.greet(size);
    line.onMetadataRequest = (piece) =>
      line.extended(line.ids['ut_metadata'] ?? 0, { msg_type: 2, piece });
  },
  'changes its size': (line, size) => {
    line.greet(size);
    line.flood(() => line.greet(1 + Math.floor(Math.random() * 2 ** 24)));
  },
  'never answers': (line, size) => line.greet(size),
  'sends unasked': (line, size) => {
    line.greet(size);
    line.flood(() => {
      for (let piece = 0; piece < 8; piece++) answer(line, piece * 1_000, size * piece, 16_384);
    });
  },
  'floods with peers': (line, size, victim) => {
    line.greet(size);
    line.flood(() => {
      const added = junkAddresses(2_000, victim);
      line.extended(line.ids['ut_pex'] ?? 0, {
        added,
        'added.f': Buffer.alloc(2_000, 0x02),
        added6: randomBytes(18 * 500),
        dropped: junkAddresses(2_000, victim),
      });
    });
  },
  'sends no bencode': (line, size) => {
    line.greet(size);
    line.send(EXTENDED, Buffer.concat([Buffer.from([1]), Buffer.alloc(60_000, 'l')]));
  },
  'nests deeply': (line) => line.send(EXTENDED, Buffer.alloc(1_000_000, 'd1:m').fill(0, 0, 1)),
};

/** How many kinds there are. */
export const PEER_KINDS = Object.keys(KINDS).length;

/**
 * One peer of each kind, at an address of its own: who is found out is banned with its address.
 *
 * @param {{ ips: readonly string[], port: number, infoHash: string, metadataSize: number, victim: string }} options
 */
export async function startHostilePeers({ ips, port, infoHash, metadataSize, victim }) {
  /** Connections taken, of each kind. @type {Record<string, number>} */
  const met = {};
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  const servers = await Promise.all(
    Object.entries(KINDS).map(async ([name, act], at) => {
      const server = createServer((socket) => {
        met[name] = (met[name] ?? 0) + 1;
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        act(new Line(socket, infoHash), metadataSize, victim);
      });
      await new Promise((resolve) => server.listen(port, ips[at], () => resolve(undefined)));
      return server;
    }),
  );
  return {
    addresses: ips.map((ip) => ({ ip, port })),
    met,
    end: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(
        servers.map((server) => new Promise((resolve) => server.close(() => resolve(undefined)))),
      );
    },
  };
}

/**
 * Opens connections to the victim, 50 a second, from many addresses: some say nothing, some speak of another torrent, some
 * break off in the middle, some say what is no message.
 *
 * @param {{ from: readonly string[], to: import('../clients/client.mjs').Address, infoHash: string }} options
 */
export function startCallers({ from, to, infoHash }) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  let calls = 0;
  const timer = setInterval(() => {
    if (sockets.size >= 500) return;
    const call = calls++;
    const socket = connect({
      host: to.ip,
      port: to.port,
      localAddress: from[call % from.length],
    });
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.once('connect', () => {
      if (call % 4 === 1) new Line(socket, '00'.repeat(20));
      if (call % 4 === 2) socket.end('\x13BitTorrent prot');
      if (call % 4 === 3) {
        const line = new Line(socket, infoHash);
        line.flood(() => line.send(EXTENDED, randomBytes(1_000)));
      }
    });
  }, ROUND);
  return {
    get calls() {
      return calls;
    },
    end: () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
