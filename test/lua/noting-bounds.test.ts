// What the largest calls that note on jobs cost Redis, on a machine that does other things too.
import { expect, test } from 'vitest';
import * as scripts from '../../src/scripts.js';
import type { Call } from '../../src/script.js';
import type { State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
/** Several times what they take when nobody disturbs. */
const limit = 15_000;

const ids = Array.from({ length: 256 }, (_, i) => `twelve-${String(i).padStart(5, '0')}`);
const rows = (value: string, count: number) =>
  Object.fromEntries(ids.slice(0, count).map((id) => [id, value]));
const numbered = { call: 'p:it', number: 1 };
const item = (id: string) => ({ id, token: 'L:8' });
const base: State = {
  meta: { schema: 1, token: 9 },
  jobs: rows('["n",1,1]', 256),
  active: rows('L:8', 256),
  held: { L: 256 },
  leases: { L: 'now+60000' },
};
const record = `["${'x'.repeat(1_048_000)}"]`;
const large: State = {
  ...base,
  jobs: rows(record, 16),
  active: rows('L:8', 16),
  held: { L: 16 },
  traits: rows(`{"size":${record.length}}`, 16),
};
const fullLogs: State = {
  ...base,
  logs: rows(`1000\n${`"${'x'.repeat(62)}"\n`.repeat(1_000)}`, 16),
};

const calls: [name: string, state: State, call: (queue: Bench) => Call][] = [
  [
    'the progress of 256 jobs',
    base,
    (queue) =>
      queue.call(scripts.progress, numbered, ids.map((id) => ({ ...item(id), value: '50' }))), // prettier-ignore
  ],
  [
    'the progress of 4 jobs, 64 KiB each',
    base,
    (queue) => {
      const value = `"${'x'.repeat(65_000)}"`;
      return queue.call(scripts.progress, numbered, ids.slice(0, 4).map((id) => ({ ...item(id), value }))); // prettier-ignore
    },
  ],
  [
    'a row for each of 16 full logs',
    fullLogs,
    (queue) => {
      const rest = { line: '"new"', keep: 1_000 };
      return queue.call(scripts.log, numbered, ids.slice(0, 16).map((id) => ({ ...item(id), ...rest }))); // prettier-ignore
    },
  ],
  [
    '16 rows for a full log',
    fullLogs,
    (queue) => {
      const row = { ...item(ids[0] ?? ''), line: '"new"', keep: 1_000 };
      return queue.call(
        scripts.log,
        numbered,
        Array.from({ length: 16 }, () => row),
      );
    },
  ],
  [
    '16 full logs, shortened to a row',
    fullLogs,
    (queue) => {
      const rest = { line: '', keep: 1 };
      return queue.call(scripts.log, numbered, ids.slice(0, 16).map((id) => ({ ...item(id), ...rest }))); // prettier-ignore
    },
  ],
  [
    'the metadata of 16 jobs of 1 MiB',
    large,
    (queue) => {
      const rest = { head: '', stamp: '', record: '', meta: '{}' };
      return queue.call(scripts.rewrite, numbered, ids.slice(0, 16).map((id) => ({ ...item(id), ...rest }))); // prettier-ignore
    },
  ],
  [
    'the data of a job of 1 MiB',
    large,
    (queue) =>
      queue.call(scripts.rewrite, numbered, [
        { ...item(ids[0] ?? ''), head: '', stamp: '', record, meta: '' },
      ]),
  ],
];

test.each(calls)('%s', { tags: ['timing'] }, async (_, state, call) => {
  const times: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const queue = await server.queue(state);
    await queue.redis.set(queue.keys.audience, '0');
    await server.redis.config('RESETSTAT');
    await queue.send(call(queue));
    const stats = await server.redis.info('commandstats');
    times.push(Number(/cmdstat_eval:.*?usec=(\d+)/.exec(stats)?.[1]));
  }
  expect(Math.min(...times)).toBeLessThan(limit);
});
