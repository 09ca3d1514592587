// Commands about jobs.
import { expect, test } from 'vitest';
import type { Handlers } from '../../src/worker.js';
import { liveRedis, until } from '../helpers/live.js';
import { json, lunaq } from './command.js';

const live = liveRedis();

test('add prints the id of the job, as it is stored', async () => {
  const queue = live.queue();
  const { code, stdout, stderr } = await lunaq(live, ['add', live.name, 'welcome', '{"to":"ada"}']);
  expect([code, stderr]).toEqual([0, '']);
  const job = await queue.getJob(stdout.trim());
  expect(job).toMatchObject({ name: 'welcome', data: { to: 'ada' } });
});

test('add takes the options of a job', async () => {
  const queue = live.queue();
  const times = ['--delay', '1h', '--backoff', '1.5s', '--ttl', '2d', '--timeout', '500'];
  const others = ['--id', 'a', '--attempts', '3', '--lifo'];
  const told = await json(live, ['add', live.name, 'x', '-5', ...times, ...others]);
  expect(told).toEqual({ queue: live.name, id: 'a', duplicate: false });
  const job = await queue.getJob('a');
  expect(job?.data).toBe(-5);
  expect(job?.opts).toEqual({
    delay: 3_600_000,
    backoff: 1_500,
    ttl: 172_800_000,
    timeout: 500,
    attempts: 3,
    lifo: true,
  });
  const parents = ['--depends-on', 'a', '--on-parent-failure', 'run'];
  await lunaq(live, ['add', live.name, 'y', '--id', 'b', ...parents]);
  expect(await queue.getJobState('b')).toBe('deferred');
  expect((await queue.getJob('b'))?.data).toBeUndefined();
});

test('add reads data from stdin, up to its end', async () => {
  const input = `["${'long '.repeat(50_000)}", "Grüße"]\n`;
  const { stdout } = await lunaq(live, ['add', live.name, 'x', '-'], { input });
  expect((await live.queue().getJob(stdout.trim()))?.data).toEqual(JSON.parse(input));
  const broken = await lunaq(live, ['add', live.name, 'x', '-'], { input: '' });
  expect(broken).toMatchObject({ code: 2, stdout: '' });
  expect(broken.stderr).toMatch(/^lunaq: stdin: expected JSON: .*\n$/);
});

test('adding an id again adds nothing, and says so', async () => {
  await live.queue().add('x', 1, { jobId: 'a' });
  const args = ['add', live.name, 'x', '2', '--id', 'a'];
  expect(await lunaq(live, args)).toEqual({
    code: 0,
    stdout: 'a\n',
    stderr: `lunaq: queue ${live.name} has a job a already: nothing was added\n`,
  });
  expect(await json(live, args)).toMatchObject({ id: 'a', duplicate: true });
  expect((await live.queue().getJob('a'))?.data).toBe(1);
});

test('a parent that is not there is told', async () => {
  const args = ['add', live.name, 'x', '--depends-on', 'nobody'];
  const { code, stdout, stderr } = await lunaq(live, args);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^lunaq: .*nobody.*\n$/);
});

