// After the last fault: waits until every job has ended, and helps those whose policy is to wait for better news.
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { queueKeys } from '../../src/keys.js';
import type { Book } from './book.js';
import type { Crew } from './crew.js';
import type { Ledger } from './ledger.js';
import { queues } from './load.js';

export interface DrainOptions {
  readonly redis: Redis;
  readonly crew: Crew;
  readonly ledger: Ledger;
  readonly book: Book;
  readonly signal: AbortSignal;
  /** ms without any change after which it is given up. */
  readonly patience: number;
}

/** ms without a change after which those that wait are helped. */
const calm = 1_000;

interface Left {
  readonly jobs: number;
  /** Deferred ids, by queue. */
  readonly deferred: readonly (readonly [queue: string, ids: readonly string[]])[];
  readonly text: string;
}

async function leftIn(redis: Redis): Promise<Left> {
  let jobs = 0;
  const deferred: [string, string[]][] = [];
  const numbers: string[] = [];
  for (const queue of queues) {
    const keys = queueKeys(queue);
    const ended = [keys.completed, keys.failed, keys.cancelled].map((key) => redis.zcard(key));
    const [stored, ...done] = await Promise.all([redis.hlen(keys.jobs), ...ended]);
    const open = stored - done.reduce((sum, count) => sum + count, 0);
    jobs += open;
    deferred.push([queue, await redis.zrange(keys.deferred, '0', '-1')]);
    numbers.push(`${queue} ${open}`, done.join(' '));
  }
  return { jobs, deferred, text: numbers.join(', ') };
}

/** Resolves to whether all have ended. */
export async function drain(options: DrainOptions): Promise<boolean> {
  const { redis, ledger, signal, patience } = options;
  let text = '';
  let since = performance.now();
  let relieved = since;
  while (!signal.aborted) {
    const left = await leftIn(redis);
    const now = performance.now();
    if (left.jobs === 0) return true;
    if (left.text !== text) since = now;
    ({ text } = left);
    const waiting = left.deferred.reduce((sum, [, ids]) => sum + ids.length, 0);
    if (now - since > patience) return false;
    if (waiting === left.jobs && now - since > calm && now - relieved > calm) {
      await ledger.haveMercy();
      await relieveAll(options, left);
      relieved = performance.now();
    }
    await pause(100, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/**
 * Parents that ended badly are run again, their own parents first: a job whose parents have failed can't be. Nor can one whose parents are gone
 * by their retention: who waits for it waits in vain, and is cancelled.
 */
async function relieveAll({ redis, crew, book }: DrainOptions, { deferred }: Left): Promise<void> {
  /** Jobs that were asked for, and whether that was in vain. */
  const asked = new Map<string, boolean>();
  const runAgain = async (name: string): Promise<boolean> => {
    const before = asked.get(name);
    if (before !== undefined) return before;
    if ((await stateOf(redis, name)) !== 'ended badly') return false;
    const parents = book.entries.get(name)?.plan.parents ?? [];
    let vain = false;
    for (const parent of parents) vain = (await runAgain(parent)) || vain;
    // It would wait in vain itself.
    if (vain && book.entries.get(name)?.plan.opts.onParentFailure === 'wait') {
      asked.set(name, true);
      return true;
    }
    const code = await crew.ask({ kind: 'requeue', job: name });
    const states = await Promise.all(parents.map((parent) => stateOf(redis, parent)));
    vain ||= states.every((state) => state === 'completed');
    asked.set(name, vain && code === 'PARENT_FAILED');
    return vain && code === 'PARENT_FAILED';
  };
  for (const [queue, ids] of deferred)
    for (const id of ids)
      for (const parent of book.entries.get(`${queue}/${id}`)?.plan.parents ?? [])
        if (await runAgain(parent)) await crew.ask({ kind: 'cancel', job: `${queue}/${id}` });
}

async function stateOf(redis: Redis, name: string): Promise<'completed' | 'ended badly' | 'open'> {
  const at = name.indexOf('/');
  const [keys, id] = [queueKeys(name.slice(0, at)), name.slice(at + 1)];
  if ((await redis.hexists(keys.jobs, id)) === 0) return 'completed';
  if ((await redis.zscore(keys.completed, id)) !== null) return 'completed';
  const badly = await Promise.all(
    [keys.failed, keys.cancelled].map((key) => redis.zscore(key, id)),
  );
  return badly.some((score) => score !== null) ? 'ended badly' : 'open';
}
