import { formatMagnet, type Metainfo } from '@shoal/metainfo';
import type { AnyTorrent, Client } from '../../src/index.ts';
import { PieceBuffers } from '../../src/piece/piece-buffers.ts';
import type { Random } from '@shoal/net';
import { noise } from '../disk/fixture.ts';
import { randomOf } from '../piece/helpers.ts';
import { checkedStorage } from '../support/checked-storage.ts';
import { fileServer, SimWeb } from '../support/sim-web.ts';
import { SimSwarm } from '../support/sim-swarm.ts';
import { TRACKER_URL } from '../support/sim-tracker.ts';
import { makeV2Torrent, oneSideOf, type V2Spec, type V2Torrent } from '../support/v2-torrent.ts';

const K = 1024;
const FILM = 230 * K + 77;
const KINDS = ['v1', 'v2', 'hybrid'] as const;
/** More runs, from another seed on, as the environment says. */
const RUNS = Number(process.env['STRESS_RUNS'] ?? 20);
const FIRST = Number(process.env['STRESS_FIRST'] ?? 1050);

/** Torrents of some kind each, that share a film, some of them with themselves. */
const LISTS: readonly V2Spec[][] = [
  [
    { path: 'a/film', length: FILM },
    { path: 'b', length: 100 * K },
    { path: 'c/film', length: FILM },
    { path: 'd/empty', length: 0 },
    { path: 'd/film', length: FILM },
  ],
  [
    { path: 'x/film', length: FILM },
    { path: 'y', length: 60 * K + 1 },
  ],
  [
    { path: 'k', length: 5 },
    { path: 'l/film', length: FILM },
    { path: 'm/film', length: FILM },
    { path: 'n', length: 40 * K },
  ],
];

interface Member {
  readonly made: V2Torrent;
  readonly kind: (typeof KINDS)[number];
  readonly metainfo: Metainfo;
}

const made = new Map<string, V2Torrent>();

/** Making them takes longer than downloading them. */
function torrentOf(list: number, hybrid: boolean, pieceLength: number): V2Torrent {
  const key = `${list} ${hybrid} ${pieceLength}`;
  const specs = LISTS[list] ?? [];
  const torrent =
    made.get(key) ??
    makeV2Torrent(specs, pieceLength, {
      hybrid,
      seed: 40 + list,
      change: (bytes, index) => {
        if (specs[index]?.path.endsWith('film') === true) bytes.set(noise(bytes.length, 4711));
      },
    });
  made.set(key, torrent);
  return torrent;
}

