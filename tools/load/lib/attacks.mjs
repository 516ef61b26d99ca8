// @ts-check
/**
 * What hostile peers do. Each attack is one connection: it begins at once and lasts until either side ends it; the caller
 * counts and begins again. All of them send through a {@link Budget}, so that their own cost is known.
 */
import { connect } from 'node:net';
import { randomFillSync } from 'node:crypto';

/**
 * @typedef {object} Target
 * @property {string} address
 * @property {number} port
 * @property {Buffer} infoHash 20 bytes, of a torrent that is there
 * @property {number} pieceCount
 * @property {number} pieceLength
 *
 * @typedef {object} Means
 * @property {Target} target
 * @property {string} from local address
 * @property {Budget} budget
 * @property {() => number} random in [0, 1)
 *
 * @typedef {(connection: Hostile) => void} Attack what to do once it is connected
 */

/** Milliseconds between two turns of a connection that floods. */
const TURN = 100;
/** Bytes that one connection sends in a turn. */
const BURST = 4096;
/**
 * Turns of a flood that are made anew for each attack; then they are taken from these, at random. Making them costs more than sending
 * them, and attackers share the processor with the client under attack, which those in the world do not.
 */
const VARIETY = 64;
/** Milliseconds after which an attacker that nobody threw out goes by itself, to begin anew. */
const LIFE = 20_000;

/** Bytes that all attackers together may send. */
export class Budget {
  #rate;
  #tokens = 0;
  #last = performance.now();
  sent = 0;

  /** @param {number} rate bytes per second */
  constructor(rate) {
    this.#rate = rate;
  }

  /** @param {number} bytes @returns {boolean} so many may be sent now */
  has(bytes) {
    const now = performance.now();
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#last) / 1000) * this.#rate);
    this.#last = now;
    return this.#tokens >= bytes;
  }

  /** @param {number} bytes @returns {boolean} they may be sent now */
  take(bytes) {
    if (!this.has(bytes)) return false;
    this.#tokens -= bytes;
    this.sent += bytes;
    return true;
  }
}

/** Of a hundred turns so many are made anew in place of one of these, so that what is sent goes on changing. */
const ANEW = 10;

/** What floods send in a turn, by attack and torrent. @type {WeakMap<Attack, Map<string, Buffer[]>>} */
const bursts = new WeakMap();

/** @param {Attack} attack @param {Target} target */
function burstsOf(attack, target) {
  const ofAttack = bursts.get(attack) ?? new Map();
  bursts.set(attack, ofAttack);
  const key = target.infoHash.toString('hex');
  const found = ofAttack.get(key) ?? [];
  // A soak comes to hundreds of torrents: those of the last few are enough.
  if (ofAttack.size > 8) ofAttack.clear();
  ofAttack.set(key, found);
  return found;
}

/** One connection of an attacker. */
export class Hostile {
  /** Resolves when it is over. @type {Promise<void>} */
  over;
  connected = false;
  #timers = /** @type {Set<NodeJS.Timeout>} */ (new Set());
  #socket;
  #bursts;

  /**
   * @param {Means} means
   * @param {Attack} attack
   */
  constructor(means, attack) {
    this.means = means;
    this.#bursts = burstsOf(attack, means.target);
    const { address, port } = means.target;
    this.#socket = connect({ host: address, port, localAddress: means.from });
    this.#socket.on('error', () => {});
    this.#socket.on('data', () => {});
    this.#socket.once('connect', () => {
      this.connected = true;
      attack(this);
    });
    this.#after(LIFE * (0.5 + means.random()), () => this.end());
    this.over = new Promise((resolve) => {
      this.#socket.once('close', () => {
        for (const timer of this.#timers) clearTimeout(timer);
        resolve();
      });
    });
  }

  end() {
    this.#socket.destroy();
  }

  /**
   * @param {Buffer} bytes
   * @returns {boolean} false: the budget or the other side's window has no room, or it is over
   */
  send(bytes) {
    if (this.#socket.destroyed || this.#socket.writableLength > 65_536) return false;
    if (!this.means.budget.take(bytes.length)) return false;
    this.#socket.write(bytes);
    return true;
  }

  /**
   * Sends what `next` gives, some of it in each turn.
   *
   * @param {() => Buffer} next
   * @param {number} [perTurn] bytes
   */
  flood(next, perTurn = BURST) {
    const turn = () => {
      // What would not be sent is not made: the client under attack needs the processor.
      if (this.means.budget.has(perTurn)) this.send(this.#burst(next, perTurn));
      this.#after(TURN * (0.5 + this.means.random()), turn);
    };
    turn();
  }

  /** @param {() => Buffer} next @param {number} length bytes at least */
  #burst(next, length) {
    // What is said bit by bit goes on where it was.
    if (length < BURST) return flow(next, length);
    const index = this.below(VARIETY);
    const known = this.#bursts[index];
    if (known !== undefined && this.below(100) >= ANEW) return known;
    const made = flow(next, length);
    this.#bursts[Math.min(index, this.#bursts.length)] = made;
    return made;
  }

  /** A handshake that is right, with the fast extension and the extension protocol. */
  greet() {
    const reserved = Buffer.from([0, 0, 0, 0, 0, 0x10, 0, 0x04]);
    const peerId = Buffer.from(`-XX0000-${this.below(1e12).toString().padStart(12, '0')}`);
    this.send(
      Buffer.concat([
        Buffer.from('\x13BitTorrent protocol', 'latin1'),
        reserved,
        this.means.target.infoHash,
        peerId,
      ]),
    );
  }

  /** @param {number} limit @returns {number} a whole number from 0 to `limit` - 1 */
  below(limit) {
    return Math.floor(this.means.random() * limit);
  }

  /** @param {number} ms @param {() => void} action */
  #after(ms, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#socket.destroyed) action();
    }, ms);
    this.#timers.add(timer);
  }
}

