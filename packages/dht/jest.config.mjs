import { jestConfig } from '../../tools/config/jest.base.mjs';

export default jestConfig();