test('job shows all of a job, hostile text as its codes', async () => {
  const queue = live.queue();
  const reason = 'no\u001b[2J luck\nat all';
  await queue.add('parent', null, { jobId: 'p' });
  await queue.add(
    'work\u202e',
    { '\u009b': 1 },
    { jobId: 'c', dependsOn: 'p', meta: { by: 'me' } },
  );
  const handlers: Handlers = {
    parent: async (job) => {
      await job.log('one \u001b[31m');
      await job.updateProgress(40);
      return { fine: true };
    },
    'work\u202e': () => Promise.reject(new Error(reason)),
  };
  const worker = live.worker(handlers);
  await until(async () => (await queue.getJobState('c')) === 'failed');
  await worker.close();

  const parent = await json(live, ['job', live.name, 'p']);
  expect(parent).toMatchObject({
    queue: live.name,
    id: 'p',
    name: 'parent',
    state: 'completed',
    data: null,
    progress: 40,
    returnvalue: { fine: true },
    attemptsMade: 1,
    logs: ['one \u001b[31m'],
    logCount: 1,
  });
  const child = await json(live, ['job', live.name, 'c']);
  expect(child).toMatchObject({
    state: 'failed',
    failedReason: reason,
    meta: { by: 'me' },
    history: [{ failedReason: reason }],
    parents: [{ queue: live.name, id: 'p', state: 'completed', returnvalue: { fine: true } }],
  });

  const { code, stdout, stderr } = await lunaq(live, ['job', live.name, 'c']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^[ -~\n]*$/);
  expect(stdout).toContain('name       work\\u202e\n');
  expect(stdout).toContain('state      failed\n');
  expect(stdout).toContain('data       {"\\u009b":1}\n');
  expect(stdout).toContain('reason     no\\x1b[2J luck\\x0aat all\n');
  expect(stdout).toContain(`parent     ${live.name} p completed\n`);
  expect(stdout).toMatch(/\nfailure .*\n {2}Error: no\\x1b\[2J luck\n {2}at all\n {6}at /);
  const logged = await lunaq(live, ['job', live.name, 'p']);
  expect(logged.stdout).toMatch(/\nlog\n {2}one \\x1b\[31m\n$/);
});

test('a job that is not there is told with its queue', async () => {
  expect(await lunaq(live, ['job', live.name, 'typo'])).toEqual({
    code: 1,
    stdout: '',
    stderr: `lunaq: no job "typo" in queue "${live.name}"\n`,
  });
});

async function failedJobs(...ids: string[]) {
  const queue = live.queue();
  await queue.addBulk(ids.map((jobId) => ({ name: 'x', data: null, opts: { jobId } })));
  const worker = live.worker(
    () => {
      throw new Error('no luck');
    },
    { autorun: false },
  );
  await worker.run({ burst: true });
  await worker.close();
  return queue;
}

test('requeue puts back those named, and tells which it could not', async () => {
  const queue = await failedJobs('a', 'b', 'c');
  await queue.retryJob('c');
  const ended = await lunaq(live, ['requeue', live.name, 'a', 'nobody', 'c', 'b']);
  expect(ended).toEqual({
    code: 1,
    stdout: 'a requeued\nb requeued\n',
    stderr: [
      `lunaq: queue ${live.name}: no job nobody\n`,
      `lunaq: queue ${live.name}: job c has not finished\n`,
    ].join(''),
  });
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 3, failed: 0 });
});

test('requeue puts back all of a state, or some', async () => {
  const queue = await failedJobs('a', 'b', 'c');
  const some = await lunaq(live, ['requeue', live.name, '--count', '1']);
  expect(some).toEqual({ code: 0, stdout: '1 failed job requeued\n', stderr: '' });
  expect(await queue.getJobState('a')).toBe('waiting');
  const all = await json(live, ['requeue', live.name, '--all']);
  expect(all).toEqual({ queue: live.name, state: 'failed', requeued: 2 });
  const none = await json(live, ['requeue', live.name, '--all', '--state', 'completed']);
  expect(none).toEqual({ queue: live.name, state: 'completed', requeued: 0 });
});

test('cancel and remove act on each job, in JSON a line each', async () => {
  const queue = live.queue();
  for (const jobId of ['a', 'b']) await queue.add('x', null, { jobId });
  const cancelled = await lunaq(live, ['cancel', live.name, 'a', '--reason', 'not needed']);
  expect(cancelled).toEqual({ code: 0, stdout: 'a cancelled\n', stderr: '' });
  expect((await queue.getJob('a'))?.failedReason).toBe('not needed');
  const removed = await lunaq(live, ['remove', live.name, 'a', 'b', 'c', '--json']);
  expect(removed.code).toBe(1);
  expect(
    removed.stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as unknown),
  ).toEqual([
    { queue: live.name, id: 'a', removed: true },
    { queue: live.name, id: 'b', removed: true },
    { queue: live.name, id: 'c', removed: false, code: 'JOB_NOT_FOUND', reason: 'no job c' },
  ]);
});
