// Stores, limits and tokens, which are no part of the package's interface: needs no build.
import { runBundled } from '../../../tools/config/run-bundled.mjs';

await runBundled(new URL('store-cases.mjs', import.meta.url));
