/** The commands that stay, and work with others: a file of the build that the rest does without. */
export { runDht } from './dht.ts';
export { runDownload } from './download.ts';
export { runMetadata } from './metadata.ts';
export { runScrape } from './scrape.ts';
export { runSeed } from './seed.ts';
export { runTour } from './tour.ts';
export { runTracker } from './tracker.ts';
