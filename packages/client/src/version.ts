import manifest from '../package.json' with { type: 'json' };

/** One character of a peer id stands for each number of the version: 0 to 35 (BEP 20). */
const HIGHEST_NUMBER = 35;

/** This package's version as peer ids can say it. The build puts it in from package.json. */
export const PEER_ID_VERSION: string = manifest.version
  .replace(/[-+].*$/, '')
  .split('.')
  .map((number) => Math.min(Number(number), HIGHEST_NUMBER))
  .join('.');

/** What we call ourselves in extended handshakes (BEP 10). */
export const CLIENT_NAME = `Shoal ${manifest.version}`;
