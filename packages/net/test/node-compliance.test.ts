import {
  clockCases,
  connectionCases,
  datagramCases,
  randomCases,
  type ComplianceRig,
} from '../src/compliance/index.ts';
import {
  createNodeNetwork,
  nodeHost,
  systemClock,
  systemRandom,
  type Network,
} from '../src/index.ts';
import { silentEndpoint, type Silent } from './silent-endpoint.ts';

function rigOf(network: Network, address: string, silent?: Silent): ComplianceRig {
  const host = { network, clock: systemClock, random: systemRandom };
  return {
    near: host,
    nearAddress: address,
    far: host,
    farAddress: address,
    ...(silent === undefined ? {} : { silent: silent.endpoint }),
  };
}

describe.each([
  ['into the shared buffer', createNodeNetwork({ watermark: 65_536 })],
  ["by 'data' events", createNodeNetwork({ watermark: 65_536, receive: 'events' })],
])('TCP on Node, receiving %s', (_name, network) => {
  let silent: Silent | undefined;
  beforeAll(async () => {
    silent = await silentEndpoint();
  });
  afterAll(() => silent?.close());

  it.each(connectionCases.map((each) => [each.name, each] as const))('%s', (_case, each) =>
    each.run(rigOf(network, '127.0.0.1', silent)),
  );
});

describe('UDP on Node', () => {
  it.each(datagramCases.map((each) => [each.name, each] as const))('%s', (_case, each) =>
    each.run(rigOf(nodeHost.network, '127.0.0.1')),
  );
});

describe('the system', () => {
  it.each([...clockCases, ...randomCases].map((each) => [each.name, each] as const))(
    '%s',
    async (_case, each) => {
      // The clock's own timers do not keep the process alive.
      const awake = setInterval(() => undefined, 1000);
      try {
        await each.run(rigOf(nodeHost.network, '127.0.0.1'));
      } finally {
        clearInterval(awake);
      }
    },
  );
});