/** What happens, and when; the same for the same seed. */
class Dice {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = randomOf(seed * 2_654_435_761);
  }

  below(count: number): number {
    return this.#random.integer(count);
  }

  chance(part: number): boolean {
    return this.#random.next() < part;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

const buffersSeen = new Set<PieceBuffers>();
const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => {
  rejections.push(reason);
};

beforeAll(() => {
  const { acquire } = PieceBuffers.prototype;
  PieceBuffers.prototype.acquire = function (length) {
    buffersSeen.add(this);
    return acquire.call(this, length);
  };
  process.on('unhandledRejection', onRejection);
});
afterAll(() => {
  process.off('unhandledRejection', onRejection);
});

function members(dice: Dice): Member[] {
  return LISTS.map((_, list) => {
    const kind = dice.of(KINDS);
    const torrent = torrentOf(list, kind !== 'v2', dice.of([16 * K, 32 * K, 64 * K]));
    const { info } = torrent.metainfo;
    const metainfo = {
      ...torrent.metainfo,
      trackers: [[TRACKER_URL]],
      info: kind === 'v1' ? oneSideOf(info, 'v1') : { ...info, files: info.files },
    };
    return { made: torrent, kind, metainfo };
  });
}

interface Held {
  readonly member: Member;
  readonly torrent: AnyTorrent;
  readonly storage: { current: ReturnType<ReturnType<typeof checkedStorage>> | undefined };
  faults: { full: boolean };
}

class Play {
  readonly dice: Dice;
  readonly swarm: SimSwarm;
  readonly log: string[] = [];
  readonly web: SimWeb;
  readonly held: Held[] = [];
  readonly pending: Promise<unknown>[] = [];
  /** Streams that are read; a paused torrent keeps them waiting. */
  readonly reads: Promise<unknown>[] = [];
  readonly all: Member[];
  seeder!: Client;
  leecher!: Client;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.all = members(this.dice);
    this.swarm = new SimSwarm({ seed, torrent: this.all[0]!.made });
    const host = this.swarm.host();
    this.web = new SimWeb(() => host.clock);
  }

  async setUp(): Promise<void> {
    const { dice, swarm } = this;
    [this.seeder] = await swarm.client();
    for (const { made: torrent, metainfo } of this.all) {
      await this.seeder.add(metainfo, {
        directory: '/nowhere',
        storage: checkedStorage(torrent, { full: true }),
      });
    }
    for (let count = dice.below(3); count > 0; count--) {
      const [spoiler] = await swarm.client();
      for (const { made: torrent, metainfo } of this.all) {
        const part = dice.of([0, 0.02, 0.3]);
        await spoiler.add(metainfo, {
          directory: '/nowhere',
          storage: checkedStorage(torrent, {
            full: true,
            spoil: (block) => {
              if (dice.chance(part)) block.fill(9, 0, 20);
            },
          }),
        });
      }
    }
    const wholeWeb = dice.chance(0.3);
    const badWeb = dice.chance(0.2);
    for (const [index, { made: torrent }] of this.all.entries()) {
      const server = fileServer(baseOf(index), torrent, { ranges: !wholeWeb });
      this.web.serve(`http://web${index}.example`, (request) => {
        const answer = server(request);
        if (badWeb && dice.chance(0.1) && answer.body !== undefined) {
          return { ...answer, body: answer.body.slice().fill(3, 0, 50) };
        }
        if (dice.chance(0.05)) return { status: dice.of([503, 500, 404]) };
        if (dice.chance(0.05)) return { ...answer, cutAfter: dice.below(60_000) };
        if (dice.chance(0.03)) return { ...answer, silentAfter: dice.below(60_000) - 1 };
        return answer;
      });
    }
    const rate = dice.of([60_000, 200_000, 1_000_000]);
    [this.leecher] = await swarm.client(
      {
        webSeeds: { transport: this.web },
        pieceBufferBudget: dice.of([64 * K, 512 * K, 8 << 20]),
      },
      { bandwidthDown: rate },
    );
  }

  async add(index: number): Promise<void> {
    const { dice } = this;
    const member = this.all[index]!;
    const storage: Held['storage'] = { current: undefined };
    const faults = { full: false };
    const make = checkedStorage(member.made);
    const asMagnet = dice.chance(0.5);
    const options = {
      directory: '/nowhere',
      storage: (...parameters: Parameters<typeof make>) => {
        const store = make(...parameters);
        const writePiece = store.writePiece.bind(store);
        store.writePiece = (piece, buffer, ...more) =>
          faults.full
            ? Promise.resolve({
                outcome: 'failed' as const,
                buffer,
                blockHashes: undefined,
                error: new Error('ENOSPC'),
              })
            : writePiece(piece, buffer, ...more);
        storage.current = store;
        return store;
      },
      ...(dice.chance(0.6) ? { webSeeds: [baseOf(index)] } : {}),
      ...(dice.chance(0.3) ? { sequential: true } : {}),
      ...(dice.chance(0.3) ? { paused: true } : {}),
    };
    const { infoHash, infoHashV2 } = member.metainfo.info;
    const both = { infoHash, infoHashV2 };
    const hashes =
      member.kind === 'hybrid'
        ? dice.of([both, { infoHash }, { infoHashV2 }, { infoHash: infoHashV2?.subarray(0, 20) }])
        : both;
    const torrent = await this.leecher.add(
      asMagnet ? formatMagnet({ ...hashes, trackers: [TRACKER_URL] }) : member.metainfo,
      options,
    );
    torrent.on('error', () => undefined);
    this.log.push(`add ${index} ${member.kind} ${asMagnet ? 'magnet' : 'file'}`);
    this.held.push({ member, torrent, storage, faults });
  }

  honest(up: boolean): void {
    for (const torrent of this.seeder.torrents) {
      this.pending.push(up ? torrent.resume() : torrent.pause());
    }
  }

  /** Something happens. */
  act(): void {
    const { dice } = this;
    if (this.held.length === 0) return;
    const held = dice.of(this.held);
    const { torrent, faults } = held;
    const name = this.held.indexOf(held);
    const what = dice.below(12);
    this.log.push(`${this.swarm.world.now.toFixed(0)}: ${what} on ${name}`);
    switch (what) {
      case 0:
        this.pending.push(torrent.pause());
        return;
      case 1:
      case 2:
        this.pending.push(torrent.resume());
        return;
      case 3:
      case 4: {
        const count = held.member.made.info.files.length;
        torrent.select([...Array(count).keys()].filter(() => dice.chance(0.5)));
        return;
      }
      case 5:
        if (torrent.hasMetadata()) {
          const stop = new AbortController();
          const left = torrent.verify({ signal: stop.signal }).catch(() => undefined);
          this.pending.push(left);
          if (dice.chance(0.3)) stop.abort();
        }
        return;
      case 6:
        if (torrent.hasMetadata()) {
          const file = dice.of(torrent.files.filter(({ length }) => length > 0));
          this.reads.push(this.#read(held, file.index));
        }
        return;
      case 7:
        faults.full = dice.chance(0.3);
        return;
      case 8:
        torrent.setRateLimits({ download: dice.of([0, 200_000]), upload: 0 });
        return;
      case 10:
        this.honest(dice.chance(0.7));
        return;
      case 11:
        for (const peer of [...(torrent.swarm?.peers ?? [])])
          if (dice.chance(0.5)) peer.connection.destroy();
        return;
      case 9:
        if (dice.chance(0.4)) {
          if (this.held.length < 2) return;
          this.held.splice(name, 1);
          this.pending.push(torrent.remove().then(() => this.add(this.all.indexOf(held.member))));
        }
    }
  }

  async #read(held: Held, index: number): Promise<void> {
    const parts: Uint8Array[] = [];
    if (!held.torrent.hasMetadata()) return;
    const stream = held.torrent.files[index]!.createReadStream();
    const end = this.dice.chance(0.3) ? this.dice.below(100_000) : Infinity;
    let got = 0;
    try {
      for await (const part of stream) {
        parts.push(part as Uint8Array);
        got += (part as Uint8Array).length;
        if (got >= end) break;
      }
    } catch {
      return;
    }
    const right = held.member.made.fileBytes(index).subarray(0, got);
    if (Buffer.compare(Buffer.concat(parts), right) !== 0) throw new Error('read wrong bytes');
  }

  async finish(): Promise<void> {
    const { swarm } = this;
    for (const held of this.held) held.faults.full = false;
    this.honest(true);
    await swarm.settle(Promise.all(this.pending.splice(0)), 300_000);
    for (const { torrent, faults, member } of this.held) {
      faults.full = false;
      torrent.setRateLimits({ download: 0, upload: 0 });
      torrent.select(member.made.info.files.keys());
    }
    await swarm.settle(Promise.all(this.pending.splice(0)), 300_000);
    let over = false;
    const settle = async (): Promise<void> => {
      while (this.pending.length > 0) await this.pending.pop();
    };
    const retry = async (): Promise<void> => {
      for (const { torrent, faults, member } of this.held) {
        faults.full = false;
        torrent.select(member.made.info.files.keys());
        await torrent.resume();
      }
    };
    void retry().then(() => (over = true));
    await swarm.until(() => over, 120_000, 'resuming');
    await swarm.until(
      () => this.held.length === 3 && this.held.every(({ torrent }) => torrent.state === 'seeding'),
      900_000,
      'the end',
    );
    await swarm.settle(settle());
  }

  states(): string {
    return this.held
      .map(({ torrent }) => {
        const { state, pieces } = torrent.progress();
        const picker = torrent.swarm?.picker;
        const list = Array.from({ length: pieces.total }, (_, piece) => picker?.stateOf(piece)[0]);
        return `${state} ${pieces.have}/${pieces.total} ${torrent.error?.message ?? ''} [${list.join('')}] peers ${torrent.swarm?.peers.size}`;
      })
      .join('; ');
  }
}

