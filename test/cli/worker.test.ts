// `lunaq worker`.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { liveRedis, until } from '../helpers/live.js';
import { folderOf, lunaq, start } from './command.js';

const live = liveRedis();

const handlers = `
  import { existsSync } from 'node:fs';
  import { setTimeout } from 'node:timers/promises';
  // What keeps a process alive does not keep the command.
  setInterval(() => undefined, 1_000);
  export default {
    welcome: ({ data }) => console.log('hello', data),
    boom: () => { throw new Error('no\\u001b[2J luck'); },
    async hold() { while (!existsSync('go')) await setTimeout(5); return 'held'; },
  };
`;

interface Told {
  readonly event: string;
  readonly [field: string]: unknown;
}

function told(stdout: string): Told[] {
  return stdout
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as Told);
}

test('a burst runs all there is, with a line for each start and end', async () => {
  const cwd = await folderOf(live, { 'mail.mjs': handlers });
  const queue = live.queue();
  await queue.add('welcome', 'ada', { jobId: 'a' });
  await queue.add('boom', null, { jobId: 'b\u202e', attempts: 2 });
  const { code, stdout, stderr } = await lunaq(live, ['worker', 'mail.mjs', live.name, '--burst'], {
    cwd,
  });
  expect([code, stderr]).toEqual([0, '']);
  const q = live.name;
  const lines = stdout.split('\n').map((text) => text.replace(/^\d\d:\d\d:\d\d /, ''));
  const failed = (attempt: number): RegExp =>
    new RegExp(
      `^${q}: boom \\(b\\\\u202e\\) failed after \\S+ m?s \\(attempt ${attempt} of 2\\): no\\\\x1b\\[2J luck$`,
    );
  expect(lines).toEqual([
    expect.stringMatching(/^worker \d+ listens on /),
    `${q}: welcome (a)`,
    'hello ada',
    expect.stringMatching(`^${q}: welcome \\(a\\) completed after \\S+ m?s$`),
    `${q}: boom (b\\u202e)`,
    expect.stringMatching(failed(1)),
    `${q}: boom (b\\u202e)`,
    expect.stringMatching(failed(2)),
    'closed',
    '',
  ]);
  expect(await queue.getJobCounts()).toMatchObject({ completed: 1, failed: 1 });
});

test('--json tells the same as JSON lines, and what handlers print goes to stderr', async () => {
  const cwd = await folderOf(live, { 'mail.mjs': handlers });
  const queue = live.queue();
  await queue.add('welcome', 'ada', { jobId: 'a' });
  await queue.add('boom', null, { jobId: 'b' });
  const args = ['worker', 'mail.mjs', live.name, '--burst', '--json', '--name', 'ada'];
  const { code, stdout, stderr } = await lunaq(live, args, { cwd });
  expect([code, stderr]).toEqual([0, 'hello ada\n']);
  const job = (id: string, name: string, rest: object) =>
    expect.objectContaining({ queue: live.name, id, name, ...rest }) as Told;
  expect(told(stdout)).toEqual([
    expect.objectContaining({ event: 'started', name: 'ada', queues: [live.name], concurrency: 1 }),
    job('a', 'welcome', { event: 'active' }),
    job('a', 'welcome', { event: 'completed', duration: expect.any(Number) as number }),
    job('b', 'boom', { event: 'active' }),
    job('b', 'boom', { event: 'failed', reason: 'no\u001b[2J luck', attemptsMade: 1 }),
    expect.objectContaining({ event: 'closed' }),
  ]);
});

test('queues are served in the order given, jobs side by side', async () => {
  const cwd = await folderOf(live, { 'mail.mjs': handlers });
  const [low, high] = [`${live.name}-low`, `${live.name}-high`];
  await live.queue({ name: low }).add('welcome', 1);
  for (const n of [2, 3]) await live.queue({ name: high }).add('hold', n);
  const args = ['worker', './mail.mjs', high, low, '--json', '--concurrency', '2'];
  const worker = start(live, args, { cwd });
  await worker.until(/"active"[\s\S]*"active"/);
  await writeFile(join(cwd, 'go'), '');
  await worker.until(/"completed".*low/);
  worker.kill('SIGTERM');
  const { code, stdout } = await worker.ended;
  expect(code).toBe(0);
  const begun = told(stdout).filter(({ event }) => event === 'active');
  expect(begun.map(({ queue }) => queue)).toEqual([high, high, low]);
});

