import { type Endpoint, type IpFilter, IpFilterBuilder } from '@shoal/net';
import { MemoryStorage, type PeerReport, type Torrent } from '../../src/index.ts';
import { SimSwarm } from '../support/sim-swarm.ts';

async function filterOf(...lines: string[]): Promise<IpFilter> {
  const builder = new IpFilterBuilder();
  for (const line of lines) builder.add(line);
  return builder.build();
}

function reportsOf(torrent: Torrent): PeerReport[] {
  const reports: PeerReport[] = [];
  torrent.on('peer', (report) => reports.push(report));
  return reports;
}

describe('an IP filter', () => {
  it('keeps blocked peers out, whoever names them and whoever dials', async () => {
    const swarm = new SimSwarm({ seed: 31 });
    const seed = await swarm.seed();
    const good = await swarm.seed();
    const { address } = seed.host;
    const at = ({ host, client }: typeof seed): Endpoint => ({
      address: host.address,
      port: client.port,
    });
    const ipFilter = await filterOf(`${address}/32`);
    const leech = await swarm.node({
      client: { ipFilter },
      add: { peers: [at(seed)] },
    });
    const reports = reportsOf(leech.torrent);
    const fromOutside = reportsOf(seed.torrent);
    expect(leech.client.ipFilter).toBe(ipFilter);
    seed.torrent.addPeer(at(leech));
    await swarm.finished([leech], 60_000);
    expect(reports.map(({ endpoint }) => endpoint.address)).not.toContain(address);
    expect(reports.map(({ endpoint }) => endpoint.address)).toContain(good.host.address);
    expect(fromOutside.map(({ endpoint }) => endpoint.address)).not.toContain(leech.host.address);
    await swarm.close();
  });

  it('ends the connections of those it comes to block, and says why', async () => {
    const swarm = new SimSwarm({ seed: 32, files: [{ path: 'film.bin', length: 20 << 20 }] });
    const seed = await swarm.seed();
    const leech = await swarm.node();
    const reports = reportsOf(leech.torrent);
    await swarm.until(() => leech.torrent.progress().pieces.have > 0, 30_000);
    leech.client.setIpFilter(await filterOf('20.0.0.0/8'));
    await swarm.pass(100);
    expect(reports.at(-1)).toMatchObject({
      event: 'disconnected',
      endpoint: { address: seed.host.address },
      reason: 'The IP filter blocks its address',
    });
    const { have } = leech.torrent.progress().pieces;
    await swarm.pass(120_000);
    expect(leech.torrent.progress()).toMatchObject({ peers: 0, pieces: { have } });
    // Without it, all goes on as soon as somebody names a peer.
    leech.client.setIpFilter(undefined);
    leech.torrent.addPeer({ address: seed.host.address, port: seed.client.port });
    await swarm.finished([leech], 120_000);
    await swarm.close();
  });

  it('does so while only the magnet link is known', async () => {
    const swarm = new SimSwarm({ seed: 33 });
    const seed = await swarm.node({ have: [] });
    const [client] = await swarm.client();
    const other = await client.add(
      `magnet:?xt=urn:btih:${'7'.repeat(40)}&x.pe=${seed.host.address}:${seed.client.port}`,
      { directory: '/nowhere', storage: (info) => new MemoryStorage(info) },
    );
    expect(other.remembersPeers).toBe(true);
    client.setIpFilter(await filterOf(seed.host.address));
    expect(other.remembersPeers).toBe(false);
    await swarm.close();
  });
});
