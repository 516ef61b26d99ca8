import {
  type PeerScript,
  ScriptedPeer,
} from '../../../packages/client/test/support/scripted-peer.ts';
import type { Node, SimSwarm } from '../../../packages/client/test/support/sim-swarm.ts';
import type { V2Torrent } from '../../../packages/client/test/support/v2-torrent.ts';
import type { Sim } from './sim.ts';
import { endpointOf, KIB, MINUTE, PORT, SECOND } from './swarms.ts';

/** What a client is to do with whoever tells a lie: end the connection, keep it, or either. */
export type Fate = 'dropped' | 'kept' | 'either';

/** One lie in one field of one message. */
export interface Lie {
  readonly field: string;
  readonly fate: Fate;
  /** Tells it, over a connection whose handshakes are done; where absent, the script does. */
  readonly tell?: (peer: ScriptedPeer, random: Sim['random']) => void;
  readonly script?: PeerScript;
}

export interface Stage {
  readonly torrent?: V2Torrent;
  /** How the victim and the honest seed are added. */
  readonly node?: Parameters<SimSwarm['node']>[0];
  readonly seed?: Parameters<SimSwarm['node']>[0];
}

const FILES = [{ path: 'film.bin', length: 600_000 }];
/** Virtual ms after the victim's start at which the lie is told: it has some pieces, and wants more. */
const TOLD_AT = 1 * SECOND;
/** Virtual ms in which the victim downloads all of it from the honest seed at 200 kB/s, and half a minute for what a lie may cost. */
const WITHIN = 35 * SECOND;
/** Virtual ms that a client may take to end the connection. */
const PATIENCE = 5 * SECOND;

/** Bytes of a message: its length, its id and what follows. */
export function message(id: number, ...payload: readonly (number | Uint8Array)[]): Uint8Array {
  const body = Buffer.concat([
    Uint8Array.of(id),
    ...payload.map((part) => (typeof part === 'number' ? uint32(part) : part)),
  ]);
  return Buffer.concat([uint32(body.length), body]);
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0);
  return bytes;
}

/** Tells a lie to a client that downloads from an honest seed, and looks what comes of it. */
export async function tellLie(
  sim: Sim,
  message: string,
  lie: Lie,
  stage: Stage = {},
): Promise<void> {
  const what = `${message} ${lie.field}`;
  const liars = new Set<string>();
  const { torrent } = stage;
  const setup = torrent === undefined ? { files: FILES, pieceLength: 32 * KIB } : { torrent };
  const swarm = sim.swarm(setup, { liars });
  const seed = await swarm.seed({
    trackerless: true,
    ...stage.seed,
    line: { bandwidthUp: 200_000 },
  });
  const victim = await swarm.node({ trackerless: true, ...stage.node });
  victim.torrent.addPeer(endpointOf(seed));
  const lost: string[] = [];
  victim.torrent.on('peer', ({ event, endpoint, reason }) => {
    if (event === 'disconnected' && endpoint.address === seed.host.address && reason !== undefined)
      lost.push(reason);
  });
  await swarm.pass(sim.vary('told at', TOLD_AT, 100, 2_000));
  const host = swarm.host();
  liars.add(host.address);
  const opened: ScriptedPeer[] = [];
  const script: PeerScript = { ...lie.script };
  void ScriptedPeer.connect(host, endpointOf(victim), swarm.torrent, {
    ...script,
    onOpen: (peer) => {
      script.onOpen?.(peer);
      lie.tell?.(peer, sim.random);
    },
  }).then((peer) => opened.push(peer));
  await swarm.pass(PATIENCE);
  const [liar] = opened;
  if (lie.fate === 'dropped') sim.holds(`${what}: the liar is dropped`, liar?.closed === true);
  if (lie.fate === 'kept') sim.holds(`${what}: the connection is kept`, liar?.closed === false);
  const end = await swarm.world.run({
    until: () => victim.torrent.state === 'seeding',
    limit: WITHIN,
  });
  const { have, total } = victim.torrent.progress().pieces;
  sim.holds(
    `${what}: the download ends (${have} of ${total}, ${victim.torrent.state})`,
    end === 'until',
  );
  sim.holds(`${what}: the innocent seed is kept (${lost.join()})`, lost.length === 0);
  await servesAnother(sim, swarm, victim, what);
  await sim.close(swarm);
}

/** The victim is as good as before: somebody else can download from it. */
async function servesAnother(sim: Sim, swarm: SimSwarm, victim: Node, what: string): Promise<void> {
  const open = ScriptedPeer.connect(
    swarm.host(),
    { address: victim.host.address, port: PORT },
    swarm.torrent,
    {
      peerId: Buffer.from('-XX0001-somebodyelse'),
      ...(swarm.torrent.info.infoHash === undefined ? { v2: true } : {}),
      onOpen: (peer) => peer.send((to) => to.interested()),
      onUnchoke: (peer) => peer.send((to) => to.request(0, 0, 16 * KIB)),
    },
  );
  const peer = await swarm.settle(open, MINUTE);
  const end = await swarm.world.run({ until: () => peer.count('piece') > 0, limit: MINUTE });
  sim.holds(`${what}: the victim serves others afterwards`, end === 'until');
}

/** One scenario for a family of lies. */
export async function tellAll(
  sim: Sim,
  message: string,
  lies: readonly Lie[],
  stage: Stage = {},
): Promise<void> {
  for (const lie of lies) await tellLie(sim, message, lie, stage);
  sim.figure('lies told', lies.length);
  const dropped = lies.filter(({ fate }) => fate === 'dropped').length;
  sim.figure('for which it is dropped', dropped);
}
