import manifest from '../package.json' with { type: 'json' };

/** This package's version, as trackers see it in `User-Agent`. The build puts it in from package.json. */
export const VERSION: string = manifest.version;
