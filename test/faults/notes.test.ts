// Notes whose answers are lost, that come late, or find a full or absent server: each is done once, in its order, or refused.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job } from '../../src/index.js';
import { Connection } from '../../src/connection.js';
import { execute } from '../../src/execute.js';
import { queueKeys } from '../../src/keys.js';
import { callOf, type CallRow, type NoteText } from '../../src/script.js';
import * as scripts from '../../src/scripts.js';
import { gate, liveRedis, until } from '../helpers/live.js';
import { startProxy, type Proxy } from '../helpers/proxy.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis({ config: { 'maxmemory-policy': 'noeviction' } });
let proxy: Proxy;
beforeAll(async () => {
  proxy = await startProxy(live.server);
});
afterAll(() => proxy.stop());

/** What is noted on a job. */
async function told(id: string): Promise<unknown> {
  const queue = live.queue();
  const job = await queue.getJob(id);
  const { logs } = await queue.getJobLogs(id);
  return { progress: job?.progress, logs, meta: job?.meta, data: job?.data };
}

test('what a handler notes is noted once when every answer is lost', async () => {
  const queue = live.queue();
  const worker = live.worker(
    async (job) => {
      const lost = [scripts.progress, scripts.log, scripts.log, scripts.rewrite].map(({ sha }) =>
        proxy.dropNextReply(sha),
      );
      await job.updateProgress(50);
      expect(await job.log('one')).toBe(1);
      expect(await job.log('two')).toBe(2);
      await job.updateMeta({ n: 1 });
      await Promise.all(lost);
    },
    { connection: live.as('worker', proxy), autorun: false, lockDuration: 30_000 },
  );
  const { id } = await queue.add('job', 'data');
  await worker.run({ burst: true });
  expect(await told(id)).toEqual({
    progress: 50,
    logs: ['one', 'two'],
    meta: { n: 1 },
    data: 'data',
  });
});

test('rows that travel together are added once when the answer is lost', async () => {
  const queue = live.queue({ connection: live.as('producer', proxy) });
  const job = await queue.add('job', 1);
  const lost = proxy.dropNextReply(scripts.log.sha);
  const counts = await Promise.all(['a', 'b', 'c'].map((row) => job.log(row)));
  await lost;
  expect(counts).toEqual([1, 2, 3]);
  expect(await told(job.id)).toMatchObject({ logs: ['a', 'b', 'c'] });
});

test('an old copy of a progress that comes late changes nothing', async () => {
  const connection = Connection.acquire(live.as('producer'));
  live.after(() => connection.release());
  const { id } = await live.queue().add('job', 1);
  const keys = queueKeys(live.name);
  const call = (number: number) =>
    callOf(scripts.progress, keys, { call: 'old:progress' as CallRow, number }, [
      { id, token: '', value: String(number) as NoteText },
    ]);
  const first = call(1);
  expect(await execute(connection, [first])).toMatchObject([{ reply: ['noted'] }]);
  expect(await execute(connection, [call(2)])).toMatchObject([{ reply: ['noted'] }]);
  expect(await execute(connection, [first])).toMatchObject([{ reply: 'stale' }]);
  expect(await told(id)).toMatchObject({ progress: 2 });
});

test('what is noted while the connection is away arrives in order when it is back', async () => {
  const queue = live.queue();
  const worker = live.worker(
    async (job) => {
      await job.updateProgress(1);
      proxy.refuse(true);
      proxy.cut();
      const notes = [2, 3, 4].flatMap((n) => [job.updateProgress(n), job.log(`${n}`)]);
      setTimeout(() => proxy.refuse(false), 100);
      await Promise.all(notes);
    },
    { connection: live.as('worker', proxy), autorun: false, lockDuration: 30_000 },
  );
  const { id } = await queue.add('job', 1);
  await worker.run({ burst: true });
  expect(await told(id)).toMatchObject({ progress: 4, logs: ['2', '3', '4'] });
});