/** A worker that has a job in hand. */
async function holding(...options: string[]) {
  const cwd = await folderOf(live, { 'mail.mjs': handlers });
  const queue = live.queue();
  await queue.add('hold', null, { jobId: 'a' });
  const worker = start(live, ['worker', 'mail.mjs', live.name, ...options], { cwd });
  await worker.until(/hold \(a\)/);
  return { cwd, queue, worker };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s lets it finish what it has in hand',
  async (signal) => {
    const { cwd, queue, worker } = await holding();
    worker.kill(signal);
    // Terminals and npx both pass on Ctrl-C.
    worker.kill(signal);
    await worker.until(/closing: waits/);
    await queue.add('welcome', 'nobody', { jobId: 'b' });
    expect(existsSync(join(cwd, 'go'))).toBe(false);
    await writeFile(join(cwd, 'go'), '');
    const { code, stdout, stderr } = await worker.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/hold \(a\) completed after .*\n.* closed\n$/);
    expect(await queue.getJob('a')).toMatchObject({ returnvalue: 'held' });
    expect(await queue.getJobState('b')).toBe('waiting');
  },
);

test('what takes longer than --close-timeout is handed back', async () => {
  const { queue, worker } = await holding('--close-timeout', '100ms');
  worker.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await queue.getJob('a')).toMatchObject({ attemptsMade: 0 });
  expect(await queue.getJobState('a')).toBe('waiting');
});

test('a second signal has it handed back at once', async () => {
  const { queue, worker } = await holding();
  worker.kill('SIGTERM');
  await worker.until(/closing: waits/);
  // What comes at once is the same wish; sooner or later one of these is another.
  const wishes = setInterval(() => worker.kill('SIGTERM'), 50);
  await worker.until(/closing: hands/).finally(() => clearInterval(wishes));
  const { code, stdout } = await worker.ended;
  expect(code).toBe(143);
  expect(stdout).toMatch(/closing: hands .*\n.* closed\n$/);
  expect(await queue.getJobState('a')).toBe('waiting');
});

test('it finishes what it has in hand when nobody reads its output', async () => {
  const { cwd, queue, worker } = await holding('--concurrency', '2');
  worker.hangUp();
  await queue.add('welcome', null, { jobId: 'b' });
  await until(async () => (await queue.getJobState('b')) === 'completed');
  await writeFile(join(cwd, 'go'), '');
  expect(await worker.ended).toMatchObject({ code: 0 });
  expect(await queue.getJobState('a')).toBe('completed');
});

test('--quiet tells of failures only', async () => {
  const cwd = await folderOf(live, { 'mail.mjs': handlers });
  await live.queue().add('welcome', 'ada');
  await live.queue().add('boom', null);
  const args = ['worker', 'mail.mjs', live.name, '--burst', '--quiet', '--json'];
  const { stdout } = await lunaq(live, args, { cwd });
  expect(told(stdout).map(({ event }) => event)).toEqual(['started', 'failed', 'closed']);
});

test('CommonJS does as well', async () => {
  const cwd = await folderOf(live, {
    'mail.cjs': `exports.handler = (job, token, signal) => job.name;`,
  });
  const job = await live.queue().add('anything', null);
  const { code } = await lunaq(live, ['worker', 'mail.cjs', live.name, '--burst'], { cwd });
  expect(code).toBe(0);
  expect(await live.queue().getJob(job.id)).toMatchObject({ returnvalue: 'anything' });
});

test.each([
  ['nowhere.mjs', '', 'nowhere.mjs: no such file'],
  ['broken.mjs', 'export default {', "can't load broken.mjs: SyntaxError: Unexpected end of input"],
  ['thrower.mjs', 'throw new Error("no\\u001b luck")', "can't load thrower.mjs: no\\x1b luck"],
  ['empty.mjs', 'export const work = 1', 'empty.mjs: expected a default export, either a handler'],
  ['mail.data', 'x', "can't load mail.data: TypeError: Unknown file extension"],
])('a file that gives no handlers ends it: %s', async (name, text, reason) => {
  const cwd = await folderOf(live, name === 'nowhere.mjs' ? {} : { [name]: text });
  const { code, stdout, stderr } = await lunaq(live, ['worker', name, live.name], { cwd });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr.startsWith(`lunaq: ${reason}`)).toBe(true);
  expect(stderr.split('\n')).toHaveLength(2);
});

test('shares of queues are checked', async () => {
  const cwd = await folderOf(live, { 'mail.mjs': handlers });
  const args = ['worker', 'mail.mjs', 'high', 'low', '--weight', 'high=3'];
  expect(await lunaq(live, args, { cwd })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'lunaq: weights.low: expected a number, got none\n',
  });
});
