import assert from 'node:assert/strict';
import type { DatagramHandler, DatagramSocket, Network } from '../contracts.ts';
import type { Endpoint } from '../endpoint.ts';
import { NetError } from '../errors.ts';
import type { ComplianceCase, ComplianceRig } from './rig.ts';

interface Arrived {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
}

/** A handler that keeps what arrives. */
class Mailbox implements DatagramHandler {
  readonly arrived: Arrived[] = [];
  readonly errors: Error[] = [];
  onEach: (() => void) | undefined;
  #wake: (() => void) | undefined;

  onDatagram(datagram: Uint8Array, from: Endpoint): void {
    this.arrived.push({ bytes: datagram.slice(), from });
    this.#wake?.();
    this.onEach?.();
  }

  onError(error: Error): void {
    this.errors.push(error);
    this.#wake?.();
  }

  async when(met: () => boolean): Promise<void> {
    while (!met()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

interface Sockets {
  readonly near: DatagramSocket;
  readonly nearBox: Mailbox;
  readonly far: DatagramSocket;
  readonly farBox: Mailbox;
}

async function open(network: Network, address: string): Promise<[DatagramSocket, Mailbox]> {
  const box = new Mailbox();
  return [await network.bind({ address, port: 0 }, box), box];
}

async function withSockets(
  rig: ComplianceRig,
  body: (sockets: Sockets) => Promise<void>,
): Promise<void> {
  const [near, nearBox] = await open(rig.near.network, rig.nearAddress);
  const [far, farBox] = await open(rig.far.network, rig.farAddress);
  try {
    await body({ near, nearBox, far, farBox });
  } finally {
    await Promise.all([near.close(), far.close(), near.close()]);
  }
}

/** What every datagram socket must do. The rig must not lose datagrams. */
export const datagramCases: readonly ComplianceCase[] = [
  {
    name: 'brings datagrams one by one, with their sender',
    run: (rig) =>
      withSockets(rig, async ({ near, nearBox, far, farBox }) => {
        const sizes = [1, 0, 1400, 20_000, 20_000, 20_000, 20_000];
        // The buffer is free again when send returns.
        const buffer = new Uint8Array(20_000);
        sizes.forEach((size, index) => {
          near.send(buffer.subarray(0, size).fill(index + 1), far.endpoint);
        });
        buffer.fill(0);
        await farBox.when(() => farBox.arrived.length === sizes.length);
        for (const [index, { bytes, from }] of farBox.arrived.entries()) {
          assert.equal(bytes.length, sizes[index]);
          assert.ok(bytes.every((byte) => byte === index + 1));
          assert.deepEqual(from, near.endpoint);
        }
        far.send(Uint8Array.of(7), near.endpoint);
        await nearBox.when(() => nearBox.arrived.length === 1);
        assert.deepEqual(nearBox.arrived[0]?.from, far.endpoint);
        assert.deepEqual([...nearBox.errors, ...farBox.errors], []);
      }),
  },
  {
    name: 'tells onError what cannot be sent, and goes on',
    run: (rig) =>
      withSockets(rig, async ({ near, nearBox, far, farBox }) => {
        near.send(new Uint8Array(65_508), far.endpoint);
        near.send(new Uint8Array(1), { address: 'localhost', port: 1 });
        near.send(new Uint8Array(1), { address: rig.farAddress, port: 0 });
        assert.equal(nearBox.errors.length, 0, 'not within the call');
        await nearBox.when(() => nearBox.errors.length === 3);
        assert.deepEqual(
          nearBox.errors.map((error) => (error instanceof NetError ? error.code : error.message)),
          ['ERR_NET_DATAGRAM_TOO_LARGE', 'ERR_NET_INVALID_ENDPOINT', 'ERR_NET_INVALID_ENDPOINT'],
        );
        near.send(Uint8Array.of(1), far.endpoint);
        await farBox.when(() => farBox.arrived.length === 1);
      }),
  },
  {
    name: 'tells onError what onDatagram throws, and goes on',
    run: (rig) =>
      withSockets(rig, async ({ near, far, farBox }) => {
        const thrown = new Error('thrown by onDatagram');
        farBox.onEach = () => {
          farBox.onEach = undefined;
          throw thrown;
        };
        near.send(Uint8Array.of(1), far.endpoint);
        near.send(Uint8Array.of(2), far.endpoint);
        await farBox.when(() => farBox.arrived.length === 2);
        assert.deepEqual(farBox.errors, [thrown]);
      }),
  },
  {
    name: 'is silent once closed',
    run: async (rig) => {
      const [socket, box] = await open(rig.near.network, rig.nearAddress);
      await socket[Symbol.asyncDispose]();
      socket.send(Uint8Array.of(1), socket.endpoint);
      socket.send(Uint8Array.of(1), { address: 'nonsense', port: 0 });
      const [again] = await open(rig.near.network, rig.nearAddress);
      await again.close();
      assert.deepEqual([box.arrived, box.errors], [[], []]);
    },
  },
  {
    name: 'is bound to a port alone',
    run: (rig) =>
      withSockets(rig, async ({ near }) => {
        const again = rig.near.network.bind(near.endpoint, new Mailbox());
        await assert.rejects(again, { code: 'ERR_NET_ADDRESS_IN_USE' });
      }),
  },
];
