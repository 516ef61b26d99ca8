import { nodeNetwork, type Connection } from '../src/index.ts';
describe('smoke', () => {
  it('echoes', async () => {
    const listener = await nodeNetwork.listen({ address: '127.0.0.1', port: 0 }, (c) => {
      c.attach({ onData: (d) => c.write(d.slice()), onDrain() {}, onClose() {} });
    });
    const c: Connection = await nodeNetwork.connect(listener.endpoint);
    const got = await new Promise<string>((resolve) => {
      let text = '';
      c.attach({
        onData: (d) => {
          text += Buffer.from(d).toString();
          if (text === 'hello') c.close();
        },
        onDrain() {},
        onClose: (e) => resolve(text + String(e)),
      });
      c.write(Buffer.from('hello'));
    });
    expect(got).toBe('helloundefined');
    await listener.close();
  });
  it('udp', async () => {
    const got = await new Promise<string>((resolve, reject) => {
      void (async () => {
        const a = await nodeNetwork.bind(
          { address: '::', port: 0 },
          {
            onDatagram: (d, from) => resolve(Buffer.from(d).toString() + from.address),
            onError: reject,
          },
        );
        const b = await nodeNetwork.bind(
          { address: '127.0.0.1', port: 0 },
          { onDatagram() {}, onError: reject },
        );
        b.send(Buffer.from('x'), { address: '127.0.0.1', port: a.endpoint.port });
        setTimeout(() => {
          void a.close();
          void b.close();
        }, 200);
      })();
    });
    expect(got).toBe('x127.0.0.1');
  });
});
