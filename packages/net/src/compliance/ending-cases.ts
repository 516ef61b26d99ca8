import assert from 'node:assert/strict';
import { NetError } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { roundTrips, withPair, type ComplianceCase } from './rig.ts';

const MIB = 1_048_576;

function isNetError(error: unknown, code: string): void {
  assert.ok(error instanceof NetError, `a NetError, not ${String(error)}`);
  assert.equal(error.code, code);
}

/** How a connection ends. */
export const endingCases: readonly ComplianceCase[] = [
  {
    name: 'sends all that is queued before it closes',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        const expected = seededRandom(7).bytes(3 * MIB);
        let written = 0;
        near.connection.cork();
        near.connection.write(expected, (error) => {
          assert.equal(error, undefined);
          written++;
        });
        near.connection.close();
        near.connection.close();
        assert.equal(near.connection.closed, true);
        assert.equal(near.closes, 0, 'onClose is not called within close()');
        await Promise.all([near.closed(), far.closed()]);
        assert.equal(written, 1);
        assert.equal(Buffer.compare(far.received(), expected), 0);
        assert.deepEqual([near.error, far.error], [undefined, undefined]);
        assert.equal(far.connection.closed, true);
      }),
  },
  {
    name: 'sends its own rest when the peer closes',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        let lost: Error | undefined;
        far.connection.cork();
        far.connection.write(new Uint8Array(100_000), (error) => {
          lost = error;
        });
        near.connection.close();
        await Promise.all([near.closed(), far.closed()]);
        assert.deepEqual([near.error, far.error, lost], [undefined, undefined, undefined]);
        assert.equal(near.receivedBytes, 0, 'nothing is delivered after close()');
      }),
  },
  {
    name: 'calls onClose once and nothing after it',
    run: (rig) =>
      withPair(rig, async (pair, door) => {
        const { near, far } = pair;
        near.connection.write(new Uint8Array(100_000));
        far.connection.write(new Uint8Array(100_000));
        near.connection.close();
        far.connection.close();
        near.connection.destroy();
        near.connection.destroy(new Error('too late'));
        await Promise.all([near.closed(), far.closed()]);
        const other = await door.connect(rig);
        await roundTrips(other, 5);
        other.near.connection.close();
        await other.far.closed();
        assert.deepEqual([near.closes, far.closes], [1, 1]);
        assert.deepEqual([near.callsAfterClose, far.callsAfterClose], [0, 0]);
        assert.equal(near.error, undefined);
      }),
  },
  {
    name: 'loses what is queued when destroyed, and answers every write once',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        far.connection.pause();
        const piece = new Uint8Array(MIB);
        const answers: number[] = [];
        let failed = 0;
        let count = 0;
        for (; count < 24; count++) {
          const index = count;
          near.connection.write(piece, (error) => {
            answers.push(index);
            assert.equal(near.closes, 0, 'written comes before onClose');
            if (error === undefined) return;
            failed++;
            isNetError(error, 'ERR_NET_CLOSED');
          });
        }
        const reason = new Error('enough');
        near.connection.destroy(reason);
        assert.equal(near.connection.closed, true);
        assert.equal(near.closes, 0, 'onClose is not called within destroy()');
        await near.closed();
        assert.equal(near.error, reason);
        assert.equal(answers.length, count);
        assert.equal(new Set(answers).size, count);
        assert.ok(failed > 0, 'some were lost');
        assert.equal(near.connection.pendingBytes, 0);
        far.connection.resume();
        await far.closed();
        assert.ok(far.receivedBytes < count * MIB);
        if (far.error !== undefined) isNetError(far.error, 'ERR_NET_RESET');
      }),
  },
  {
    name: 'delivers nothing more once closed within onData',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        let calls = 0;
        far.onEach = () => {
          calls++;
          far.connection.close();
        };
        near.connection.write(new Uint8Array(2 * MIB));
        near.connection.close();
        await Promise.all([near.closed(), far.closed()]);
        assert.equal(calls, 1);
      }),
  },
  {
    name: 'delivers nothing more once destroyed within onData',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        let calls = 0;
        far.onEach = () => {
          calls++;
          far.connection.destroy();
        };
        near.connection.write(new Uint8Array(2 * MIB));
        await Promise.all([near.closed(), far.closed()]);
        assert.equal(calls, 1);
        assert.equal(far.error, undefined);
      }),
  },
  {
    name: 'only answers a write after close',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        near.connection.close();
        const answer = new Promise<Error | undefined>((resolve) => {
          assert.equal(near.connection.write(Uint8Array.of(1), resolve), false);
        });
        isNetError(await answer, 'ERR_NET_CLOSED');
        await Promise.all([near.closed(), far.closed()]);
        const later = new Promise<Error | undefined>((resolve) => {
          assert.equal(near.connection.write(Uint8Array.of(1), resolve), false);
        });
        isNetError(await later, 'ERR_NET_CLOSED');
        assert.equal(far.receivedBytes, 0);
      }),
  },
  {
    name: 'ends only the connection whose onData throws',
    run: (rig) =>
      withPair(rig, async ({ near, far }, door) => {
        const other = await door.connect(rig);
        const thrown = new Error('thrown by onData');
        far.onEach = () => {
          throw thrown;
        };
        near.connection.write(new Uint8Array(1000));
        await Promise.all([near.closed(), far.closed()]);
        assert.equal(far.error, thrown);
        await roundTrips(other, 3);
        other.near.connection.close();
        await other.far.closed();
        const third = await door.connect(rig);
        third.near.connection.destroy();
        await Promise.all([third.near.closed(), third.far.closed()]);
      }),
  },
  {
    name: 'ends only the connection whose written throws',
    run: (rig) =>
      withPair(rig, async ({ near, far }) => {
        const thrown = new Error('thrown by written');
        near.connection.write(new Uint8Array(10), () => {
          throw thrown;
        });
        await Promise.all([near.closed(), far.closed()]);
        assert.equal(near.error, thrown);
      }),
  },
  {
    name: 'has one handler',
    run: (rig) =>
      withPair(rig, ({ near }) => {
        assert.throws(() => near.connection.attach(near), { code: 'ERR_NET_ALREADY_ATTACHED' });
        return Promise.resolve();
      }),
  },
];
