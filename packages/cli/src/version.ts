import manifest from '../package.json' with { type: 'json' };

/** The version of this package. The build puts it in from package.json. */
export const VERSION: string = manifest.version;
