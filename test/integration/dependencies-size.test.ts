// Dependencies in great numbers.
import { describe, expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import { Stage } from '../helpers/dag.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

/** Sweeps come too late to be what a test sees. */
const unswept = { stalledInterval: 60_000 };

const shaToName = new Map(
  Object.values(scripts).flatMap((script) =>
    typeof script === 'object' && 'sha' in script ? [[script.sha, script.name] as const] : [],
  ),
);

describe('size', () => {
  test('1,000 parents of one child, half of them finished before', async () => {
    const stage = new Stage(live);
    const ids = Array.from({ length: 1_000 }, (_, n) => `p${n}`);
    await stage.queue('parent').addBulk(ids.slice(0, 500).map((jobId) => ({ name: 'job', data: 'complete', opts: { jobId } }))); // prettier-ignore
    stage.work(['parent', 'child'], unswept);
    await until(async () => (await stage.queue('parent').getJobCounts()).completed === 500);
    await stage.queue('parent').pause();
    await stage.queue('parent').addBulk(ids.slice(500).map((jobId) => ({ name: 'job', data: 'complete', opts: { jobId } }))); // prettier-ignore
    const dependsOn = ids.map((id) => ({ queue: stage.nameOf('parent'), id }));
    const child = await stage.add('child', 'child', 'complete', { dependsOn });
    expect(await child.blockers()).toHaveLength(500);
    await stage.queue('parent').resume();
    await stage.reaches('child', 'child', 'completed', 10_000);
    const parents = await child.parents();
    expect(new Set(parents.map(({ id }) => id)).size).toBe(1_000);
    expect(parents.every(({ id, returnvalue }) => returnvalue === `result of ${id}`)).toBe(true);
  });

  test('a chain of 200 over three queues runs in order', async () => {
    const stage = new Stage(live);
    const labels = ['a', 'b', 'c'];
    const labelOf = (n: number): string => labels[n % 3] as string;
    for (let n = 0; n < 200; n += 1) {
      const dependsOn = n === 0 ? {} : { dependsOn: { queue: stage.nameOf(labelOf(n - 1)), id: `j${n - 1}` } }; // prettier-ignore
      await stage.add(labelOf(n), `j${n}`, 'complete', dependsOn);
    }
    stage.work(labels, unswept);
    await stage.reaches(labelOf(199), 'j199', 'completed', 10_000);
    expect(stage.ran).toEqual(Array.from({ length: 200 }, (_, n) => `j${n}`));
  });

  test(
    '40,000 children of one parent are released, and no call takes long',
    { tags: ['timing'], timeout: 30_000 },
    async () => {
      const stage = new Stage(live);
      await live.redis.config('SET', 'slowlog-log-slower-than', 5_000);
      await live.redis.slowlog('RESET');
      const parent = await stage.add('parent', 'parent');
      const dependsOn = [parent];
      const started = performance.now();
      const children = Array.from({ length: 40_000 }, () => ({
        name: 'job',
        data: 'complete' as const,
        opts: { dependsOn },
      }));
      await stage.queue().addBulk(children);
      const added = performance.now();
      stage.work(['parent'], unswept);
      await until(async () => (await stage.queue().getJobCounts()).waiting === 40_000, 20_000);
      const released = performance.now();
      const slow = (await live.redis.slowlog('GET', 128)) as [number, number, number, string[]][];
      const names = slow.map(([, , , [, sha]]) => shaToName.get(sha ?? '') ?? '?');
      const slowest = Math.max(0, ...slow.map(([, , micros]) => micros)) / 1_000;
      console.log(
        `40,000 children: added in ${(added - started).toFixed(0)} ms, released in ${(released - added).toFixed(0)} ms, ${slow.length} calls over 5 ms, slowest ${slowest} ms: ${names.join(' ')}`,
      );
      // Some 630 calls. What else the machine does counts as theirs.
      expect(slow.length).toBeLessThan(120);
      expect(slowest).toBeLessThan(100);
      expect(await live.redis.exists(`lunaq:{${stage.nameOf('child')}}:awaiting`)).toBe(0);
      await until(async () => (await live.redis.exists(`lunaq:{${stage.nameOf('parent')}}:dependents`)) === 0); // prettier-ignore
    },
  );
});
