import type { DhtNode } from '@shoal/dht';
import { toHex } from '@shoal/metainfo';
import { exitCodeOf } from '../errors.ts';
import { jsonLine } from '../terminal/plain-text.ts';
import { untilAborted } from '../until-aborted.ts';
import type { DhtCall } from './dht.ts';

/** Milliseconds between two lines at the least. */
const LEAST_PERIOD = 100;

/** `shoal dht node`: runs until a signal comes. */
export async function showNode(call: DhtCall): Promise<number> {
  const { args, world, signal } = call;
  const node = await call.open();
  printStart(call, node);
  const timer = setInterval(
    () => printFigures(call, node),
    Math.max(args.every ?? 0, LEAST_PERIOD),
  );
  // The first figures are those of the first nodes.
  void node.ready({ signal }).then(
    () => printFigures(call, node),
    () => undefined,
  );
  try {
    return exitCodeOf(await untilAborted(signal));
  } finally {
    clearInterval(timer);
    if (args.json) world.stdout.write(jsonLine({ event: 'end', ...figuresOf(node) }));
  }
}

function printStart({ args, world }: DhtCall, node: DhtNode): void {
  const { endpoints } = node;
  const ids = node.stats.families.map(({ family, id }) => ({ family, id: toHex(id) }));
  if (args.json) world.stdout.write(jsonLine({ event: 'listening', endpoints, ids }));
  else if (!args.quiet) {
    for (const { family, id } of ids) world.stdout.write(`Node id over IPv${family}: ${id}\n`);
    for (const { address, port } of endpoints) {
      world.stdout.write(`Listening on ${address} port ${port}, UDP\n`);
    }
  }
}

function printFigures({ args, world }: DhtCall, node: DhtNode): void {
  const figures = figuresOf(node);
  if (args.json) world.stdout.write(jsonLine({ event: 'figures', ...figures }));
  else if (!args.quiet) {
    const { nodes, externalAddress, queries, stored } = figures;
    const where = externalAddress === null ? '' : `, seen at ${externalAddress}`;
    world.stdout.write(
      `${nodes} nodes${where}; ${queries.answered} of ${queries.received} queries answered; ` +
        `stored: ${stored.torrents} torrents, ${stored.peers} peers, ${stored.items} items\n`,
    );
  }
}

function figuresOf(node: DhtNode) {
  const { families, queries, malformed, stored, ...traffic } = node.stats;
  return {
    nodes: node.nodeCount,
    externalAddress: node.externalAddress ?? null,
    families: families.map(({ family, id, contacts, buckets, roundTrip }) => ({
      family,
      id: toHex(id),
      nodes: contacts,
      buckets,
      roundTrip: Math.round(roundTrip),
    })),
    queries,
    malformed,
    stored,
    receivedBytes: traffic.receivedBytes,
    sentBytes: traffic.sentBytes,
  };
}
