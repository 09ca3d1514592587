// addBulk of jobs that depend on each other; stages that a handler adds.
import { expect, test } from 'vitest';
import type { BulkJob } from '../../src/bulk.js';
import { BulkError } from '../../src/errors.js';
import { Stage, type Way } from '../helpers/dag.js';
import { gate, liveRedis, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

type Entry = BulkJob<Way>;

function entry(jobId: string, ...dependsOn: (string | Entry)[]): Entry {
  return { name: 'job', data: 'complete', opts: { jobId, dependsOn } };
}

test.each(['forwards', 'backwards'])('a diamond by jobId, given %s, runs in order', async (order) => {
  const stage = new Stage(live);
  const jobs = [entry('top'), entry('left', 'top'), entry('right', 'top'), entry('end', 'left', 'right')];
  const given = order === 'forwards' ? jobs : jobs.toReversed();
  const added = await stage.queue('q').addBulk(given);
  expect(added.map(({ id }) => id)).toEqual(given.map(({ opts }) => opts?.jobId));
  expect(await stage.queue('q').getJobCounts()).toMatchObject({ waiting: 1, deferred: 3 });
  stage.work(['q']);
  await stage.reaches('q', 'end', 'completed');
  expect(stage.ran[0]).toBe('top');
  expect(stage.ran.at(-1)).toBe('end');
  expect(stage.ran).toHaveLength(4);
}); // prettier-ignore

test('entries without an id may be parents, given as they are', async () => {
  const stage = new Stage(live);
  const top: Entry = { name: 'job', data: 'complete' };
  const middle: Entry = { name: 'job', data: 'complete', opts: { dependsOn: [top] } };
  const end: Entry = { name: 'job', data: 'complete', opts: { dependsOn: [middle, top] } };
  const [last, between, first] = await stage.queue('q').addBulk([end, middle, top]);
  stage.work(['q']);
  await stage.reaches('q', last?.id ?? '', 'completed');
  expect(stage.ran).toEqual([first?.id, between?.id, last?.id]);
});

test('a graph that is added again, as after a crash, adds nothing and runs once', async () => {
  const stage = new Stage(live);
  const jobs = [entry('end', 'left', 'right'), entry('left', 'top'), entry('right', 'top'), entry('top')]; // prettier-ignore
  await stage.queue('q').addBulk(jobs.slice(2)); // as if the rest had been lost
  const again = await stage.queue('q').addBulk(jobs);
  expect(again.map(({ duplicate }) => duplicate)).toEqual([false, false, true, true]);
  stage.work(['q']);
  await stage.reaches('q', 'end', 'completed');
  expect((await stage.queue('q').addBulk(jobs)).every(({ duplicate }) => duplicate)).toBe(true);
  await pause(50);
  expect(stage.ran).toHaveLength(4);
});

test('a cycle is refused, and nothing is added', async () => {
  const stage = new Stage(live);
  const jobs = [entry('a', 'b'), entry('b', 'a'), entry('c')];
  await expect(stage.queue('q').addBulk(jobs)).rejects.toThrow(RangeError);
  expect(await stage.queue('q').getJobCounts()).toMatchObject({ waiting: 0, deferred: 0 });
});

test('a parent that is not added fails its children, and theirs, in the outcomes; others are added', async () => {
  const stage = new Stage(live);
  const lone = entry('lone', 'nobody');
  const jobs = [entry('grand', 'child'), entry('child', lone), lone, entry('free')];
  const error = await stage
    .queue('q')
    .addBulk(jobs)
    .catch((thrown: unknown) => thrown as BulkError);
  expect(error).toBeInstanceOf(BulkError);
  const { outcomes } = error as BulkError;
  expect(outcomes.map((outcome) => ('error' in outcome ? (outcome.error as { code?: string }).code : 'added'))).toEqual(['PARENT_UNKNOWN', 'PARENT_UNKNOWN', 'PARENT_UNKNOWN', 'added']); // prettier-ignore
  expect(await stage.queue('q').getJobCounts()).toMatchObject({ waiting: 1, deferred: 0 });
});

test('a parent that is too large fails its children in the outcomes', async () => {
  const queue = live.queue<string>();
  const large = { name: 'job', data: 'x'.repeat(1024 * 1024), opts: { jobId: 'large' } };
  const child = { name: 'job', data: '', opts: { jobId: 'child', dependsOn: 'large' } };
  const error = await queue.addBulk([child, large]).catch((thrown: unknown) => thrown as BulkError);
  const { outcomes } = error as BulkError;
  expect(outcomes[1]).toMatchObject({ error: { code: 'TOO_LARGE' } });
  expect(outcomes[0]).toMatchObject({ error: { code: 'PARENT_UNKNOWN', cause: { code: 'TOO_LARGE' } } }); // prettier-ignore
});

test('parents of other queues stand beside those of the call', async () => {
  const stage = new Stage(live);
  const other = await stage.add('other', 'outside');
  const jobs: Entry[] = [
    { name: 'job', data: 'complete', opts: { jobId: 'c', dependsOn: ['p', other] } },
    entry('p'),
  ];
  await stage.queue('q').addBulk(jobs);
  stage.work(['q']);
  await stage.reaches('q', 'p', 'completed');
  expect(await stage.queue('q').getJobState('c')).toBe('deferred');
  stage.work(['other']);
  await stage.reaches('q', 'c', 'completed');
});

test('layers of 300 jobs each, 10 deep, run in order', async () => {
  const stage = new Stage(live);
  const jobs = Array.from({ length: 3_000 }, (_, n) => {
    const layer = Math.floor(n / 300);
    return layer === 0 ? entry(`j${n}`) : entry(`j${n}`, `j${n - 300}`, `j${300 * layer - 1}`);
  });
  const started = performance.now();
  await stage.queue('q').addBulk(jobs);
  const added = performance.now();
  stage.worker('q', { concurrency: 200 });
  await until(async () => (await stage.queue('q').getJobCounts()).completed === 3_000, 15_000);
  console.log(`3,000 jobs in 10 layers: added in ${(added - started).toFixed(0)} ms, run in ${(performance.now() - added).toFixed(0)} ms`); // prettier-ignore
  const place = new Map(stage.ran.map((id, at) => [id, at]));
  for (const { opts } of jobs)
    for (const parent of (opts?.dependsOn ?? []) as string[])
      expect(place.get(parent)).toBeLessThan(place.get(opts?.jobId ?? '') ?? -1);
}, 30_000);

test('a stage whose handler adds the next ones by repeatable ids, killed in between, is run again without duplicates', async () => {
  const frames = live.queue<number>({ name: `${live.name}-frames` });
  const joins = live.queue<null>({ name: `${live.name}-joins` });
  const recordings = live.queue<string>({ name: `${live.name}-recordings` });
  const { opened: never } = gate();
  let attempt = 0;
  const split = async (job: { id: string }): Promise<void> => {
    attempt += 1;
    const ids = Array.from({ length: 20 }, (_, n) => `${job.id}/frame/${n}`);
    const first = attempt === 1 ? ids.slice(0, 13) : ids;
    await frames.addBulk(first.map((jobId, n) => ({ name: 'frame', data: n, opts: { jobId } })));
    if (attempt === 1) await never; // killed here: this run's lease ends with its worker
    const dependsOn = ids.map((id) => ({ queue: frames.name, id }));
    await joins.add('join', null, { jobId: `${job.id}/join`, dependsOn });
  };
  const options = { ...quick, name: recordings.name, closeTimeout: 0 };
  const doomed = live.worker(split, options);
  await recordings.add('recording', 'tape', { jobId: 'r1' });
  await until(async () => (await frames.getJobCounts()).waiting === 13);
  await doomed.close(true);
  const ran: string[] = [];
  live.worker(split, options);
  live.worker((job) => void ran.push(job.id), { name: frames.name, concurrency: 5 });
  live.worker((job) => void ran.push(job.id), { name: joins.name });
  await until(async () => (await joins.getJobState('r1/join')) === 'completed');
  expect(ran).toHaveLength(21);
  expect(new Set(ran).size).toBe(21);
  expect(ran.at(-1)).toBe('r1/join');
});

test('parents that are not kept are there for the children of their call, however fast they run', async () => {
  const queue = live.queue({ defaultJobOptions: { removeOnComplete: true } });
  live.worker(() => undefined, { concurrency: 50 });
  const parents = Array.from({ length: 300 }, () => ({ name: 'parent', data: 1 }));
  const children = parents.map((parent) => ({
    name: 'child',
    data: 2,
    opts: { dependsOn: [parent], removeOnComplete: false },
  }));
  const added = await queue.addBulk([...parents, ...children]);
  expect(added).toHaveLength(600);
  await until(async () => (await queue.getJobCounts()).deferred === 0);
});

test('close() waits for a chain of jobs of one call that is under way', async () => {
  const queue = live.queue({ connection: { ...live.as('producer'), connectionName: 'own' } });
  const added = queue.addBulk(
    Array.from({ length: 5 }, (_, at) => ({
      name: 'job',
      data: at,
      opts: { jobId: `job${at}`, ...(at > 0 && { dependsOn: `job${at - 1}` }) },
    })),
  );
  await queue.close();
  expect(await added).toHaveLength(5);
});

test('options under the name that `add` has for them are refused, not lost', async () => {
  const jobs = [{ name: 'a', data: 1 }, { name: 'b', data: 1, options: { delay: 5 } }]; // prettier-ignore
  const error = /^jobs\[1\]\.options: expected the name opts/;
  await expect(live.queue().addBulk(jobs)).rejects.toThrow(error);
});
