// Commands about whole queues.
import { expect, test } from 'vitest';
import { liveRedis } from '../helpers/live.js';
import { json, lunaq } from './command.js';

const live = liveRedis();

test('pause and resume hold and release queues', async () => {
  const queue = live.queue();
  await queue.add('x', null);
  const paused = await lunaq(live, ['pause', live.name]);
  expect(paused).toEqual({ code: 0, stdout: `${live.name} paused\n`, stderr: '' });
  expect(await queue.isPaused()).toBe(true);
  expect(await json(live, ['resume', live.name])).toEqual({
    queue: live.name,
    known: true,
    resumed: true,
  });
  expect(await queue.isPaused()).toBe(false);
});

test('a queue that nobody has used is paused all the same, with a warning', async () => {
  const name = `${live.name}-typo`;
  expect(await lunaq(live, ['pause', name])).toEqual({
    code: 0,
    stdout: `${name} paused\n`,
    stderr: `lunaq: nobody has used a queue "${name}" yet\n`,
  });
  expect(await live.queue({ name }).isPaused()).toBe(true);
});

test('drain removes what waits, delayed jobs only if asked', async () => {
  const queue = live.queue();
  await queue.add('x', null);
  await queue.add('x', null, { delay: 60_000 });
  const drained = await lunaq(live, ['drain', live.name]);
  expect(drained).toEqual({ code: 0, stdout: `${live.name} drained\n`, stderr: '' });
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 0, delayed: 1 });
  await lunaq(live, ['drain', '--delayed', live.name]);
  expect(await queue.getJobCounts()).toMatchObject({ waiting: 0, delayed: 0 });
});

test('doctor finds nothing in a queue that is well', async () => {
  await live.queue().add('x', null);
  const { code, stdout, stderr } = await lunaq(live, ['doctor', live.name]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(new RegExp(`^${live.name} well \\(.* m?s\\)\n`));
});

test('doctor tells what is broken, and fails', async () => {
  const queue = live.queue();
  await queue.add('x', null, { jobId: 'a\u202e' });
  await live.redis.hdel(`lunaq:{${live.name}}:jobs`, 'a\u202e');
  const { code, stdout } = await lunaq(live, ['doctor']);
  expect(code).toBe(1);
  expect(stdout).toContain(`${live.name} broken`);
  expect(stdout).toMatch(/^[ -~\n]*$/);
  const { ok, problems } = await json<{ ok: boolean; problems: object[] }>(live, [
    'doctor',
    live.name,
  ]);
  expect(ok).toBe(false);
  expect(problems).toContainEqual(expect.objectContaining({ severity: 'broken' }));
  await queue.obliterate();
});
