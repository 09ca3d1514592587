// Hostile values on their way through a job: as data, as results, as what handlers throw. They come out as they were, as JSON has them, or
// are refused with an error that says where; no neighbour notices.
import { expect, test } from 'vitest';
import { hostile, thrown } from '../helpers/hostile-values.js';
import { liveRedis } from '../helpers/live.js';

const live = liveRedis();

function drop(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

/** What JSON has of a value; undefined for nothing, a throw for what it can't have. */
function asJson(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text, drop) as unknown);
}

/** Same JSON, whatever the order of what is compared: deep lists are too deep for toEqual. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

test('as data: refused with its place, or the same again for the worker and for readers', async () => {
  const queue = live.queue({ limits: { dataBytes: 6 * 1024 * 1024 } });
  const given = new Map<string, unknown>();
  const refused: string[] = [];
  for (const [what, make] of hostile) {
    const value = make();
    const error = await queue.add('job', value, { jobId: what.replaceAll(/[{}]/g, '_') }).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    // How deep is too deep depends on the stack.
    if (error && what !== '10,000 levels')
      refused.push(`${what}: ${error.name}: ${error.message.slice(0, 60)}`);
    if (!error) given.set(what.replaceAll(/[{}]/g, '_'), asJson(make()));
  }
  expect(refused).toMatchInlineSnapshot(`
    [
      "NaN: RangeError: data: expected a finite number, got NaN",
      "Infinity: RangeError: data: expected a finite number, got Infinity",
      "5n: TypeError: data: expected what JSON can hold, got 5n",
      "a symbol: TypeError: data: expected what JSON can hold, got a symbol",
      "a function: TypeError: data: expected what JSON can hold, got a function",
      "a cycle: TypeError: data: can't be written as JSON: Converting circular structur",
      "a getter that throws: TypeError: data: can't be written as JSON: touched",
      "a toJSON that throws: TypeError: data: can't be written as JSON: touched",
      "a proxy that throws: TypeError: data: can't be written as JSON: touched",
      "a Map: TypeError: data: expected what JSON can hold, got a Map",
      "an invalid date: RangeError: data: expected a date, got an invalid one",
      "a promise: TypeError: data: expected what JSON can hold, got a Promise",
    ]
  `);
  const ran = new Map<string, unknown>();
  const worker = live.worker((job) => void ran.set(job.id, job.data), { autorun: false });
  await worker.run({ burst: true });
  const different: string[] = [];
  for (const [id, value] of given) {
    const stored = await queue.getJob(id);
    if (!same(ran.get(id), value) || !same(stored?.data, value)) different.push(id);
    if (Object.getPrototypeOf(stored?.data ?? {}) !== Object.getPrototypeOf(value ?? {})) different.push(`${id}: another prototype`); // prettier-ignore
  }
  expect(different).toEqual([]);
  expect(ran.size).toBe(given.size);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test('as results: kept as JSON has them, or the job fails and says why', async () => {
  const queue = live.queue<number>();
  const worker = live.worker<number>((job) => hostile[job.data]?.[1](), {
    autorun: false,
    limits: { resultBytes: 6 * 1024 * 1024 },
  });
  const jobs = await queue.addBulk(hostile.map((_, data) => ({ name: 'job', data })));
  await worker.run({ burst: true });
  const wrong: string[] = [];
  for (const [at, { id }] of jobs.entries()) {
    const [what, make] = hostile[at] as (typeof hostile)[number];
    const job = await queue.getJob(id);
    const reason = job?.failedReason;
    // What a promise resolves with is the result.
    const value = what === 'a promise' ? 1 : make();
    if (reason === undefined && !same(job?.returnvalue, asJson(value))) wrong.push(`${what}: another value`); // prettier-ignore
    if (reason !== undefined && !/^(returnvalue|touched)/.test(reason)) wrong.push(`${what}: ${reason}`); // prettier-ignore
  }
  expect(wrong).toEqual([]);
});

test('thrown by handlers: each job fails with a reason that is text, and no other', async () => {
  const queue = live.queue<number>();
  const told: unknown[] = [];
  const worker = live.worker<number>(
    (job) => {
      const value = thrown[job.data]?.[1]();
      if (job.name === 'bad') throw value;
      return 'fine';
    },
    { autorun: false, concurrency: 5 },
  );
  worker.on('failed', (_, error) => told.push(error));
  const jobs = await queue.addBulk(
    thrown.flatMap((_, data) => [{ name: 'bad', data }, { name: 'good', data }]), // prettier-ignore
  );
  await worker.run({ burst: true });
  const wrong: string[] = [];
  for (const { id, name, data } of jobs) {
    const [what] = thrown[data] as (typeof thrown)[number];
    const job = await queue.getJob(id);
    const state = await job?.getState();
    const [first] = job?.history ?? [];
    const text = `${first?.failedReason}${first?.stack}`;
    const wanted = name === 'good' ? 'completed' : what.startsWith('a DelayedError') ? 'delayed' : 'failed'; // prettier-ignore
    if (state !== wanted) wrong.push(`${what}: ${name} is ${state}`);
    if (text.length > 8_200 || !text.isWellFormed()) wrong.push(`${what}: ${text.length} characters`); // prettier-ignore
  }
  expect(wrong).toEqual([]);
  expect(told.every((error) => error instanceof Error && typeof error.message === 'string')).toBe(true); // prettier-ignore
});
