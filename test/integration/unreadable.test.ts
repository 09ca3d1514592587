// What is stored of one job and is not what Lunaq writes, in every column, before every reader: it is told as UNREADABLE or passed over,
// that job fails at worst, and its neighbours are claimed, read and told as ever.
import { describe, expect, test } from 'vitest';
import { QueueError } from '../../src/errors.js';
import { checkQueue } from '../../src/index.js';
import { columns, queueKeys } from '../../src/keys.js';
import type { Queue } from '../../src/queue.js';
import { edge, seed } from '../helpers/keyspace.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

const record = '["job",{"n":1},1700000000000]';
const outcome = '{"returnvalue":{"n":1},"processedOn":1700000000000}';
const failure = '{"failedReason":"no luck","stack":"Error: no luck"}';

const texts: readonly string[] = [
  '',
  '{"a":',
  'null',
  '5',
  '"text"',
  '[]',
  '{}',
  '[5,{},1]',
  '["job",{}',
  '["job",{},1700000000000]\n{"torn',
  '\u0000\u0001\u007f',
  '{"failedReason":5}',
  '{"failedReason":"r","stack":7}',
  '{"__proto__":{"polluted":true}}',
  '9'.repeat(40),
  '-1',
  'x'.repeat(70_000),
];
const options = [
  '5',
  '"x"',
  '[]',
  '{"attempts":"many"}',
  '{"backoff":null,"attempts":3}',
  '{"backoff":["x"],"attempts":3}',
  '{"backoff":{"type":5},"attempts":3}',
  '{"timeout":"soon"}',
  '{"removeOnComplete":{"age":"x"}}',
  '{"removeOnFail":{"count":{}}}',
  '{"dependsOn":5}',
  '{"dependsOn":[null]}',
  '{"meta":5}',
  '{"keepLogs":"all"}',
].map((opts) => `["job",{},1700000000000,${opts}]`);

const binary = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28]);
const harms: [column: string, values: readonly (string | Buffer)[]][] = columns.map((column) => [
  column,
  [...texts, ...(column === 'jobs' ? options : []), binary],
]);

/** Whatever comes of it: what was asked for, or an error that says which job can't be read. */
async function readable(reading: Promise<unknown>, id: string | RegExp): Promise<void> {
  const error = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown as QueueError,
  );
  if (!error) return;
  const named = typeof id === 'string' ? error.ids[0] === id : id.test(error.ids[0] ?? '');
  if (error instanceof QueueError && error.code === 'UNREADABLE' && named) return;
  throw error;
}

async function readAll(queue: Queue, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const job = await queue.getJob(id).catch(() => undefined);
    await readable(queue.getJob(id), id);
    await readable(queue.getJobLogs(id), id);
    await queue.getJobState(id);
    await queue.getJobPosition(id);
    if (job) await readable(job.parents(), id);
  }
}

