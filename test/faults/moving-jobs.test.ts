// What goes through the jobs of a state in several calls, while they move on: it acts on those that are still in that state.
import { expect, test } from 'vitest';
import { liveRedis, pause } from '../helpers/live.js';
import { clientOf, Mortal } from '../helpers/mortal.js';

const live = liveRedis();

/** Begins `work` and stops before its call number `calls`; what it returns lets it go on to its end. */
async function upTo<T>(
  calls: number,
  queue: string,
  work: (of: ReturnType<typeof clientOf>) => Promise<T>,
): Promise<() => Promise<T>> {
  const client = new Mortal(live.redis, new Set(), 'a loop');
  let result: Promise<T> | undefined;
  await client.begin((connection) => (result = work(clientOf(connection, queue, 'lunaq'))));
  for (let call = 1; call < calls; call += 1) await client.step();
  return async () => {
    while (client.alive) await client.step();
    return await (result as Promise<T>);
  };
}

test('clean leaves a waiting job that has started and completed meanwhile', async () => {
  const queue = live.queue();
  await queue.addBulk(['a', 'b'].map((jobId) => ({ name: 'job', data: null, opts: { jobId } })));
  // It lists them, looks at them, removes them.
  const goOn = await upTo(3, queue.name, ({ actions }) => actions.clean(0, 10, 'waiting'));
  const worker = live.worker(() => 'result');
  await (await queue.getJob('a'))?.waitUntilFinished();
  await (await queue.getJob('b'))?.waitUntilFinished();
  await worker.close();
  await queue.add('job', null, { jobId: 'c' });
  expect(await goOn()).toEqual(['c']);
  expect((await queue.getJob('a'))?.returnvalue).toBe('result');
  expect(await queue.getJobCounts()).toMatchObject({ completed: 2, waiting: 0 });
});

test('clean leaves a failed job that was put back meanwhile', async () => {
  const queue = live.queue();
  await queue.add('job', null, { jobId: 'a' });
  await queue.cancel('a');
  const goOn = await upTo(2, queue.name, ({ actions }) => actions.clean(0, 10, 'cancelled'));
  await queue.retryJob('a');
  expect(await goOn()).toEqual([]);
  expect(await queue.getJobState('a')).toBe('waiting');
});

test.each(['alone', 'child'])(
  'retryJobs leaves a cancelled job (%s) that others have put back, and that has completed',
  async (kind) => {
    const queue = live.queue();
    await queue.add('job', null, { jobId: 'p' });
    await queue.add('job', null, { jobId: 'a', ...(kind === 'child' ? { dependsOn: 'p' } : {}) });
    await queue.cancel('a');
    const asked = kind === 'child' ? 3 : 2;
    const goOn = await upTo(asked, queue.name, ({ requeuer }) =>
      requeuer.retryJobs('cancelled', 10, 0),
    );
    await queue.retryJob('a');
    const worker = live.worker(() => 'result');
    await (await queue.getJob('a'))?.waitUntilFinished();
    await worker.close();
    expect(await goOn()).toBe(0);
    expect(await queue.getJobState('a')).toBe('completed');
  },
);

test('retryJob asks the parents of the job that there is: another one has taken its id meanwhile', async () => {
  const queue = live.queue();
  await queue.addBulk(['p', 'q'].map((jobId) => ({ name: 'job', data: null, opts: { jobId } })));
  const child = async (dependsOn: string): Promise<void> => {
    await pause(2);
    await queue.add('job', null, { jobId: 'a', dependsOn });
    await queue.cancel('a');
  };
  await child('p');
  // It is told that it is a child; it reads the job, and what it has heard; asks its parents; puts it back.
  const goOn = await upTo(5, queue.name, ({ requeuer }) => requeuer.retryJob('a'));
  await queue.remove('a');
  await child('q');
  await goOn();
  const blockers = await (await queue.getJob('a'))?.blockers();
  expect(blockers).toMatchObject([{ id: 'q' }]);
});
