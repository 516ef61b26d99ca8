import assert from 'node:assert/strict';
import { withPair, Door, Recorder, roundTrips, type ComplianceCase } from './rig.ts';

/** How connections and listeners come to be. */
export const openingCases: readonly ComplianceCase[] = [
  {
    name: 'refuses where nobody listens',
    run: async (rig) => {
      const door = await Door.open(rig);
      const { endpoint } = door.listener;
      assert.ok(endpoint.port > 0);
      await Promise.all([door.listener.close(), door.listener.close()]);
      await door.listener.close();
      await assert.rejects(rig.near.network.connect(endpoint), { code: 'ERR_NET_REFUSED' });
    },
  },
  {
    name: 'refuses what is no endpoint',
    run: async (rig) => {
      const { network } = rig.near;
      const code = 'ERR_NET_INVALID_ENDPOINT';
      for (const address of ['localhost', '', '1.2.3.4.5', '::ffff:127.0.0.1', '2001:DB8::1']) {
        await assert.rejects(network.connect({ address, port: 80 }), { code });
      }
      for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
        await assert.rejects(network.connect({ address: rig.farAddress, port }), { code });
      }
      const listening = network.listen({ address: rig.nearAddress, port: 65_536 }, () => undefined);
      await assert.rejects(listening, { code });
    },
  },
  {
    name: 'gives up on an endpoint that does not answer',
    run: async (rig) => {
      if (rig.silent === undefined) return;
      const attempt = rig.near.network.connect(rig.silent, { timeout: 50 });
      await assert.rejects(attempt, { code: 'ERR_NET_TIMEOUT' });
    },
  },
  {
    name: 'rejects with the reason of the signal',
    run: async (rig) => {
      const door = await Door.open(rig);
      const reason = new Error('changed my mind');
      const before = rig.near.network.connect(door.listener.endpoint, {
        signal: AbortSignal.abort(reason),
      });
      await assert.rejects(before, (error) => error === reason);
      const controller = new AbortController();
      const target = rig.silent ?? door.listener.endpoint;
      const during = rig.near.network.connect(target, { signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(during, (error) => error === reason);
      await door.listener.close();
    },
  },
  {
    name: 'connects from the address it is told to',
    run: async (rig) => {
      const door = await Door.open(rig);
      const { endpoint } = door.listener;
      const connection = await rig.near.network.connect(endpoint, { bind: rig.nearAddress });
      const recorder = new Recorder(connection);
      assert.equal(connection.local.address, rig.nearAddress);
      connection.close();
      await recorder.closed();
      // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
      const elsewhere = rig.near.network.connect(endpoint, { bind: '192.0.2.1' });
      await assert.rejects(elsewhere, { code: 'ERR_NET_ADDRESS_NOT_AVAILABLE' });
      await door.listener.close();
    },
  },
  {
    name: 'listens on a port once',
    run: async (rig) => {
      const door = await Door.open(rig);
      const again = rig.far.network.listen(door.listener.endpoint, () => undefined);
      await assert.rejects(again, { code: 'ERR_NET_ADDRESS_IN_USE' });
      await door.listener.close();
      const free = await rig.far.network.listen(door.listener.endpoint, () => undefined);
      assert.deepEqual(free.endpoint, door.listener.endpoint);
      await free[Symbol.asyncDispose]();
    },
  },
  {
    name: 'lets accepted connections live on when the listener closes',
    run: (rig) =>
      withPair(rig, async (pair, door) => {
        await door.listener.close();
        await roundTrips(pair, 3);
        pair.near.connection.close();
        await pair.far.closed();
      }),
  },
  {
    name: 'destroys what accept leaves without a handler',
    run: async (rig) => {
      const at = { address: rig.farAddress, port: 0 };
      const listener = await rig.far.network.listen(at, () => undefined);
      const near = new Recorder(await rig.near.network.connect(listener.endpoint));
      await near.closed();
      assert.equal(near.closes, 1);
      await listener.close();
    },
  },
  {
    name: 'tells a handler attached late that the peer has closed',
    run: async (rig) => {
      const at = { address: rig.farAddress, port: 0 };
      const listener = await rig.far.network.listen(at, (connection) => {
        const far = new Recorder(connection);
        connection.write(Uint8Array.of(1, 2, 3));
        far.connection.close();
      });
      const near = new Recorder(await rig.near.network.connect(listener.endpoint));
      await near.closed();
      assert.deepEqual([...near.received()], [1, 2, 3]);
      assert.equal(near.error, undefined);
      await listener.close();
    },
  },
];
