import { Client, type ClientOptions } from '../../src/index.ts';

describe('Client.start', () => {
  it.each<[string, ClientOptions]>([
    ['port', { port: 65_536 }],
    ['port', { port: 1.5 }],
    ['port.from', { port: { from: 0, to: 10 } }],
    ['port.to', { port: { from: 6889, to: 6881 } }],
    ['bind', { bind: 'localhost' }],
    ['peerId', { peerId: new Uint8Array(19) }],
    ['maxPeers', { maxPeers: 0 }],
    ['maxPeersPerTorrent', { maxPeersPerTorrent: -1 }],
    ['maxHalfOpen', { maxHalfOpen: Number.NaN }],
    ['diskWorkers', { diskWorkers: 0 }],
    ['pieceBufferBudget', { pieceBufferBudget: 0 }],
    ['uploadSlots', { uploadSlots: 0.5 }],
  ])('refuses a senseless %s', async (name, options) => {
    const started = Client.start(options);
    await expect(started).rejects.toMatchObject({ code: 'ERR_CLIENT_OPTION' });
    await expect(started).rejects.toThrow(`The option ${name} must be`);
  });

  it('takes every option at its limit', async () => {
    const peerId = new Uint8Array(20).fill(0x41);
    const client = await Client.start({
      bind: '127.0.0.1',
      peerId,
      port: 0,
      maxPeers: 1,
      maxPeersPerTorrent: 1,
      maxHalfOpen: 1,
      diskWorkers: 1,
      pieceBufferBudget: 1,
      uploadSlots: 0,
      maxDownloadRate: 0,
      maxUploadRate: 0,
    });
    expect(client.port).toBeGreaterThan(0);
    expect(client.peerId).toEqual(peerId);
    await client.close();
    await client.close();
    await expect(client.add(new Uint8Array(0), { directory: 'nowhere' })).rejects.toMatchObject({
      code: 'ERR_CLIENT_CLOSED',
    });
  });

  it('rejects with the error of the network where it cannot listen, and leaves nothing open', async () => {
    const client = await Client.start({ bind: '127.0.0.1' });
    await expect(Client.start({ bind: '127.0.0.1', port: client.port })).rejects.toMatchObject({
      code: 'ERR_NET_ADDRESS_IN_USE',
    });
    await client.close();
  });
});
