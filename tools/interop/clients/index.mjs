// @ts-check
import { aria2 } from './aria2.mjs';
import { libtorrent } from './libtorrent.mjs';
import { qbittorrent } from './qbittorrent.mjs';
import { rtorrent } from './rtorrent.mjs';
import { transmission } from './transmission.mjs';

/** The clients that shoal is run against. @type {import('./client.mjs').Client[]} */
export const clients = [transmission, aria2, libtorrent, qbittorrent, rtorrent];
