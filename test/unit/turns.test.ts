// Whose turn it is among queues, without queues.
import { describe, expect, test } from 'vitest';
import { queueKeys, type QueueKeys } from '../../src/keys.js';
import { Least } from '../../src/least.js';
import { Turns, type Claimant, type Claiming } from '../../src/turns.js';

const unknown = Number.POSITIVE_INFINITY;

/** A queue that has what the test says, of its claims, too. */
class Fake implements Claimant, Claiming {
  readonly keys: QueueKeys;
  readonly claims = this;
  hungry = false;
  failing = false;
  outdated = false;
  waiting = 0;
  asking = 0;
  left = unknown;

  constructor(readonly name: string) {
    this.keys = queueKeys(name);
  }

  startNext(): void {
    this.waiting -= 1;
  }

  askAgain(): void {
    this.hungry = true;
  }

  isBare(): void {}

  dueIn(): void {}

  kick(): void {
    // Nobody turns.
  }
}

/** Queues by weight, all hungry, or in order of preference. */
function turnsOf(of: Record<string, number> | string[]): { turns: Turns; queues: Fake[] } {
  const weighted = !Array.isArray(of);
  const turns = new Turns(weighted);
  const names = weighted ? Object.keys(of) : of;
  const queues = names.map((name) => new Fake(name));
  for (const queue of queues) turns.join(queue, weighted ? of[queue.name]! : 1);
  for (const queue of queues) set(turns, queue, { hungry: true });
  return { turns, queues };
}

function set(turns: Turns, queue: Fake, facts: Partial<Fake>): void {
  Object.assign(queue, facts);
  turns.noticed(queue);
}

/** Starts `count` jobs of queues that all have so many waiting. */
function starts(turns: Turns, queues: Fake[], count: number): string {
  for (const queue of queues) set(turns, queue, { waiting: count });
  let order = '';
  for (let n = 0; n < count; n += 1) {
    const before = queues.map(({ waiting }) => waiting);
    turns.startNext();
    order += queues.find(({ waiting }, at) => waiting < before[at]!)!.name;
  }
  for (const queue of queues) set(turns, queue, { waiting: 0 });
  return order;
}

function dealt(turns: Turns, queues: Fake[], room: number, ready = room): number[] {
  turns.deal(room, ready, 1);
  return queues.map((queue) => turns.share(queue));
}

describe('with weights', () => {
  test('starts are spread evenly by weight, the first queue first', () => {
    const { turns, queues } = turnsOf({ a: 3, b: 1 });
    expect(starts(turns, queues, 8)).toBe('abaaabaa');
  });

  test('room is dealt in full, and as starts would follow', () => {
    const { turns, queues } = turnsOf({ a: 3, b: 1, c: 4 });
    expect(dealt(turns, queues, 1)).toEqual([1, 0, 0]);
    expect(dealt(turns, queues, 80)).toEqual([30, 10, 40]);
    expect(turns.granted).toBe(80);
  });

  test('jobs that wait or are asked for count as had', () => {
    const { turns, queues } = turnsOf({ a: 1, b: 1 });
    set(turns, queues[0]!, { waiting: 3, asking: 2 });
    expect(dealt(turns, queues, 7)).toEqual([1, 6]);
    expect(turns.held).toBe(5);
  });

  test('a queue that is not hungry leaves its room to the others', () => {
    const { turns, queues } = turnsOf({ a: 3, b: 1 });
    set(turns, queues[0]!, { hungry: false });
    expect(dealt(turns, queues, 8)).toEqual([0, 8]);
  });

  test('one whose claims fail takes none of another, and tries again in its turn', () => {
    const { turns, queues } = turnsOf({ a: 3, b: 1, c: 1 });
    const [a, b] = queues as [Fake, Fake];
    set(turns, a, { failing: true });
    expect(dealt(turns, queues, 8)).toEqual([0, 4, 4]);
    set(turns, b, { failing: true });
    expect([1, 2, 3].map(() => turns.nextFailing())).toEqual([a, b, a]);
    expect(turns.mayTry(a)).toBe(true);
  });

  test('a queue that was empty makes up for nothing', () => {
    const { turns, queues } = turnsOf({ a: 1, b: 1 });
    const [a, b] = queues as [Fake, Fake];
    set(turns, b, { hungry: false });
    starts(turns, [a], 100);
    set(turns, b, { hungry: true });
    expect(starts(turns, [a, b], 6)).toMatch(/^(ba){3}$/);
  });

  test('no queue is dealt more than it is known to have', () => {
    const { turns, queues } = turnsOf({ a: 1, b: 1, c: 1 });
    for (const queue of queues.slice(0, 2)) set(turns, queue, { left: 2 });
    expect(dealt(turns, queues, 9)).toEqual([2, 2, 5]);
    set(turns, queues[2]!, { left: 3 });
    expect(dealt(turns, queues, 4)).toEqual([2, 1, 1]);
  });

  test('many with a backlog are dealt batches, and each its share in the end', () => {
    const { turns, queues } = turnsOf(
      Object.fromEntries('abcdefghij'.split('').map((name) => [name, 1])),
    );
    const had = new Map<Fake, number>();
    for (let round = 0; round < 50; round += 1) {
      for (const queue of turns.deal(20, 20, 10) as Fake[]) {
        const share = turns.share(queue);
        expect(share).toBeGreaterThanOrEqual(10);
        had.set(queue, (had.get(queue) ?? 0) + share);
        set(turns, queue, { asking: share });
        set(turns, queue, { asking: 0, waiting: share });
      }
      while (turns.startNext());
    }
    expect(queues.map((queue) => had.get(queue))).toEqual(queues.map(() => 100));
  });
});

