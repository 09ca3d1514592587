// Names, ids and data that break careless code: refused with a clear error, or told again exactly as they were.
import { describe, expect, test } from 'vitest';
import { Queue } from '../../src/queue.js';
import { Worker } from '../../src/worker.js';
import { liveRedis, until } from '../helpers/live.js';

const live = liveRedis();

const odd = [
  '__proto__',
  'constructor',
  'toString',
  '0',
  '-1',
  '1e3',
  '007',
  'NaN',
  'null',
  ' ',
  ' two  words ',
  'a:b',
  'ünïcödé 漢字 🦊',
  '%s *?[]^$',
  '\'quoted\' "twice" \\',
  '{"size":9999999}',
  'x'.repeat(256),
  'ü'.repeat(128),
];

test.each(odd)('%j is an id and a job name like any other', async (text) => {
  const queue = live.queue<string, string>();
  const seen: unknown[] = [];
  const worker = live.worker<string, string>(
    (job) => {
      seen.push([job.id, job.name, job.data]);
      if (job.attemptsMade === 0) throw new Error(text);
      return text;
    },
    { autorun: false },
  );
  const job = await queue.add(text, text, { jobId: text, attempts: 2 });
  expect(job.id).toBe(text);
  expect(await queue.add(text, 'again', { jobId: text })).toMatchObject({ duplicate: true });
  await worker.run({ burst: true });
  expect(seen).toEqual([[text, text, text], [text, text, text]]); // prettier-ignore
  expect(await queue.getJob(text)).toMatchObject({ id: text, name: text, returnvalue: text });
  await queue.retryJob(text);
  await queue.remove(text);
  expect(await queue.getJobState(text)).toBe('unknown');
});

test('an id that looks like a number stays the text that it is', async () => {
  const queue = live.queue();
  for (const jobId of ['1', '01', '1.0', '1e0', '12345678901234567', '12345678901234568'])
    await queue.add('job', {}, { jobId });
  expect((await queue.getJobs('waiting', { asc: true })).map(({ id }) => id)).toEqual([
    '1',
    '01',
    '1.0',
    '1e0',
    '12345678901234567',
    '12345678901234568',
  ]);
});

test.each(['q:1', ' ', '__proto__', '漢字', '*', 'x'.repeat(256)])(
  '%j is a queue name like any other',
  async (name) => {
    const queue = live.queue({ name });
    const worker = live.worker((job) => job.id, { name, autorun: false });
    const { id } = await queue.add('job', {});
    await worker.run({ burst: true });
    expect((await queue.getJob(id))?.returnvalue).toBe(id);
  },
);

describe('refused, with what was expected and what was given', () => {
  const texts: [unknown, RegExp][] = [
    ['', /expected 1 to 256 bytes, got 0/],
    ['x'.repeat(257), /expected 1 to 256 bytes, got 257/],
    ['ü'.repeat(129), /expected 1 to 256 bytes, got 258/],
    ['line\nbreak', /expected no control characters, got "line\\nbreak"/],
    ['nul\u0000', /expected no control characters/],
    ['escape\u001b[31m', /expected no control characters/],
    ['lone \ud800', /expected no control characters/],
    [7, /expected a string, got 7/],
    [null, /expected a string, got null/],
    [{}, /expected a string, got/],
    [Symbol('s'), /expected a string, got/],
    [Object.create(null), /expected a string, got/],
  ];

  test.each(texts)('%j as an id, a job name, a queue name, a prefix', async (given, message) => {
    const queue = live.queue();
    const text = given as string;
    await expect(queue.add('job', {}, { jobId: text })).rejects.toThrow(message);
    await expect(queue.add('job', {}, { jobId: text })).rejects.toThrow(/^jobId: /);
    await expect(queue.add(text, {})).rejects.toThrow(message);
    await expect(queue.getJob(text)).rejects.toThrow(message);
    await expect(queue.remove(text)).rejects.toThrow(/^id: /);
    const { connection } = live.server;
    expect(() => new Queue(text, { connection })).toThrow(message);
    expect(() => new Worker(text, () => 1, { connection })).toThrow(/^name: /);
    expect(() => new Queue('q', { connection, prefix: text })).toThrow(
      given === null ? /./ : /^prefix: /,
    );
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 0 });
  });

  test('braces in a queue name or prefix', () => {
    const { connection } = live.server;
    expect(() => new Queue('{q}', { connection })).toThrow(/^name: expected no braces, got "{q}"/);
    expect(() => new Queue('q', { connection, prefix: 'a}' })).toThrow(
      /^prefix: expected no braces/,
    );
  });
});