test('a worker that lost its lease is refused once another has its job', async () => {
  const queue = live.queue();
  const started = gate();
  const stale = gate<unknown[]>();
  const moved = gate();
  const slow = live.worker(
    async (job) => {
      started.open();
      await moved.opened;
      const refused = [job.updateProgress(1), job.log('stale'), job.updateMeta({ stale: true })];
      stale.open(await Promise.all(refused.map(rejection)));
    },
    { connection: live.as('worker', proxy) },
  );
  const { id } = await queue.add('job', 1);
  await started.opened;
  proxy.blackhole(true);
  const taken = gate();
  const end = gate();
  live.worker(async (job) => {
    await job.updateProgress(2);
    await job.log('new');
    taken.open();
    await end.opened;
  });
  await taken.opened;
  proxy.blackhole(false);
  moved.open();
  for (const error of await stale.opened) expect(error).toMatchObject({ name: 'LeaseLostError' });
  expect(await told(id)).toMatchObject({ progress: 2, logs: ['new'], meta: {} });
  end.open();
  await until(async () => (await queue.getJobState(id)) === 'completed');
  await slow.close(true);
});

test('of large records that take several calls, those that were done are told as done', async () => {
  const queue = live.queue({ connection: live.as('producer', proxy) });
  const jobs = await queue.addBulk(
    [1, 2, 3].map((n) => ({ name: 'job', data: `${n}${'x'.repeat(200_000)}` })),
  );
  const lost = [1, 2].map(() => proxy.dropNextReply(scripts.rewrite.sha));
  await Promise.all(jobs.map((job, n) => job.updateMeta({ n })));
  await Promise.all(lost);
  for (const [n, { id }] of jobs.entries())
    expect(await told(id)).toMatchObject({
      meta: { n },
      data: expect.stringMatching(`^${n + 1}x`) as string,
    });
});

test('handlers go on noting while Redis is out of memory', async () => {
  const queue = live.queue();
  const worker = live.worker(
    async (job) => {
      await job.updateProgress(1);
      await job.log('row');
      await job.updateMeta({ n: 1 });
      await job.updateData('other');
    },
    { autorun: false },
  );
  const { id } = await queue.add('job', 1);
  live.after(() => live.redis.config('SET', 'maxmemory', '0'));
  await live.redis.config('SET', 'maxmemory', '1');
  await expect(queue.add('job', 1)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  await worker.run({ burst: true });
  expect(await told(id)).toEqual({ progress: 1, logs: ['row'], meta: { n: 1 }, data: 'other' });
});

async function rows(): Promise<string[]> {
  return Object.keys(await live.redis.hgetall(`lunaq:{${live.name}}:calls`));
}

async function note(job: Job): Promise<void> {
  await Promise.all([job.log('x'), job.updateProgress(1)]);
}

describe('rows of calls', () => {
  test('go with a worker that is closed, and with a queue', async () => {
    const queue = live.queue();
    const worker = live.worker(note, { autorun: false });
    await note(await queue.add('job', 1));
    await worker.run({ burst: true });
    expect(await rows()).not.toEqual([]);
    await worker.close();
    await queue.close();
    expect(await rows()).toEqual([]);
  });

  test('stay when a copy of a call went unanswered and may still arrive', async () => {
    const queue = live.queue();
    const worker = live.worker(note, { autorun: false, connection: live.as('worker', proxy) });
    await queue.add('job', 1);
    const lost = proxy.dropNextReply(scripts.log.sha);
    await worker.run({ burst: true });
    await lost;
    await worker.close();
    await queue.close();
    expect(await rows()).toContainEqual(expect.stringMatching(/:log$/));
  });

  test('a handler that notes on after its worker was closed holds nothing up, and is refused', async () => {
    const queue = live.queue();
    const refused: unknown[] = [];
    const over = { it: false };
    live.after(() => {
      over.it = true;
    });
    const worker = live.worker(async (job) => {
      while (!over.it && refused.length < 1_000)
        await job.log('x').catch((error: unknown) => refused.push(error));
    });
    const { id } = await queue.add('job', 1);
    await until(async () => (await queue.getJobLogs(id)).count > 0);
    await worker.close(true);
    await until(() => refused.length > 0);
    expect(refused.at(-1)).toMatchObject({ name: 'LeaseLostError' });
    over.it = true;
    const job = await queue.getJob(id);
    await queue.close();
    await expect(job?.log('x')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('are few, however much is noted', async () => {
    const queue = live.queue();
    const job = await queue.add('job', 1);
    for (let n = 0; n < 20; n += 1) await note(job);
    await job.log('x'.repeat(4_000));
    const stored = await live.redis.hgetall(`lunaq:{${live.name}}:calls`);
    const kinds = Object.keys(stored).map((row) => row.split(':')[1]);
    expect(new Set(kinds)).toEqual(new Set(['enqueue', 'log', 'progress']));
    for (const row of Object.values(stored)) expect(row.length).toBeLessThan(40);
  });
});
