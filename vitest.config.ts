import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/find-redis.ts'],
    // Each file starts servers of its own; more of them at once measure each other.
    maxWorkers: 2,
    // What they measure depends on who else uses the machine: a bound that does not hold is measured again.
    tags: [{ name: 'timing', description: 'asserts how long something takes', retry: 3 }],
    // Programs of the tests, and what they print: the server of a distribution may be of a version that is warned of.
    env: { NODE_OPTIONS: '--disable-warning=LUNAQ_LUA_HOLES' },
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