describe.each(harms)('%s', (column, values) => {
  test('of jobs that wait: each fails or runs, and those between them run', async () => {
    const queue = live.queue();
    const reported: Error[] = [];
    queue.on('error', (error) => reported.push(error));
    const keys = queueKeys(live.name, 'lunaq');
    const bad = values.map((_, n) => `bad-${n}`);
    const good = values.map((_, n) => `good-${n}`);
    const all = values.flatMap((_, n) => [`bad-${n}`, `good-${n}`]);
    await seed(live.redis, keys, {
      meta: { schema: 1 },
      jobs: Object.fromEntries(all.map((id) => [id, record])),
      waiting: all,
      wake: ['1'],
    });
    for (const [n, value] of values.entries()) await live.redis.hset(keys[column as 'jobs'], `bad-${n}`, value); // prettier-ignore
    await readAll(queue, bad.slice(0, 3));
    const page = await queue.getJobs('waiting', { start: 0, end: all.length });
    const seen = new Set(page.map(({ id }) => id as string));
    expect(good.filter((id) => !seen.has(id))).toEqual([]);
    const told = new Set(reported.flatMap((error) => (error as QueueError).ids));
    expect(bad.filter((id) => !seen.has(id) && !told.has(id))).toEqual([]);

    const troubles: Error[] = [];
    const worker = live.worker((job) => job.name, { autorun: false, concurrency: 10 });
    worker.on('error', (error) => troubles.push(error));
    await worker.run({ burst: true });
    expect(troubles).toEqual([]);
    for (const id of good) expect(await queue.getJobState(id)).toBe('completed');
    for (const id of bad) expect(await queue.getJobState(id)).toMatch(/^(completed|failed|unknown)$/); // prettier-ignore
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 0, active: 0, delayed: 0 });
    await queue.obliterate();
  });

  test.each(column === 'failures' ? (['failed', 'cancelled'] as const) : (['completed'] as const))(
    'of %s jobs: readers say so, or pass over them',
    async (state) => {
      const queue = live.queue();
      const reported: Error[] = [];
      queue.on('error', (error) => reported.push(error));
      const keys = queueKeys(live.name, 'lunaq');
      const bad = values.map((_, n) => `bad-${n}`);
      const all = [...bad, 'good'];
      const ofAll = <Value>(value: Value) => Object.fromEntries(all.map((id) => [id, value]));
      const child = '["job",{},1700000000000]';
      await seed(live.redis, keys, {
        meta: { schema: 1 },
        jobs: { ...ofAll(record), child },
        ...(state === 'completed'
          ? { results: ofAll(outcome) }
          : { failures: ofAll(`${failure}\n`) }),
        progress: ofAll('50'),
        logs: ofAll('0001\n"a row"\n'),
        [state]: ofAll(1_700_000_000_000),
        deferred: { child: 'now+60000' },
        awaiting: { [`child\t${edge(`${live.name}/child`, `${live.name}/good`)}`]: 0 },
        outcomes: { child: bad.map((id) => `${live.name}\t${id}\tcompleted\t\n`).join('') },
      });
      for (const [n, value] of values.entries()) await live.redis.hset(keys[column as 'jobs'], `bad-${n}`, value); // prettier-ignore

      await readAll(queue, [...bad, 'good']);
      await readable((await queue.getJob('child'))?.parents() ?? Promise.resolve(), /^bad-/);
      const good = await queue.getJob('good');
      expect(good).toMatchObject({ id: 'good', data: { n: 1 }, progress: 50 });
      const page = new Set<string>((await queue.getJobs(state)).map(({ id }) => id));
      expect(page).toContain('good');
      const told = new Set(reported.flatMap((error) => (error as QueueError).ids));
      expect(bad.filter((id) => !page.has(id) && !told.has(id))).toEqual([]);
      const scanned = new Set<string>();
      for await (const { id } of queue.scan(state)) scanned.add(id);
      expect(scanned).toEqual(page);
      if (state === 'completed') {
        const result = await good?.waitUntilFinished({ timeout: 5_000 });
        if (JSON.stringify(result) !== '{"n":1}') throw new Error('good has another result');
        for (const id of bad) {
          const job = await queue.getJob(id).catch(() => undefined);
          if (job) await readable(job.waitUntilFinished({ timeout: 5_000 }), id);
        }
      }
      const { connection } = live.server;
      const report = await checkQueue(live.name, { connection, recheckAfter: 0, records: true });
      expect(report.queue).toBe(live.name);
      await queue.obliterate({ force: true });
    },
  );
});

test('a waiter for a job whose result is torn is told so while it waits, and others hear theirs', async () => {
  const queue = live.queue();
  const keys = queueKeys(live.name, 'lunaq');
  const torn = await queue.add('job', {}, { jobId: 'torn' });
  const fine = await queue.add('job', {}, { jobId: 'fine' });
  const heard = Promise.allSettled([torn.waitUntilFinished(), fine.waitUntilFinished()]);
  const worker = live.worker(() => 'done', { autorun: false });
  await until(async () => (await live.redis.hlen(keys.watched)) === 2);
  // As complete would have written it, had it been broken off.
  await live.redis
    .multi()
    .lrem(keys.waiting, 1, 'torn')
    .zadd(keys.completed, Date.now(), 'torn')
    .hset(keys.results, 'torn', '{"returnvalue":')
    .exec();
  await worker.run({ burst: true });
  expect(await heard).toMatchObject([
    { reason: { code: 'UNREADABLE', ids: ['torn'] } },
    { value: 'done' },
  ]);
});