/** @param {() => Buffer} next @param {number} length bytes at least */
function flow(next, length) {
  /** @type {Buffer[]} */
  const parts = [];
  for (let made = 0; made < length;) {
    const part = next();
    parts.push(part);
    made += part.length;
  }
  return Buffer.concat(parts);
}

/**
 * @param {number} id of the message
 * @param {Buffer} [payload]
 */
function message(id, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length);
  head[4] = id;
  return Buffer.concat([head, payload]);
}

/** @param {readonly number[]} values 32 bits each */
function words(...values) {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
}

/** @param {number} length */
const noise = (length) => randomFillSync(Buffer.alloc(length));

/** @param {number} id extended id @param {string | Buffer} text bencode */
const extended = (id, text) =>
  message(
    20,
    Buffer.concat([
      Buffer.from([id]),
      typeof text === 'string' ? Buffer.from(text, 'latin1') : text,
    ]),
  );

const METADATA_ID = 2;
const PEX_ID = 1;
const OUR_EXTENSIONS = 'd1:md11:ut_metadatai2e6:ut_pexi1ee13:metadata_sizei40000ee';

/** By name. @type {Readonly<Record<string, Attack>>} */
export const attacks = {
  'random bytes': (peer) => {
    peer.send(noise(64 + peer.below(4000)));
  },
  'slow loris': (peer) => {
    const text = Buffer.from('\x13BitTorrent protocol', 'latin1');
    let at = 0;
    peer.flood(() => Buffer.of(text[at++] ?? 0), 1);
  },
  'handshake and hang': (peer) => peer.greet(),
  silent: () => {},
  'connect and close': (peer) => peer.end(),
  'giant length': (peer) => {
    peer.greet();
    peer.send(
      Buffer.concat([
        words([0xffff_ffff, 0x8000_0001, 0x7fff_ffff][peer.below(3)] ?? 0),
        noise(64),
      ]),
    );
  },
  'tiny chunks': (peer) => {
    peer.greet();
    // An unknown message of 1 MiB, a few bytes at a time.
    peer.send(Buffer.concat([words(1_000_000), Buffer.from([99])]));
    peer.flood(() => noise(7), 7);
  },
  'request flood': (peer) => {
    const { pieceCount, pieceLength } = peer.means.target;
    peer.greet();
    peer.send(message(2));
    peer.flood(() =>
      message(6, words(peer.below(pieceCount), 16_384 * peer.below(pieceLength / 16_384), 16_384)),
    );
  },
  'requests out of range': (peer) => {
    peer.greet();
    peer.flood(() =>
      message(6, words(peer.below(2 ** 32), peer.below(2 ** 32), peer.below(2 ** 32))),
    );
  },
  'message flood': (peer) => {
    const { pieceCount } = peer.means.target;
    const kinds = [
      () => words(0),
      () => message(peer.below(4)),
      () => message(4, words(peer.below(pieceCount))),
      () => message(8, words(peer.below(pieceCount), 0, 16_384)),
      () => message(16, words(peer.below(pieceCount), 0, 16_384)),
      () => message(13, words(peer.below(pieceCount))),
      () => message(9, Buffer.from([peer.below(256), peer.below(256)])),
      () => message(100 + peer.below(100), noise(peer.below(64))),
    ];
    peer.greet();
    peer.flood(() => kinds[peer.below(kinds.length)]?.() ?? words(0));
  },
  'bitfield of the wrong size': (peer) => {
    peer.greet();
    peer.send(message(5, noise(1 + peer.below(3000))));
  },
  'blocks nobody asked for': (peer) => {
    const { pieceCount } = peer.means.target;
    peer.greet();
    peer.send(message(14));
    peer.flood(() => message(7, Buffer.concat([words(peer.below(pieceCount), 0), noise(2000)])));
  },
  'metadata flood': (peer) => {
    peer.greet();
    peer.send(extended(0, OUR_EXTENSIONS));
    const kinds = [
      () => extended(METADATA_ID, `d8:msg_typei0e5:piecei${peer.below(4)}ee`),
      () => extended(METADATA_ID, `d8:msg_typei2e5:piecei${peer.below(4)}ee`),
      () =>
        extended(
          METADATA_ID,
          Buffer.concat([
            Buffer.from(`d8:msg_typei1e5:piecei${peer.below(4)}e10:total_sizei40000ee`),
            noise(300),
          ]),
        ),
      () => extended(METADATA_ID, noise(20)),
    ];
    peer.flood(() => kinds[peer.below(kinds.length)]?.() ?? words(0));
  },
  'peer exchange flood': (peer) => {
    peer.greet();
    peer.send(extended(0, OUR_EXTENSIONS));
    peer.flood(() => {
      const added = noise(6 * 200);
      return extended(
        PEX_ID,
        Buffer.concat([
          Buffer.from(`d5:added${added.length}:`),
          added,
          Buffer.from(`7:dropped${added.length}:`),
          added,
          Buffer.from('e'),
        ]),
      );
    });
  },
  'extended handshake flood': (peer) => {
    const texts = [
      OUR_EXTENSIONS,
      'd1:md1:xi1eee',
      'd13:metadata_sizei2147483647ee',
      'i1e',
      `d1:v4000:${'x'.repeat(4000)}e`,
      'd4:reqqi-1ee',
    ];
    peer.greet();
    peer.flood(() => extended(0, texts[peer.below(texts.length)] ?? ''));
  },
  'has everything, gives nothing': (peer) => {
    peer.greet();
    peer.send(message(14));
    peer.send(message(1));
  },
};
