// Who holds a job, and what sweeps do to jobs that somebody held.
import { expect, test } from 'vitest';
import { startWorker } from '../helpers/child.js';
import { gate, liveRedis, noJobs, pause, quick, until } from '../helpers/live.js';

const live = liveRedis();

const key = (noun: string): string => `lunaq:{${live.name}}:${noun}`;

/** Lets so many sweeps of this queue pass, by whichever worker. */
async function sweeps(count: number): Promise<void> {
  for (let seen = 0; seen < count; seen += 1) {
    const last = await live.redis.hget(key('meta'), 'swept');
    await until(async () => (await live.redis.hget(key('meta'), 'swept')) !== last);
  }
}

test('jobs that a worker had completed when it died stay completed, whatever is cleaned up after it', async () => {
  const queue = live.queue();
  await queue.addBulk(
    Array.from({ length: 300 }, () => ({ name: 'work', data: { ms: 4 }, opts: { attempts: 2 } })),
  );
  const victim = await startWorker(live, { concurrency: 10 });
  const told = (): string[] =>
    victim.messages.flatMap(({ kind, id }) => (kind === 'completed' && id ? [id] : []));
  await until(() => told().length >= 30);
  await victim.kill();
  const before = told();
  const ran: string[] = [];
  const failed: string[] = [];
  live
    .worker((job) => void ran.push(job.id), { lockDuration: 300, maxStalledCount: 0 })
    .on('failed', (job) => failed.push(job?.id ?? ''));
  await until(async () => {
    const { waiting, active } = await queue.getJobCounts();
    return waiting + active === 0;
  }, 10_000);
  await sweeps(3);
  expect(before.filter((id) => ran.includes(id) || failed.includes(id))).toEqual([]);
  for (const id of before) expect(await queue.getJobState(id)).toBe('completed');
  const { completed, failed: lost } = await queue.getJobCounts();
  expect(completed + lost).toBe(300);
  expect(lost).toBeLessThanOrEqual(10); // what it held
}, 30_000);

test('a job that has gone while a frozen worker held it is revived by nobody', async () => {
  const queue = live.queue<{ n: number }>();
  const { id } = await queue.add('hold', { n: 7 }, { removeOnComplete: true });
  const frozen = await startWorker(live);
  await frozen.sees('active', id);
  frozen.process.kill('SIGSTOP');
  const given: unknown[] = [];
  live.worker<{ n: number }>((job) => void given.push([job.name, job.data]));
  await until(() => given.length === 1);
  await until(async () => (await queue.getJobState(id)) === 'unknown');
  frozen.process.kill('SIGCONT');
  await frozen.sees('aborted', id);
  await frozen.sees('error');
  await sweeps(4);
  expect(given).toEqual([['hold', { n: 7 }]]);
  expect(await queue.getJobCounts()).toEqual(noJobs);
  expect(await live.redis.exists(key('jobs'), key('active'), key('suspects'))).toBe(0);
});

test('jobs that were removed, or obliterated, after their worker had died are revived by no sweep', async () => {
  const queue = live.queue();
  const jobs = await queue.addBulk(Array.from({ length: 4 }, () => ({ name: 'hold', data: {} })));
  const victim = await startWorker(live, { concurrency: 4 });
  await until(async () => (await queue.getJobCounts()).active === 4);
  await victim.kill();
  for (const { id } of jobs)
    await expect(queue.remove(id)).rejects.toMatchObject({ code: 'JOB_ACTIVE' });
  await queue.pause();
  const given: string[] = [];
  live.worker((job) => void given.push(job.id), { lockDuration: 200 });
  await until(async () => (await queue.getJobCounts()).waiting === 4);
  await queue.remove(jobs[0]?.id ?? '');
  expect(await queue.clean(0, 1, 'waiting')).toHaveLength(1);
  await queue.obliterate({ force: true });
  const { id } = await queue.add('job', {});
  await until(() => given.length > 0);
  await sweeps(3);
  expect(given).toEqual([id]);
  expect(await live.redis.hlen(key('jobs'))).toBe(1);
});

test('active jobs whose lease was lost with its row are claimable again', async () => {
  const queue = live.queue();
  const jobs = await queue.addBulk(Array.from({ length: 3 }, () => ({ name: 'hold', data: {} })));
  const victim = await startWorker(live, { concurrency: 3 });
  await until(async () => (await queue.getJobCounts()).active === 3);
  await victim.kill();
  await live.redis.del(key('leases'));
  const ran: string[] = [];
  live.worker((job) => void ran.push(job.id), { concurrency: 3 });
  await until(() => ran.length === 3);
  expect(new Set(ran)).toEqual(new Set(jobs.map(({ id }) => id)));
});

test('a job whose completion the server has lost, as in a failover, is not active for ever under its living worker', async () => {
  const queue = live.queue<null, number>();
  let runs = 0;
  const { opened, open } = gate();
  live.worker<null, number>(
    async (job) => {
      if (job.name === 'other') await opened;
      else runs += 1;
      return runs;
    },
    { concurrency: 2 },
  );
  await queue.add('other', null);
  const { id } = await queue.add('job', null);
  await until(async () => (await live.redis.hexists(key('active'), id)) === 1 || runs === 1);
  await until(async () => (await queue.getJobState(id)) === 'completed');
  // As it was before: held under the claim that the worker has settled, and forgotten about, since.
  const [, token = ''] = (
    await live.redis.hgetall(key('active')).then(Object.entries)
  )[0] as string[];
  const lease = token.slice(0, token.indexOf(':'));
  await live.redis
    .multi()
    .zrem(key('completed'), id)
    .hdel(key('results'), id)
    .hset(key('active'), id, token)
    .hincrby(key('held'), lease, 1)
    .exec();
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(runs).toBe(2);
  open();
  await until(async () => (await queue.getJobCounts()).completed === 2);
});

test('close and pause leave no job active, at whatever moment of a claim they come', async () => {
  const queue = live.queue();
  let added = 0;
  for (let round = 0; round < 30; round += 1) {
    const worker = live.worker(() => pause(round % 3), { concurrency: 1 + (round % 6) });
    const adding = queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'job', data: {} })));
    added += 20;
    await pause(round % 10);
    await (round % 2 === 0 ? worker.close() : worker.pause());
    await adding;
    expect(await live.redis.hlen(key('active'))).toBe(0);
    expect(await live.redis.exists(key('held'))).toBe(0);
    await worker.close();
  }
  live.worker(() => undefined, { concurrency: 100 });
  await until(async () => (await queue.getJobCounts()).completed === added);
  expect(await live.redis.exists(key('stalls'), key('attempts'))).toBe(0);
}, 30_000);

test('a crash of the worker leaves all attempts to the job', async () => {
  const queue = live.queue();
  const job = await queue.add('hold', {}, { attempts: 2 });
  const victim = await startWorker(live);
  await victim.sees('active', job.id);
  await victim.kill();
  const attempts: number[] = [];
  live.worker(({ attemptsMade }) => {
    attempts.push(attemptsMade);
    if (attempts.length === 1) throw new Error('once');
    return 'at last';
  }, quick);
  await until(async () => (await queue.getJobState(job.id)) === 'completed');
  expect(attempts).toEqual([0, 1]);
  expect(await queue.getJob(job.id)).toMatchObject({ returnvalue: 'at last', attemptsMade: 2 });
});
