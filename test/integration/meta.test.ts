// What belongs to a job beside its data, and its data changed by its handler: in every later run, and for everybody who looks.
import { describe, expect, test } from 'vitest';
import type { Job, JobMeta } from '../../src/index.js';
import { liveRedis, pause, until } from '../helpers/live.js';
import { rejection } from '../helpers/rejection.js';

const live = liveRedis();

test('a job has the description and the metadata it was added with', async () => {
  const queue = live.queue();
  const meta = { user: 7, tags: ['a', 'b'] };
  const added = await queue.add('job', 1, { description: 'Says hello', meta });
  const plain = await queue.add('job', 1);
  for (const job of [added, await queue.getJob(added.id)])
    expect(job).toMatchObject({ description: 'Says hello', meta });
  for (const job of [plain, await queue.getJob(plain.id)])
    expect([job?.description, job?.meta]).toEqual([undefined, {}]);
});

test('a handler changes the metadata for its later runs, and for who looks', async () => {
  const queue = live.queue();
  const seen: JobMeta[] = [];
  const worker = live.worker(
    async (job) => {
      seen.push(job.meta);
      await job.updateMeta({ ...job.meta, page: seen.length });
      expect(job.meta).toMatchObject({ page: seen.length });
      if (seen.length < 3) throw new Error('wrong');
    },
    { autorun: false },
  );
  const job = await queue.add('job', 1, { attempts: 2, meta: { user: 7 } });
  await worker.run({ burst: true });
  await job.retry();
  await worker.run({ burst: true });
  expect(seen).toEqual([{ user: 7 }, { user: 7, page: 1 }, { user: 7, page: 2 }]);
  const stored = await queue.getJob(job.id);
  expect(stored?.meta).toEqual({ user: 7, page: 3 });
  expect(stored?.opts.meta).toEqual({ user: 7 });
});

test('metadata may be changed in place and saved', async () => {
  const queue = live.queue();
  const meta = { n: 1 };
  const job = await queue.add('job', 1, { meta });
  job.meta['n'] = 2;
  await job.updateMeta(job.meta);
  expect(await queue.getJob(job.id)).toMatchObject({ meta: { n: 2 } });
  expect(meta).toEqual({ n: 1 });
});

test('a handler changes the data for its later runs; name, time and options stay', async () => {
  const queue = live.queue<{ left: number[] }>();
  const seen: number[][] = [];
  const worker = live.worker<{ left: number[] }>(
    async (job) => {
      seen.push(job.data.left);
      await job.updateData({ left: job.data.left.slice(1) });
      expect(job.data.left).toHaveLength(3 - seen.length);
      if (job.data.left.length > 0) throw new Error('wrong');
    },
    { autorun: false },
  );
  const options = { attempts: 9, lifo: true, description: 'x', meta: { a: 1 } };
  const job = await queue.add('job', { left: [1, 2, 3] }, options);
  await worker.run({ burst: true });
  expect(seen).toEqual([[1, 2, 3], [2, 3], [3]]);
  const stored = await queue.getJob(job.id);
  expect(stored).toMatchObject({ name: 'job', timestamp: job.timestamp, data: { left: [] } });
  expect(stored?.opts).toEqual(options);
});

test('neither data nor metadata is lost when the other changes', async () => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  const other = await queue.getJob(job.id);
  await job.updateData('two');
  await other?.updateMeta({ by: 'other' });
  await job.updateData('three');
  expect(await queue.getJob(job.id)).toMatchObject({ data: 'three', meta: { by: 'other' } });
  await Promise.all([
    job.updateMeta({ n: 1 }),
    job.updateData(undefined),
    job.updateMeta({ n: 2 }),
  ]);
  const stored = await queue.getJob(job.id);
  expect([stored?.data, stored?.meta]).toEqual([undefined, { n: 2 }]);
});

test('data that grows and shrinks past the limits of claims runs as ever', async () => {
  const queue = live.queue<string>();
  const lengths: number[] = [];
  const worker = live.worker<string>((job) => lengths.push(job.data.length), {
    autorun: false,
    concurrency: 8,
  });
  const jobs = await queue.addBulk(
    Array.from({ length: 6 }, (_, n) => ({ name: 'job', data: n < 3 ? 'x' : 'x'.repeat(2_000) })),
  );
  for (const job of jobs.slice(0, 3)) await job.updateData('x'.repeat(200_000));
  for (const job of jobs.slice(3)) await job.updateData('x');
  for (const job of jobs) await job.updateMeta({ text: 'x'.repeat(900) });
  expect(await live.violations()).toEqual([]);
  await worker.run({ burst: true });
  expect(lengths.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 200_000, 200_000, 200_000]);
});

