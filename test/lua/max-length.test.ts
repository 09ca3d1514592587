// What adds is bounded by the number of jobs that have not started: enqueue, schedule and defer alike.
import { describe, expect, test } from 'vitest';
import { defer, enqueue, schedule } from '../../src/scripts.js';
import { edge, expected, type State } from '../helpers/keyspace.js';
import { privateServer, type Bench } from '../helpers/scripts.js';

const server = privateServer();
const lease = 'l'.repeat(48);
const job = (id: string) => ({ id, record: `["${id}"]`, traits: '' });
const numbered = { call: 'p', number: 1, schema: 1 };

type Add = (queue: Bench, most: number, ids: readonly string[]) => Promise<unknown>;

const adding: Record<string, Add> = {
  enqueue: (queue, most, ids) =>
    queue.run(enqueue, { ...numbered, distinct: 0, most }, ids.map(job)),
  'enqueue of distinct ids': (queue, most, ids) =>
    queue.run(enqueue, { ...numbered, distinct: 1, most }, ids.map(job)),
  schedule: (queue, most, ids) =>
    queue.run(
      schedule,
      { ...numbered, most },
      ids.map((id) => ({ ...job(id), delay: 60_000 })),
    ),
  defer: (queue, most, ids) =>
    queue.run(
      defer,
      { ...numbered, most },
      ids.map((id) => ({ ...job(id), edges: edge(id, 'p'), outcomes: '', failure: '' })),
    ),
};

/** Six that have not started: two wait, one was lost with its worker, one is delayed, two are deferred. Four have. */
const ten = ['w1', 'w2', 'lost', 'later', 'd1', 'd2', 'running', 'done', 'bad', 'off'];
const some: State = {
  meta: { schema: 1 },
  jobs: Object.fromEntries(ten.map((id) => [id, `["${id}"]`])),
  waiting: ['w1', 'w2'],
  suspects: { lost: 'now-20000' },
  delayed: { later: 'now+90000' },
  deferred: { d1: 'now+20000', d2: 'now+20000' },
  active: { running: `${lease}:1` },
  completed: { done: 'now-20000' },
  failed: { bad: 'now-20000' },
  cancelled: { off: 'now-20000' },
};

describe.each(Object.entries(adding))('%s', (_, add) => {
  test('adds what there is room for, in order, and says full to the others', async () => {
    const queue = await server.queue(some);
    expect(await add(queue, 8, ['a', 'b', 'c', 'd'])).toEqual(['added', 'added', 'full', 'full']);
    const { jobs } = await queue.state();
    expect(Object.keys(jobs as object).toSorted()).toEqual([...ten, 'a', 'b'].toSorted());
  });

  test('of a full queue changes nothing but keeps its reply', async () => {
    const queue = await server.queue(some);
    expect(await add(queue, 6, ['a', 'b'])).toEqual(['full', 'full']);
    expect(await queue.state()).toEqual(expected(some, { calls: { p: '1 now full full' } }));
  });

  test('of more than that, too, should the limit have been lowered', async () => {
    const queue = await server.queue(some);
    expect(await add(queue, 1, ['a'])).toEqual(['full']);
  });

  test('calls an id that exists a duplicate, full or not, and takes no room for it', async () => {
    const queue = await server.queue(some);
    expect(await add(queue, 7, ['done', 'a', 'w1', 'b', 'a'])).toEqual(
      ['duplicate', 'added', 'duplicate', 'full', 'duplicate'],
    ); // prettier-ignore
  });

  test('fills a queue to the last place', async () => {
    const queue = await server.queue();
    expect(await add(queue, 3, ['a', 'b', 'c'])).toEqual(['added', 'added', 'added']);
  });

  test('answers a call that came twice as it was answered, although the queue is full now', async () => {
    const queue = await server.queue(some);
    expect(await add(queue, 7, ['a', 'b'])).toEqual(['added', 'full']);
    expect(await add(queue, 7, ['a', 'b'])).toEqual(['added', 'full']);
  });
});
