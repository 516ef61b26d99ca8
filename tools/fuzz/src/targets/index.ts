import type { Target } from '../engine/target.ts';
import { bencodeTargets } from './bencode.ts';
import { cliTargets } from './cli.ts';
import { clientDiskTargets } from './client-disk.ts';
import { dhtNodeTargets } from './dht-node.ts';
import { dhtTargets } from './dht.ts';
import { engineTargets } from './engine.ts';
import { extensionTargets } from './extension.ts';
import { ipFilterTargets } from './ip-filter.ts';
import { magnetTargets } from './magnet.ts';
import { metainfoTargets } from './metainfo.ts';
import { nameTargets } from './names.ts';
import { netTargets } from './net.ts';
import { scaleTargets } from './scale.ts';
import { trackerHttpTargets } from './tracker-http.ts';
import { trackerServerTargets } from './tracker-server.ts';
import { trackerUdpTargets } from './tracker-udp.ts';
import { trackerUrlTargets } from './tracker-url.ts';
import { webSeedTargets } from './web-seed.ts';
import { wireTargets } from './wire.ts';

export { meter } from '../engine/meter.ts';

/** All targets there are. */
export const targets: readonly Target[] = [
  ...bencodeTargets,
  ...metainfoTargets,
  ...nameTargets,
  ...magnetTargets,
  ...netTargets,
  ...ipFilterTargets,
  ...trackerHttpTargets,
  ...trackerUrlTargets,
  ...trackerUdpTargets,
  ...trackerServerTargets,
  ...wireTargets,
  ...extensionTargets,
  ...dhtTargets,
  ...dhtNodeTargets,
  ...clientDiskTargets,
  ...webSeedTargets,
  ...engineTargets,
  ...cliTargets,
  ...scaleTargets,
];