test('a child keeps its parents when its data changes', async () => {
  const queue = live.queue<number>();
  const parent = await queue.add('parent', 1);
  const child = await queue.add('child', 1, { dependsOn: [parent] });
  await child.updateData(2);
  const stored = await queue.getJob(child.id);
  expect(await stored?.parents()).toMatchObject([{ id: parent.id, blocking: true }]);
  const worker = live.worker<number>(({ data }) => data, { autorun: false });
  await worker.run({ burst: true });
  expect(await queue.getJob(child.id)).toMatchObject({ returnvalue: 2 });
});

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

test.each<[string, unknown, RegExp]>([
  ['null', null, /^meta: expected an object, got null/],
  ['text', '{}', /^meta: expected an object, got "{}"/],
  ['a list', [], /^meta: expected an object/],
  ['a map', new Map([[1, 2]]), /^meta: expected an object/],
  ['a date', new Date(0), /^meta: expected an object/],
  ['what becomes text', { toJSON: () => 'x' }, /^meta: expected an object, got one with toJSON/],
  ['a cycle', cyclic, /^meta: can't be written as JSON/],
  ['a BigInt inside', { n: 5n }, /^meta.n: expected what JSON can hold, got 5/],
])('metadata: %s is refused, by the option too, and nothing changes', async (_, meta, message) => {
  const queue = live.queue();
  await expect(queue.add('job', 1, { meta: meta as JobMeta })).rejects.toThrow(message);
  const job = await queue.add('job', 1, { meta: { n: 1 } });
  const error = (await rejection(job.updateMeta(meta as JobMeta))) as Error;
  expect([error.name, error.message]).toEqual(['TypeError', expect.stringMatching(message)]);
  expect(job.meta).toEqual({ n: 1 });
  expect(await queue.getJob(job.id)).toMatchObject({ meta: { n: 1 } });
});

test.each<JobMeta>([
  {},
  { '': '' },
  { 'a\nb': 'c\r\n\t\u0000', lone: '\ud800', line: '\u2028' },
  { nested: [{ deep: [null, false, 0] }], '"size":9': '{"size":9,' },
  { constructor: 2 },
])('metadata %j is told as it is', async (meta) => {
  const queue = live.queue();
  const job = await queue.add('job', { x: ']' });
  await job.updateMeta(meta);
  const stored = await queue.getJob(job.id);
  expect(JSON.stringify(stored?.meta)).toBe(JSON.stringify(meta));
  expect(stored?.data).toEqual({ x: ']' });
});

test('more than 64 KiB of metadata are too large, 64 KiB are not; data has its limit', async () => {
  const queue = live.queue();
  const job = await queue.add('job', 1);
  const most = 64 * 1024 - '{"x":""}'.length;
  await job.updateMeta({ x: 'x'.repeat(most) });
  const large = { x: 'x'.repeat(most + 1) };
  await expect(job.updateMeta(large)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  await expect(queue.add('job', 1, { meta: large })).rejects.toThrow(/^meta: expected at most 65536 bytes/); // prettier-ignore
  await expect(job.updateData('x'.repeat(1024 * 1024))).rejects.toMatchObject({ code: 'TOO_LARGE' }); // prettier-ignore
  await expect(job.updateData(cyclic)).rejects.toThrow(/can't be written as JSON/);
  expect(job.data).toBe(1);
});

describe('who may change it', () => {
  test('a handler whose job was handed back may not, whoever has it now', async () => {
    const queue = live.queue<number>();
    const running: Job<number>[] = [];
    const handler = async (job: Job<number>): Promise<void> => {
      running.push(job);
      await new Promise(() => undefined);
    };
    const first = live.worker<number>(handler);
    const { id } = await queue.add('job', 1);
    await until(() => running.length === 1);
    await first.close(true);
    const stale = running[0] as Job<number>;
    live.worker<number>(handler);
    await until(() => running.length === 2);
    const refused = [
      stale.updateProgress(5),
      stale.log('x'),
      stale.clearLogs(),
      stale.updateMeta({ by: 'stale' }),
      stale.updateData(2),
    ];
    for (const error of await Promise.all(refused.map(rejection)))
      expect(error).toMatchObject({ name: 'LeaseLostError' });
    expect(await queue.getJob(id)).toMatchObject({ data: 1, meta: {}, progress: 0 });
    expect(await queue.getJobLogs(id)).toEqual({ logs: [], count: 0 });
  });
});

test('an old job object changes no later job of the same id', async () => {
  const queue = live.queue<number>();
  const old = await queue.add('first', 1, { jobId: 'x', attempts: 5 });
  await old.remove();
  await pause(2);
  await queue.add('second', 2, { jobId: 'x' });
  await expect(old.updateData(3)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  await expect(old.updateMeta({ a: 1 })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  expect(await queue.getJob('x')).toMatchObject({ name: 'second', data: 2, meta: {} });
});