const values: [what: string, data: unknown][] = [
  ['17-digit integers as text', { id: '12345678901234567', n: '99999999999999999' }],
  ['17-digit integers', JSON.parse('[12345678901234567, 99999999999999984, -10000000000000002]')],
  ['large and small numbers', [0, -1, 2 ** 53, 1e300, 5e-324, 0.1, 1e21]],
  ['unicode', { 漢字: '🦊', é: '\u202e', nul: '\u0000', sep: '\u2028' }],
  ['lone surrogates', ['\ud800', 'a\udfffb']],
  ['deep nesting', JSON.parse('['.repeat(500) + ']'.repeat(500))],
  ['null', null],
  ['empty things', [{}, [], '', false, 0]],
  ['keys of prototypes', { constructor: 2, toString: 3, hasOwnProperty: null }],
  ['what looks like a record', ['name', { size: 1 }, 0, { lifo: true }]],
  ['lines', 'a\nb\r\nc\ttab'],
  ['64 KiB', 'ü'.repeat(32 * 1024)],
];

test.each(values)('%s: the worker is given what was added', async (_, data) => {
  const queue = live.queue();
  const given: unknown[] = [];
  live.worker((job) => {
    given.push(job.data);
    return job.data;
  });
  const { id } = await queue.add('job', data);
  await until(async () => (await queue.getJobState(id)) === 'completed');
  expect(given).toEqual([data]);
  const job = await queue.getJob(id);
  expect(job?.data).toEqual(data);
  expect(job?.returnvalue).toEqual(data);
  expect(Object.getPrototypeOf(given[0] ?? {})).toBe(Object.getPrototypeOf(data ?? {}));
});

test('members named __proto__ are left out wherever a job is read', async () => {
  const evil = JSON.parse(
    '{"a":[{"__proto__":{"admin":true}}],"__proto__":{"admin":true}}',
  ) as object;
  const queue = live.queue<object>();
  const given: object[] = [];
  const worker = live.worker<object>(
    async (job) => {
      given.push(job.data, job.meta);
      await job.updateProgress(evil);
      await job.updateMeta({ changed: evil });
      return evil;
    },
    { autorun: false },
  );
  const { id } = await queue.add('job', evil, { meta: { given: evil } });
  await worker.run({ burst: true });
  const job = await queue.getJob(id);
  const clean = { a: [{}] };
  const found = [...given, job?.progress, job?.meta, job?.returnvalue, job?.opts.meta];
  expect(JSON.stringify(found)).toBe(
    JSON.stringify([clean, { given: clean }, clean, { changed: clean }, clean, { given: clean }]),
  );
});

test('no data at all: the worker is given undefined', async () => {
  const queue = live.queue();
  const { id } = await queue.add('job', undefined);
  expect((await queue.getJob(id))?.data).toBe(undefined);
});

test('large records: a claim takes what fits, the rest is read afterwards, and all run', async () => {
  const queue = live.queue<{ n: number; text: string }>();
  const jobs = Array.from({ length: 100 }, (_, n) => ({
    name: 'job',
    data: { n, text: String(n).padEnd(64 * 1024, 'x') },
  }));
  await queue.addBulk(jobs);
  const given: number[] = [];
  live.worker<{ n: number; text: string }>(
    (job) => {
      if (job.data.text === jobs[job.data.n]?.data.text) given.push(job.data.n);
    },
    { concurrency: 100 },
  );
  await until(async () => (await queue.getJobCounts()).completed === 100);
  expect(given.toSorted((a, b) => a - b)).toEqual(jobs.map((_, n) => n));
  expect(await queue.getJobs('completed', { start: 0, end: 99 })).toHaveLength(100);
});

test.each([1, 10])(
  'LIFO jobs go first, the last one before all; others in order (%d added at once)',
  async (size) => {
    const queue = live.queue<string>();
    const order: string[] = [];
    const worker = live.worker<string>((job) => void order.push(job.data), { autorun: false });
    for (const kind of ['fifo', 'lifo'] as const) {
      const jobs = Array.from({ length: size }, (_, n) => ({
        name: 'job',
        data: `${kind}-${n}`,
        opts: { lifo: kind === 'lifo' },
      }));
      await queue.addBulk(jobs);
    }
    await worker.run({ burst: true });
    const numbers = Array.from({ length: size }, (_, n) => n);
    expect(order).toEqual([
      ...numbers.toReversed().map((n) => `lifo-${n}`),
      ...numbers.map((n) => `fifo-${n}`),
    ]);
  },
);

test('with concurrency 1, 1,000 jobs run in the order in which they were added', async () => {
  const queue = live.queue<number>();
  const order: number[] = [];
  live.worker<number>((job) => void order.push(job.data));
  await queue.addBulk(Array.from({ length: 1_000 }, (_, data) => ({ name: 'job', data })));
  await until(async () => (await queue.getJobCounts()).completed === 1_000, 15_000);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
}, 30_000);