function baseOf(index: number): string {
  return `http://web${index}.example/`;
}

describe('torrents that share files, handled at random', () => {
  it.each(Array.from({ length: RUNS }, (_, run) => FIRST + run))(
    'come out right: %i',
    async (seed) => {
      buffersSeen.clear();
      const play = new Play(seed);
      const { swarm, dice } = play;
      await play.setUp();
      for (let index = 0; index < 3; index++) {
        await play.add(index);
        if (dice.chance(0.5)) await swarm.pass(dice.below(2_000));
      }
      try {
        for (let step = 0; step < 40; step++) {
          play.act();
          await swarm.pass(dice.chance(0.6) ? dice.below(60) : dice.below(1_000));
        }
        const early = dice.chance(0.2);
        if (!early) {
          await play.finish();
          for (const { member, storage } of play.held) {
            const { made: torrent } = member;
            for (let piece = 0; piece < torrent.info.pieceCount; piece++) {
              const length = torrent.lengthOf(piece);
              if (length === 0) continue;
              const bytes = new Uint8Array(length);
              await storage.current?.readBlocks(bytes, [{ piece, begin: 0, length, at: 0 }]);
              expect(Buffer.compare(bytes, torrent.bytesOf(piece))).toBe(0);
            }
          }
          for (const { torrent } of play.held) {
            const picker = torrent.swarm?.picker;
            for (
              let piece = 0;
              piece < (picker === undefined ? 0 : torrent.progress().pieces.total);
              piece++
            )
              expect(picker?.stateOf(piece)).toBe('have');
          }
          for (const buffers of buffersSeen) expect(buffers.usedBytes).toBe(0);
        }
        const closing = play.leecher.close();
        await swarm.settle(closing);
        await swarm.settle(Promise.all([...play.pending, ...play.reads]));
        await swarm.close();
        expect(play.web.active).toBe(0);
        for (const buffers of buffersSeen) expect(buffers.usedBytes).toBe(0);
        expect(rejections).toEqual([]);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${play.log.join('\n')}\n${play.states()}`, {
          cause: error,
        });
      }
    },
  );
});
