import type * as http from 'node:http';

/** Loaded when a web seed is first asked: it takes long, TLS above all, and most torrents have none. */
export function moduleOf(protocol: 'http:' | 'https:'): Pick<typeof http, 'Agent' | 'request'> {
  return protocol === 'https:'
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http');
}
