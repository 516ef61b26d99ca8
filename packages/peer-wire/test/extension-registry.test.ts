import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  EXTENSION_HANDSHAKE_ID,
  ExtensionRegistry,
  PeerExtensions,
  utMetadata,
  WireDecoder,
  WireEncoder,
} from '../src/index.ts';
import type { Extension, UtMetadataMessage } from '../src/index.ts';
import { fixture, fromHex, Recorder, thrownBy, toHex } from './support.ts';

/** What a further extension takes: this. */
const echo: Extension<string> = {
  name: 'sh_echo',
  decode: (payload) => (payload.length === 0 ? undefined : Buffer.from(payload).toString('latin1')),
  encode: (message) => new Uint8Array(Buffer.from(message, 'latin1')),
};

/** One side of a connection: offers the extensions given, and writes down what comes. */
class Side extends Recorder {
  readonly received: (string | UtMetadataMessage)[] = [];
  readonly encoder = new WireEncoder();
  readonly registry: ExtensionRegistry<Side>;
  readonly peer: PeerExtensions;
  readonly decoder = new WireDecoder(this);
  readonly untaken: number[] = [];

  constructor(registry: ExtensionRegistry<Side>) {
    super();
    this.registry = registry;
    this.peer = new PeerExtensions(registry);
    const { extensions } = registry;
    this.encoder.extended(EXTENSION_HANDSHAKE_ID, encodeExtensionHandshake({ extensions }));
  }
  override onExtended(id: number, payload: Uint8Array): void {
    if (id === EXTENSION_HANDSHAKE_ID) {
      this.peer.update(decodeExtensionHandshake(payload).extensions);
    } else if (!this.registry.receive(this, id, payload)) {
      this.untaken.push(id);
    }
  }
}

const both = () =>
  new ExtensionRegistry<Side>()
    .register(echo, (side, message) => side.received.push(message))
    .register(utMetadata, (side, message) => side.received.push(message));
const metadataOnly = () =>
  new ExtensionRegistry<Side>().register(utMetadata, (side, message) =>
    side.received.push(message),
  );

describe('ExtensionRegistry', () => {
  it('numbers extensions from 1 on, and no name twice', () => {
    const registry = both();
    expect([...registry.extensions]).toEqual([
      ['sh_echo', 1],
      ['ut_metadata', 2],
    ]);
    expect(thrownBy(() => registry.register(echo, () => undefined))).toMatchObject({
      code: 'ERR_WIRE_INVALID_ARGUMENT',
    });
  });

  it('has 255 numbers', () => {
    const registry = new ExtensionRegistry();
    for (let at = 1; at <= 255; at++)
      registry.register({ ...echo, name: `x${at}` }, () => undefined);
    expect(registry.extensions.get('x255')).toBe(255);
    expect(thrownBy(() => registry.register(echo, () => undefined))).toMatchObject({
      code: 'ERR_WIRE_INVALID_ARGUMENT',
    });
  });

  it('carries messages of two sides that number their extensions differently', () => {
    const a = new Side(both());
    const b = new Side(metadataOnly());
    b.decoder.push(a.encoder.take());
    a.decoder.push(b.encoder.take());
    expect(a.peer.supports(utMetadata)).toBe(true);
    expect(a.peer.supports(echo)).toBe(false);
    expect(b.peer.supports(utMetadata)).toBe(true);

    expect(a.peer.write(a.encoder, echo, 'nobody')).toBe(false);
    expect(a.encoder.pendingBytes).toBe(0);
    expect(a.peer.write(a.encoder, utMetadata, { type: 'request', piece: 3 })).toBe(true);
    const toB = a.encoder.take();
    expect(toB[5]).toBe(1);
    b.decoder.push(toB);
    expect(b.received).toEqual([{ type: 'request', piece: 3 }]);

    const data = Uint8Array.of(1, 2, 3);
    const answer: UtMetadataMessage = { type: 'data', piece: 0, totalLength: 3, data };
    expect(b.peer.write(b.encoder, utMetadata, answer)).toBe(true);
    const toA = b.encoder.take();
    expect(toA[5]).toBe(2);
    a.decoder.push(toA);
    expect(a.received).toEqual([answer]);
  });

  it('takes no message of others, nor one to be ignored, and passes on what cannot be read', () => {
    const side = new Side(both());
    side.encoder.take();
    for (const id of [1, 3, 255]) side.encoder.extended(id, new Uint8Array(0));
    side.decoder.push(side.encoder.take());
    expect(side.untaken).toEqual([1, 3, 255]);
    expect(side.received).toEqual([]);
    side.encoder.extended(2, fromHex('6465'));
    expect(thrownBy(() => side.decoder.push(side.encoder.take()))).toMatchObject({
      code: 'ERR_WIRE_EXTENSION_PAYLOAD',
    });
  });

  it('takes nothing of the extensions in the shared vectors that it does not know', () => {
    type File = { vectors: { id: string; hex: string }[] };
    const { vectors } = fixture('messages') as File;
    const { vectors: malformed } = fixture('malformed') as File;
    const others = [...vectors, ...malformed].filter(({ id }) => /pex|donthave|holepunch/.test(id));
    expect(others.length).toBeGreaterThan(10);
    for (const { hex } of others) {
      const side = new Side(new ExtensionRegistry<Side>());
      side.decoder.push(fromHex(hex));
      expect(side.untaken).toEqual([fromHex(hex)[5]]);
      expect(toHex(side.encoder.take())).toBe(
        '0000000914' + '00' + Buffer.from('d1:mdee').toString('hex'),
      );
    }
  });
});

describe('PeerExtensions', () => {
  it('adds up what handshakes say, and remembers known names only', () => {
    const peer = new PeerExtensions(both());
    const write = (extension: Extension<string>) => {
      const encoder = new WireEncoder();
      return peer.write(encoder, extension, 'x') ? encoder.take()[5] : undefined;
    };
    expect(write(echo)).toBeUndefined();
    peer.update(new Map([['sh_echo', 9]]));
    expect(write(echo)).toBe(9);
    peer.update(new Map([['ut_metadata', 3]]));
    expect(write(echo)).toBe(9);
    peer.update(new Map([['sh_echo', 10]]));
    expect(write(echo)).toBe(10);
    peer.update(new Map([['sh_echo', 0]]));
    expect(write(echo)).toBeUndefined();
    expect(peer.supports(utMetadata)).toBe(true);
    peer.update(new Map([['ut_pex', 4]]));
    expect(peer.supports({ name: 'ut_pex' })).toBe(false);
  });
});
