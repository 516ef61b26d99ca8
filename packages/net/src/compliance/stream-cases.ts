import assert from 'node:assert/strict';
import { seededRandom } from '../random.ts';
import { roundTrips, withPair, type ComplianceCase, type Recorder } from './rig.ts';

const MIB = 1_048_576;

function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  assert.equal(Buffer.compare(actual, expected), 0, `${what}: content`);
}

/** Writes all of `bytes` in pieces of random length, with corks in between, waiting for onDrain when told to. */
async function writeInPieces(from: Recorder, bytes: Uint8Array, seed: number): Promise<void> {
  const random = seededRandom(seed);
  let at = 0;
  while (at < bytes.length) {
    const pieces = 1 + random.integer(8);
    let goOn = true;
    const drains = from.drains;
    from.connection.cork();
    for (let piece = 0; piece < pieces && at < bytes.length; piece++) {
      const length = Math.min(
        bytes.length - at,
        1 + random.integer(random.integer(4) === 0 ? 70_000 : 400),
      );
      goOn = from.connection.write(bytes.subarray(at, at + length));
      at += length;
    }
    from.connection.uncork();
    if (!goOn) await from.when(() => from.drains > drains);
  }
}

/** How bytes get through a connection. */
export const streamCases: readonly ComplianceCase[] = [
  {
    name: 'tells both sides who they are',
    run: (rig) =>
      withPair(rig, ({ near, far }, door) => {
        assert.equal(near.connection.direction, 'outgoing');
        assert.equal(far.connection.direction, 'incoming');
        assert.deepEqual(near.connection.remote, door.listener.endpoint);
        assert.deepEqual(far.connection.local, door.listener.endpoint);
        assert.deepEqual(near.connection.local, far.connection.remote);
        assert.equal(near.connection.local.address, rig.nearAddress);
        assert.ok(near.connection.local.port > 0);
        assert.equal(near.connection.closed, false);
        return Promise.resolve();
      }),
  },
  {
    name: 'brings random pieces both ways at once, whole and in order',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        const there = seededRandom(1).bytes(2 * MIB + 17);
        const back = seededRandom(2).bytes(MIB + 3);
        await Promise.all([writeInPieces(near, there, 3), writeInPieces(far, back, 4)]);
        await far.when(() => far.receivedBytes >= there.length);
        await near.when(() => near.receivedBytes >= back.length);
        sameBytes(far.received(), there, 'there');
        sameBytes(near.received(), back, 'back');
        assert.ok(
          far.chunks.every((chunk) => chunk.length > 0),
          'no empty chunks',
        );
      }),
  },
  {
    name: 'is done with the memory of a write once written is called',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        const expected = seededRandom(5).bytes(40 * 50_000);
        const buffer = new Uint8Array(50_000);
        for (let at = 0; at < expected.length; at += buffer.length) {
          buffer.set(expected.subarray(at, at + buffer.length));
          await new Promise<void>((resolve) => {
            near.connection.write(buffer, () => {
              buffer.fill(0);
              resolve();
            });
          });
        }
        await far.when(() => far.receivedBytes >= expected.length);
        sameBytes(far.received(), expected, 'bytes');
      }),
  },
  {
    name: 'calls written once for each write, in order, also for an empty one',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        const calls: number[] = [];
        const errors: unknown[] = [];
        for (let index = 0; index < 50; index++) {
          near.connection.write(new Uint8Array(index * 997), (error) => {
            calls.push(index);
            if (error !== undefined) errors.push(error);
            near.check();
          });
        }
        assert.deepEqual(calls, [], 'not within the call');
        await near.when(() => calls.length >= 50);
        assert.deepEqual(calls, [...Array(50).keys()]);
        assert.deepEqual(errors, []);
        await far.when(() => far.receivedBytes >= 49 * 25 * 997);
        assert.equal(near.connection.pendingBytes, 0);
      }),
  },
  {
    name: 'gathers writes while corked',
    run: (rig) =>
      withPair(rig, async (pair) => {
        const { near, far } = pair;
        near.connection.cork();
        near.connection.cork();
        near.connection.write(Uint8Array.of(1, 2));
        near.connection.uncork();
        near.connection.write(Uint8Array.of(3));
        assert.equal(near.connection.pendingBytes, 3);
        far.connection.write(Uint8Array.of(9));
        await near.when(() => near.receivedBytes === 1);
        assert.equal(far.receivedBytes, 0, 'nothing leaves while corked');
        near.connection.uncork();
        await far.when(() => far.receivedBytes === 3);
        assert.deepEqual([...far.received()], [1, 2, 3]);
      }),
  },
  {
    name: 'holds data back while paused, and loses none',
    run: (rig) =>
      withPair(rig, async ({ near, far }, door) => {
        const expected = seededRandom(6).bytes(4 * MIB);
        far.onEach = () => {
          if (far.receivedBytes === 0) far.connection.pause();
        };
        near.connection.write(expected);
        await far.when(() => far.receivedBytes > 0);
        const before = far.receivedBytes;
        const other = await door.connect(rig);
        await roundTrips(other, 20);
        assert.equal(far.receivedBytes, before, 'nothing arrives while paused');
        other.near.connection.close();
        await other.far.closed();
        far.connection.resume();
        assert.equal(far.receivedBytes, before, 'nothing arrives within resume()');
        await far.when(() => far.receivedBytes >= expected.length);
        sameBytes(far.received(), expected, 'bytes');
      }),
  },
  {
    name: 'holds data back when paused before it first reads',
    run: (rig) =>
      withPair(rig, async ({ near, far }, door) => {
        far.connection.pause();
        near.connection.write(Uint8Array.of(1, 2, 3));
        const other = await door.connect(rig);
        await roundTrips(other, 10);
        assert.equal(far.receivedBytes, 0);
        far.connection.resume();
        await far.when(() => far.receivedBytes === 3);
        other.near.connection.close();
        await other.far.closed();
      }),
  },
  {
    name: 'says false beyond the watermark and drains once there is room',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        far.connection.pause();
        const piece = new Uint8Array(256 * 1024);
        let sent = 0;
        while (near.connection.write(piece)) {
          sent += piece.length;
          assert.ok(sent < 1024 * MIB, 'the watermark is reached at some time');
          // Lets the system take what it will.
          if (sent % (16 * piece.length) === 0)
            await new Promise((resolve) => setImmediate(resolve));
        }
        sent += piece.length;
        assert.ok(near.connection.pendingBytes > 0);
        assert.equal(near.drains, 0);
        far.connection.resume();
        await near.when(() => near.drains > 0);
        await far.when(() => far.receivedBytes >= sent);
        assert.equal(far.receivedBytes, sent);
        assert.equal(near.drains, 1);
        assert.equal(near.connection.pendingBytes, 0);
      }),
  },
];
