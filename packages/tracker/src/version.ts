/** This package's version, as trackers see it in `User-Agent`. Kept equal to package.json by a test. */
export const VERSION = '0.1.0';
