// Shares of queues by weight, without queues.
import { expect, test } from 'vitest';
import { Shares } from '../../src/shares.js';

function queueOf(name: string): {
  name: string;
  hungry: boolean;
  failing: boolean;
  waiting: number;
  asking: number;
} {
  return { name, hungry: true, failing: false, waiting: 0, asking: 0 };
}

type Fake = ReturnType<typeof queueOf>;

function sharesOf(weights: Record<string, number>): { shares: Shares<Fake>; queues: Fake[] } {
  const shares = new Shares<Fake>();
  const queues = Object.keys(weights).map(queueOf);
  for (const queue of queues) shares.join(queue, weights[queue.name]!);
  return { shares, queues };
}

/** Starts `count` jobs of queues that all have some waiting. */
function starts(shares: Shares<Fake>, queues: Fake[], count: number): string {
  for (const queue of queues) queue.waiting = count;
  let order = '';
  for (let n = 0; n < count; n += 1) {
    const next = shares.next()!;
    shares.started(next);
    order += next.name;
  }
  for (const queue of queues) queue.waiting = 0;
  return order;
}

test('starts are spread evenly by weight, the first queue first', () => {
  const { shares, queues } = sharesOf({ a: 3, b: 1 });
  expect(starts(shares, queues, 8)).toBe('abaaabaa');
});

test('room is dealt in full, and as starts would follow', () => {
  const { shares, queues } = sharesOf({ a: 3, b: 1, c: 4 });
  const dealt = queues.map((queue) => shares.deal(queue, 80));
  expect(dealt).toEqual([30, 10, 40]);
  expect(queues.map((queue) => shares.deal(queue, 1))).toEqual([1, 0, 0]);
});

test('jobs that wait or are asked for count as had', () => {
  const { shares, queues } = sharesOf({ a: 1, b: 1 });
  queues[0]!.waiting = 3;
  queues[0]!.asking = 2;
  expect(queues.map((queue) => shares.deal(queue, 7))).toEqual([1, 6]);
});

test('a queue that is not hungry leaves its room to the others', () => {
  const { shares, queues } = sharesOf({ a: 3, b: 1 });
  queues[0]!.hungry = false;
  expect(queues.map((queue) => shares.deal(queue, 8))).toEqual([0, 8]);
});

test('one whose claims fail is dealt its room, and takes none of another', () => {
  const { shares, queues } = sharesOf({ a: 3, b: 1 });
  queues[0]!.failing = true;
  expect(queues.map((queue) => shares.deal(queue, 8))).toEqual([6, 8]);
});

test('a queue that was empty makes up for nothing', () => {
  const { shares, queues } = sharesOf({ a: 1, b: 1 });
  const [a, b] = queues as [Fake, Fake];
  starts(shares, [a], 100);
  shares.emptied(b);
  expect(starts(shares, [a, b], 6)).toBe('ababab');
});
