import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/${name.replaceAll('\\', '/')}`);
/** Files with a test that asserts how long something takes: what runs beside them would be measured too. */
const timed = files.filter((file) => readFileSync(file, 'utf8').includes("tags: ['timing']"));

export default defineConfig({
  test: {
    globalSetup: ['test/helpers/find-redis.ts'],
    // Who else uses the machine is measured all the same: a bound that does not hold is measured again, a little later.
    tags: [
      {
        name: 'timing',
        description: 'asserts how long something takes, or how much is done meanwhile',
        retry: { count: 4, delay: 1_000 },
      },
    ],
    // Programs of the tests, and what they print: the server of a distribution may be of a version that is warned of.
    env: { NODE_OPTIONS: '--disable-warning=LUNAQ_LUA_HOLES' },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: timed,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: timed, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
