// The doctor on a queue that lives: it has nothing to say, whatever goes on.
import { expect, test } from 'vitest';
import { checkQueue, type CheckOptions, type Problem } from '../../src/doctor.js';
import type { Job } from '../../src/job.js';
import { UnrecoverableError } from '../../src/errors.js';
import type { Queue } from '../../src/queue.js';
import { startWorker } from '../helpers/child.js';
import { liveRedis, pause, until } from '../helpers/live.js';

const live = liveRedis();

/** Numbers that look random and are the same each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** What is told of a queue; the version of the server is no matter here. */
async function problemsOf(queue: Queue, options: CheckOptions = {}): Promise<Problem[]> {
  const { problems } = await checkQueue(queue, { recheckAfter: 30, ...options });
  return problems.filter(({ code }) => code !== 'lua-holes');
}

const handler = async ({ id }: { id: string }, _token: string, signal: AbortSignal) => {
  const draw = (id.codePointAt(11) ?? 0) % 16;
  if (draw === 0) throw new Error('once more');
  if (draw === 1) throw new UnrecoverableError('never');
  if (draw < 6) await pause(draw * 10);
  signal.throwIfAborted();
  return id;
};

/** Adds jobs of every kind, and acts on some. */
async function produce(queue: Queue, other: Queue, ended: AbortSignal, seed: number) {
  const draw = numbers(seed);
  const recent: string[] = [];
  while (!ended.aborted) {
    const jobs: Job[] = [
      await queue.add('plain', draw(100)),
      await queue.add('delayed', {}, { delay: draw(60), lifo: draw(2) === 0 }),
      await queue.add('soon', {}, { ttl: 1 + draw(30), removeOnFail: true }),
      await queue.add('kept', {}, { removeOnComplete: { age: draw(2) }, removeOnFail: 20 }),
      await queue.add('tried', 'x'.repeat(2_000), { attempts: 3, backoff: 5 }),
    ];
    const parents = [await other.add('parent', {}), jobs[draw(5)] as Job];
    const policy = (['fail', 'run', 'wait'] as const)[draw(3)] ?? 'fail';
    const options = { dependsOn: parents, onParentFailure: policy, removeOnComplete: 50 };
    await queue.add('child', {}, options).catch(() => undefined);
    recent.push(...jobs.map(({ id }) => id));
    const id = recent[draw(recent.length)] ?? '';
    const acts = [
      () => queue.cancel(id, draw(2) === 0 ? { dependents: 'cancel' } : {}),
      () => queue.remove(id),
      () => queue.retryJob(id),
      () => queue.getJobCounts(),
    ];
    await acts[draw(acts.length)]?.().catch(() => undefined);
    if (draw(20) === 0) await queue.pause().then(() => queue.resume());
    if (draw(20) === 0) await queue.clean(100, 50);
    recent.splice(0, recent.length - 50);
  }
}

test('a busy queue has no problems', { timeout: 60_000 }, async () => {
  const queue = live.queue();
  const other = live.queue({ name: 'other' });
  for (const [name, concurrency] of [
    [live.name, 20],
    [live.name, 3],
    ['other', 1],
  ] as const)
    live.worker(handler, { name, concurrency });
  const ended = new AbortController();
  const producers = [1, 2, 3].map((seed) => produce(queue, other, ended.signal, seed));

  const problems: Problem[] = [];
  const end = performance.now() + 6_000;
  const fewest = 6;
  let runs = 0;
  let deaths = 0;
  while (runs < fewest || performance.now() < end) {
    const victim = runs % 3 === 1 ? await startWorker(live, { concurrency: 20 }) : undefined;
    const looks = [problemsOf(queue, { records: runs % 3 === 0 }), problemsOf(other)];
    if (victim) {
      await pause(50);
      await victim.kill();
      deaths += 1;
    }
    problems.push(...(await Promise.all(looks)).flat());
    runs += 1;
    // A worker that comes and goes, and hands back what it has.
    if (runs % 5 === 0) await live.worker(handler, { concurrency: 50 }).close(true);
  }
  ended.abort();
  await Promise.all(producers);
  console.log(`${runs} examinations, ${deaths} processes killed`);
  expect(problems).toEqual([]);
});

/** More than what is gone through to the last entry while all numbers are right. */
const backlog = 21_000;

test(
  'a long list that is claimed, cancelled and added to has no problems',
  { timeout: 60_000 },
  async () => {
    const queue = live.queue();
    const adds = Array.from({ length: backlog }, (_, i) => ({ name: 'n', data: i }));
    const jobs = await queue.addBulk(adds);
    // Void entries, more than can be added up at once.
    await Promise.all(jobs.slice(10_000, 11_500).map((job) => queue.cancel(job.id)));
    const worker = live.worker(async () => await pause(2), { concurrency: 20 });
    const ended = new AbortController();
    const others = (async () => {
      for (let at = 11_500; !ended.signal.aborted && at < backlog; at += 1) {
        await queue.cancel(jobs[at]?.id ?? '').catch(() => undefined);
        await queue.add('n', {}, { lifo: at % 2 === 0 });
      }
    })();
    const problems: Problem[] = [];
    for (let run = 0; run < 2; run += 1) problems.push(...(await problemsOf(queue)));
    // The census of a list that moves, which counts only when the numbers are wrong too.
    problems.push(...(await problemsOf(queue, { records: true })));
    expect(problems).toEqual([]);

    // A job that nobody will claim, and an entry of none.
    await live.redis.hset(queue['store'].keys.jobs, 'lost', '["n",1,1]');
    expect(await problemsOf(queue)).toMatchObject([
      { code: 'entry-missing', count: 1, ids: ['lost'] },
    ]);
    ended.abort();
    await others;
    await worker.close();
    expect(await problemsOf(queue)).toMatchObject([
      { code: 'entry-missing', count: 1, ids: ['lost'] },
      { code: 'unserved' },
    ]);
    await queue.obliterate({ force: true });
  },
);

test('jobs of a killed process are no problem, before they come back and after', async () => {
  const queue = live.queue();
  await queue.addBulk(Array.from({ length: 60 }, () => ({ name: 'hold', data: {} })));
  const victim = await startWorker(live, { concurrency: 60 });
  await until(async () => (await queue.getJobCounts()).active === 60);
  await victim.kill();
  expect(await problemsOf(queue)).toEqual([]);
  live.worker(() => undefined, { concurrency: 60 });
  const problems: Problem[] = [];
  while ((await queue.getJobCounts()).completed < 60) problems.push(...(await problemsOf(queue)));
  expect(problems).toEqual([]);
});
