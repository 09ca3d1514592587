// A worker's process dies, freezes, or is asked to end.
import { expect, test } from 'vitest';
import { startWorker } from '../helpers/child.js';
import { crowd, liveRedis, pause, quick, until } from '../helpers/live.js';
import { tellFault } from '../helpers/load.js';
import { startProxy } from '../helpers/proxy.js';

const live = liveRedis();

/** One job, that was begun by one worker and done by another. */
const ranAgain = { jobs: 1, lost: [], ranTwice: 1, acceptedTwice: [], refused: new Map() };

test(
  'a job of a killed process is claimed by another within lease and sweep',
  { tags: ['timing'] },
  async () => {
    const queue = live.queue();
    const job = await queue.add('hold', {});
    const victim = await startWorker(live);
    await victim.sees('active', job.id);
    const done: [id: string, losses: number][] = [];
    const stalled: string[] = [];
    live
      .worker(async ({ id, stalledCounter }) => void done.push([id, stalledCounter]))
      .on('stalled', (id) => stalled.push(id));
    await pause(quick.lockDuration);
    expect(done).toEqual([]);

    await victim.kill();
    const killed = performance.now();
    await until(async () => (await queue.getJobState(job.id)) === 'completed');
    const took = performance.now() - killed;

    tellFault('worker-killed,lease=1s', ranAgain, [took]);
    expect(took).toBeLessThan(quick.lockDuration + quick.stalledInterval + 500);
    expect(done).toEqual([[job.id, 1]]);
    expect(stalled).toEqual([job.id]);
    const stored = await queue.getJob(job.id);
    expect(stored?.attemptsMade).toBe(1); // a crash is not a failed attempt
  },
);

test('a job of a killed process is claimed by another whose connection is cut more often than once a lease', async () => {
  const queue = live.queue();
  const job = await queue.add('hold', {});
  const victim = await startWorker(live);
  await victim.sees('active', job.id);
  const proxy = await startProxy(live.server);
  live.after(() => proxy.stop());
  live.worker(() => undefined, { connection: live.as('worker', proxy) });
  await victim.kill();
  const end = performance.now() + 10_000;
  while (performance.now() < end && (await queue.getJobState(job.id)) !== 'completed') {
    await pause(0.8 * quick.lockDuration);
    proxy.cut();
  }
  expect(await queue.getJobState(job.id)).toBe('completed');
});

test('all jobs of a killed process come back, few at first, and none is lost', async () => {
  const queue = live.queue();
  const jobs = await queue.addBulk(Array.from({ length: 60 }, () => ({ name: 'hold', data: {} })));
  const victim = await startWorker(live, { concurrency: 60 });
  await until(async () => (await queue.getJobCounts()).active === 60);
  await victim.kill();
  const seen = crowd(1);
  const worker = live.worker(seen.handler, { concurrency: 60 });
  await until(async () => (await queue.getJobCounts()).completed === jobs.length);
  await worker.close();
  expect(await live.violations()).toEqual([]);
  console.log(`60 suspects: at most ${seen.most} at a time`);
});

test('a process frozen past its lease loses its job: signal fires, its result is refused', async () => {
  const queue = live.queue();
  const job = await queue.add('hold', {});
  const frozen = await startWorker(live);
  await frozen.sees('active', job.id);
  const other = await startWorker(live);

  frozen.process.kill('SIGSTOP');
  const stopped = performance.now();
  await other.sees('active', job.id);
  const took = performance.now() - stopped;
  frozen.process.kill('SIGCONT');

  await frozen.sees('aborted', job.id);
  await frozen.sees('error');
  expect(frozen.messages.find(({ kind }) => kind === 'aborted')?.reason).toBe('LeaseLostError');
  expect(frozen.messages.find(({ name }) => name === 'LeaseLostError')?.message).toMatch(
    new RegExp(`${job.id} was refused`),
  );
  expect(frozen.saw('completed')).toBe(false);
  other.process.send('release');
  await other.sees('completed', job.id);
  expect((await queue.getJob(job.id))?.returnvalue).toBe('released');
  tellFault('worker-frozen,lease=1s', ranAgain, [took]);

  const next = await queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'work', data: {} })));
  await until(async () => (await queue.getJobCounts()).completed === next.length + 1);
  expect(frozen.saw('unhandled')).toBe(false);
});

test('a process frozen for less than its lease keeps its job', async () => {
  const queue = live.queue();
  const job = await queue.add('hold', {});
  const frozen = await startWorker(live, { lockDuration: 1_500 });
  await frozen.sees('active', job.id);
  live.worker(() => 'stolen');
  frozen.process.kill('SIGSTOP');
  await pause(700);
  frozen.process.kill('SIGCONT');
  await pause(1_200);
  frozen.process.send('release');
  await frozen.sees('completed', job.id);
  expect((await queue.getJob(job.id))?.returnvalue).toBe('released');
});

test('SIGTERM: a graceful close lets handlers finish and claims nothing more', async () => {
  const queue = live.queue();
  const running = await queue.add('work', { ms: 400 });
  const child = await startWorker(live);
  await child.sees('active', running.id);
  const later = await queue.add('work', {});
  child.process.kill('SIGTERM');
  await child.sees('closed');
  await until(() => child.ended);
  expect(child.process.exitCode).toBe(0);
  expect(await queue.getJobState(running.id)).toBe('completed');
  expect(await queue.getJobState(later.id)).toBe('waiting');
});

test('SIGTERM: what is not finished in time is handed back, in order, without burning an attempt', async () => {
  const queue = live.queue();
  const jobs = await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'hold', data: {} })));
  const behind = await queue.add('work', {});
  const child = await startWorker(live, { concurrency: 5, closeTimeout: 200 });
  await until(async () => (await queue.getJobCounts()).active === 5);
  child.process.kill('SIGTERM');
  await child.sees('closed');
  await until(() => child.ended);
  const waiting = await queue.getJobs('waiting', { asc: true });
  expect(waiting.map(({ id }) => id)).toEqual([...jobs, behind].map(({ id }) => id));
  expect(waiting.map(({ attemptsMade }) => attemptsMade)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(child.messages.filter(({ kind }) => kind === 'aborted')).toHaveLength(5);
  expect(await live.redis.hlen(`lunaq:{${live.name}}:stalls`)).toBe(0);
  expect(await live.redis.zcard(`lunaq:{${live.name}}:leases`)).toBe(0);
});
