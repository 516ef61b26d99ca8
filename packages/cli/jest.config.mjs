import { jestConfig } from '../../tools/config/jest.base.mjs';

// Tests that start processes take seconds on a busy machine.
export default jestConfig({ testTimeout: 60_000 });
