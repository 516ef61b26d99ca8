import { addresses } from './addresses.mjs';
import { bencode } from './bencode.mjs';
import { commandLine } from './command-line.mjs';
import { crashes } from './crashes.mjs';
import { dht } from './dht.mjs';
import { disk } from './disk.mjs';
import { ipFilters } from './ip-filters.mjs';
import { lsd } from './lsd.mjs';
import { magnet } from './magnet.mjs';
import { metainfo } from './metainfo.mjs';
import { origins } from './origins.mjs';
import { peerWire } from './peer-wire.mjs';
import { peers } from './peers.mjs';
import { processes } from './process.mjs';
import { trackers } from './trackers.mjs';
import { webSeeds } from './web-seeds.mjs';

/** All areas, in the order of the page. */
export const areas = [
  bencode,
  metainfo,
  magnet,
  peerWire,
  peers,
  trackers,
  webSeeds,
  addresses,
  origins,
  ipFilters,
  dht,
  lsd,
  disk,
  crashes,
  commandLine,
  processes,
];