describe('in order of preference', () => {
  test('the first that is hungry gets all, as far as is known that it has it', () => {
    const { turns, queues } = turnsOf(['a', 'b', 'c']);
    expect(dealt(turns, queues, 7)).toEqual([7, 0, 0]);
    set(turns, queues[0]!, { left: 3 });
    set(turns, queues[1]!, { left: 2 });
    expect(dealt(turns, queues, 6)).toEqual([3, 2, 1]);
    expect(dealt(turns, queues, 0)).toEqual([0, 0, 0]);
  });

  test('what has to wait for a slot is of the first alone', () => {
    const { turns, queues } = turnsOf(['a', 'b', 'c']);
    for (const queue of queues) set(turns, queue, { left: 3 });
    expect(dealt(turns, queues, 9, 5)).toEqual([3, 2, 0]);
    set(turns, queues[0]!, { asking: 3 });
    expect(dealt(turns, queues, 6, 2)).toEqual([0, 2, 0]);
    set(turns, queues[0]!, { asking: 0, hungry: false });
    expect(dealt(turns, queues, 6, 2)).toEqual([0, 3, 0]);
  });

  test('what others were dealt is taken back for one before them', () => {
    const { turns, queues } = turnsOf(['a', 'b']);
    set(turns, queues[0]!, { hungry: false });
    expect(dealt(turns, queues, 7)).toEqual([0, 7]);
    set(turns, queues[0]!, { hungry: true });
    expect(turns.granted).toBe(0);
    expect(dealt(turns, queues, 7)).toEqual([7, 0]);
  });

  test('what was asked for is dealt no more', () => {
    const { turns, queues } = turnsOf(['a', 'b']);
    turns.deal(7, 7, 1);
    set(turns, queues[0]!, { asking: 5 });
    expect(turns.granted).toBe(0);
    expect(turns.held).toBe(5);
    expect(dealt(turns, queues, 2)).toEqual([2, 0]);
    set(turns, queues[0]!, { asking: 0, waiting: 5, hungry: false });
    expect(dealt(turns, queues, 2)).toEqual([0, 2]);
  });

  test('a job of the first starts first', () => {
    const { turns, queues } = turnsOf(['a', 'b']);
    expect(starts(turns, queues, 4)).toBe('aaaa');
    expect(turns.startNext()).toBe(false);
  });

  test('quiet are those that would come before the one whose turn it is', () => {
    const { turns, queues } = turnsOf(['a', 'b', 'c', 'd']);
    const [a, b, , d] = queues as [Fake, Fake, Fake, Fake];
    expect(turns.anyQuiet).toBe(false);
    set(turns, a, { hungry: false });
    set(turns, d, { hungry: false });
    expect(turns.anyQuiet).toBe(true);
    expect(turns.quiet()).toEqual([a]);
    for (const queue of queues.slice(1, 3)) set(turns, queue, { left: 1 });
    turns.deal(9, 9, 1);
    expect(turns.quiet()).toEqual([a, d]);
    set(turns, b, { outdated: true, hungry: false });
    expect(turns.quiet()).toEqual([a, d]);
  });

  test('one whose claims fail waits for those before it only', () => {
    const { turns, queues } = turnsOf(['a', 'b', 'c']);
    set(turns, queues[1]!, { failing: true });
    expect(turns.mayTry(queues[1]!)).toBe(false);
    set(turns, queues[0]!, { hungry: false });
    expect(turns.mayTry(queues[1]!)).toBe(true);
    expect(dealt(turns, queues, 3)).toEqual([0, 0, 3]);
  });
});

test('the least of items whose ranks change at random is the first, the next one the second', () => {
  const items = Array.from({ length: 40 }, (_, index) => ({ index, rank: 0 }));
  const inside = new Set<(typeof items)[number]>();
  const least = new Least<(typeof items)[number]>(({ rank }) => rank);
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let step = 0; step < 5_000; step += 1) {
    const item = items[random(items.length)]!;
    item.rank = random(30);
    const stays = random(3) > 0;
    if (stays) inside.add(item);
    else inside.delete(item);
    least.set(item, stays);
    const sorted = [...inside].toSorted((a, b) => a.rank - b.rank || a.index - b.index);
    expect([least.first, least.second]).toEqual([sorted[0], sorted[1]]);
  }
});
