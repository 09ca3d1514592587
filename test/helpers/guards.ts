// Tests that several scripts share: of numbered calls, and of settles, whose guard is the token.
import { describe, expect, test } from 'vitest';
import type { Script } from '../../src/script.js';
import type { SettleWord } from '../../src/scripts.js';
import { edge, expected, type State } from './keyspace.js';
import { hearing, type Bench, type BenchServer, type Plain } from './scripts.js';

type Values = Record<string, string | number>;
type Numbered = { call: string; number: number };

/** How a numbered script meets repetitions of its calls. `args` are those of call number 7 of caller p. */
export function testNumbered<Args extends Values & Numbered, Each extends Values, Reply>(
  server: BenchServer,
  script: Script<Args, Each, Reply>,
  before: State,
  args: Plain<Args>,
  items: readonly Plain<Each>[],
  /** Reply to a call older than the last, as the catalogue reads it. */
  stale: unknown,
): void {
  const numbered = (number: number) => ({ ...args, number });

  describe('a call that is sent again', () => {
    test('does nothing and gets the same reply', async () => {
      const queue = await server.queue(before);
      const reply = await queue.run(script, numbered(7), items);
      const after = await queue.stored();
      expect(await queue.run(script, numbered(7), items)).toEqual(reply);
      expect(await queue.stored()).toEqual(after);
    });

    test('does nothing and is stale once a newer one was answered', async () => {
      const queue = await server.queue(before);
      await queue.run(script, numbered(10), items);
      const after = await queue.stored();
      expect(await queue.run(script, numbered(7), items)).toEqual(stale);
      expect(await queue.run(script, numbered(9), items)).toEqual(stale);
      expect(await queue.stored()).toEqual(after);
    });

    test('is told from the same number of another caller', async () => {
      const other = { ...before.calls, 'other:it': '7 now other' };
      const queue = await server.queue({ ...before, calls: other });
      await queue.run(script, numbered(7), items);
      expect(await queue.state()).toHaveProperty('calls', {
        ...(expected({ calls: other })['calls'] as object),
        [args.call]: expect.stringMatching(/^7 now /) as string,
      });
    });
  });
}

type Claimed = { id: string; token: string };

const active: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]' },
  active: { a: 'L:8', b: 'M:9' },
  held: { L: 1, M: 1 },
  leases: { L: 'now+30000', M: 'now+30000' },
};

/** How a settle meets tokens that don't fit. `rest` are the other fields of an element. */
export function testSettle<Args extends Values, Each extends Values & Claimed>(
  server: BenchServer,
  script: Script<Args, Each, readonly SettleWord[]>,
  args: Plain<Args>,
  rest: Omit<Plain<Each>, 'id' | 'token'>,
): void {
  const item = (id: string, token: string) => ({ ...rest, id, token }) as unknown as Plain<Each>;

  describe('a job that is not held under the token shown', () => {
    test.each([
      ['was claimed again under the same lease', 'a', 'L:9'],
      ['was claimed again under another lease', 'a', 'M:8'],
      ['is shown with the beginning of its token', 'a', 'L'],
      ['is shown with more than its token', 'a', 'L:8!'],
      ['is not active', 'c', 'L:8'],
    ])('is lost, and nothing changes, when it %s', async (_, id, token) => {
      const queue = await server.queue(active);
      expect(await queue.run(script, args, [item(id, token)])).toEqual(['lost']);
      expect(await queue.state()).toEqual(expected(active));
    });

    test('does not touch its neighbours', async () => {
      const one = await server.queue(active);
      expect(await one.run(script, args, [item('a', 'L:8')])).toEqual(['settled']);
      const three = await server.queue(active);
      const items = [item('c', 'L:8'), item('a', 'L:8'), item('b', 'M:8')];
      expect(await three.run(script, args, items)).toEqual(['lost', 'settled', 'lost']);
      expect(await three.state()).toEqual(await one.state());
    });
  });

  test('a job that stands twice in a batch is settled once', async () => {
    const once = await server.queue(active);
    await once.run(script, args, [item('a', 'L:8')]);
    const queue = await server.queue(active);
    const twice = [item('a', 'L:8'), item('a', 'L:8')];
    expect(await queue.run(script, args, twice)).toEqual(['settled', 'lost']);
    expect(await queue.state()).toEqual(await once.state());
  });

  test('the same call sent twice settles once', async () => {
    const queue = await server.queue(active);
    const items = [item('a', 'L:8'), item('b', 'M:9')];
    expect(await queue.run(script, args, items)).toEqual(['settled', 'settled']);
    const after = await queue.stored();
    expect(await queue.run(script, args, items)).toEqual(['lost', 'lost']);
    expect(await queue.stored()).toEqual(after);
  });

  test('a lease that is dead or gone may still settle what reclaim has not taken', async () => {
    const queue = await server.queue({ ...active, leases: { L: 0 } });
    const items = [item('a', 'L:8'), item('b', 'M:9')];
    expect(await queue.run(script, args, items)).toEqual(['settled', 'settled']);
    expect(await queue.state()).not.toHaveProperty('held');
  });

  test.each(['odd', '', '1.5', '9'.repeat(40)])(
    'that nobody can read how many jobs a lease holds does not matter: %j',
    async (count) => {
      const calm = await server.queue({ ...active, held: { L: 5, M: 5 } });
      const torn = await server.queue({ ...active, held: { L: count, M: count } });
      const items = [item('a', 'L:8'), item('b', 'M:9')];
      for (const queue of [calm, torn])
        expect(await queue.run(script, args, items)).toEqual(['settled', 'settled']);
      const { held: _, ...settled } = await calm.state();
      expect(await torn.state()).toEqual({ ...settled, held: { L: count, M: count } });
    },
  );

  test('a newer schema does not matter', async () => {
    const newer = { ...active, meta: { schema: 99, token: 9 } };
    const queue = await server.queue(newer);
    expect(await queue.run(script, args, [item('a', 'L:8')])).toEqual(['settled']);
    expect(await queue.state()).toHaveProperty('meta', { schema: '99', token: '9' });
  });
}

const asked: State = {
  ...active,
  active: { a: 'L:8!cancelled', b: 'M:9' },
  stopping: { 'L\ta': 0 },
  failures: { a: '{"failedReason":"why"}\n' },
};

type Settle<Args extends Values, Each extends Values & Claimed> = [
  server: BenchServer,
  script: Script<Args, Each, readonly SettleWord[]>,
  args: Plain<Args>,
  rest: Omit<Plain<Each>, 'id' | 'token'>,
];

/** How a settle meets tokens that don't fit those of jobs that were asked to stop. */
function testAsked<Args extends Values, Each extends Values & Claimed>(
  ...[server, script, args, rest]: Settle<Args, Each>
): void {
  test.each([
    ['a longer number', 'L:80'],
    ['the beginning of its number', 'L:'],
    ['another lease', 'M:8'],
    ['the word behind it', 'L:8!cancelled!'],
  ])('a job that was asked to stop is lost, and nothing changes, with %s', async (_, token) => {
    const queue = await server.queue(asked);
    const items = [{ ...rest, id: 'a', token } as unknown as Plain<Each>];
    expect(await queue.run(script, args, items)).toEqual(['lost']);
    expect(await queue.state()).toEqual(expected(asked));
  });
}

/** How a settle that ends jobs meets one that was asked to stop. */
export function testAskedEnds<Args extends Values, Each extends Values & Claimed>(
  ...[server, script, args, rest]: Settle<Args, Each>
): void {
  testAsked(server, script, args, rest);

  test('a job that was asked to stop leaves active and stopping, once', async () => {
    const queue = await server.queue(asked);
    const item = { ...rest, id: 'a', token: 'L:8' } as unknown as Plain<Each>;
    expect(await queue.run(script, args, [item, item])).toEqual(['settled', 'lost']);
    const after = await queue.state();
    expect(after).toMatchObject({ active: { b: 'M:9' }, held: { M: '1' } });
    expect(after).not.toHaveProperty('stopping');
    expect(await queue.run(script, args, [item, item])).toEqual(['lost', 'lost']);
    expect(await queue.state()).toEqual(after);
  });
}

/** How a settle after which a job goes on meets one that was asked to stop. */
export function testAskedStays<Args extends Values, Each extends Values & Claimed>(
  ...[server, script, args, rest]: Settle<Args, Each>
): void {
  testAsked(server, script, args, rest);

  test('a job that was asked to stop stays for stop, and its neighbour is settled', async () => {
    const a = { ...rest, id: 'a', token: 'L:8' } as unknown as Plain<Each>;
    const b = { ...rest, id: 'b', token: 'M:9' } as unknown as Plain<Each>;
    const one = await server.queue(asked);
    await one.run(script, args, [b]);
    const queue = await server.queue(asked);
    const words = ['stopping', 'stopping', 'settled'];
    expect(await queue.run(script, args, [a, a, b])).toEqual(words);
    expect(await queue.state()).toEqual(await one.state());
    expect(await queue.state()).toMatchObject({
      active: { a: 'L:8!cancelled' },
      stopping: { 'L\ta': 0 },
      held: { L: '1' },
    });
  });
}

const ending: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]' },
  active: { a: 'L:8', b: 'L:9' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
};
const parent: State = {
  ...ending,
  watched: { a: 'parent' },
  dependents: { [`a\t${edge('r/k', 'a')}`]: 0 },
};
const awaited: State = { ...ending, watched: { a: 'awaited' } };

/** How long a job stays that a settle ends. `end` settles a job of the lease L, token L:8. */
export function testRetention(
  server: BenchServer,
  state: 'completed' | 'failed' | 'cancelled',
  /** What dependents are told. */
  fate: string,
  end: (queue: Bench, age: string, id: string) => Promise<readonly SettleWord[]>,
): void {
  /** The parts of the key space that tell how long it stays; those that are not there are undefined. */
  async function rest(queue: Bench) {
    const { jobs, watched, releasing, evicting, dependents, [state]: ended } = await queue.state();
    return { jobs, watched, releasing, evicting, dependents, ended };
  }
  const gone = {
    jobs: { b: '["b"]' },
    watched: undefined,
    releasing: undefined,
    evicting: undefined,
    dependents: undefined,
    ended: undefined,
  };
  const stays = { ...gone, jobs: ending.jobs, ended: { a: 'now' } };

  describe('a job that ends', () => {
    test.each([
      ['stays for ever', '', stays],
      ['stays for its age', '3600000', { ...stays, evicting: { a: 'now+3600000' } }],
      ['is gone at once', '0', gone],
    ])('%s: age %j', async (_, age, after) => {
      const queue = await server.queue(ending);
      const heard = await hearing(queue, 'events', async () => {
        expect(await end(queue, age, 'a')).toEqual(['settled']);
      });
      expect(await rest(queue)).toEqual(after);
      expect(heard).toEqual([]);
    });
  });

  describe('a job that somebody awaits', () => {
    test.each([
      ['', undefined],
      ['0', { a: 'now+60000' }],
      ['10000', { a: 'now+60000' }],
      ['3600000', { a: 'now+3600000' }],
    ])('stays for a minute at least, and its end is published: age %j', async (age, evicting) => {
      const queue = await server.queue(awaited);
      const heard = await hearing(queue, 'events', async () => {
        expect(await end(queue, age, 'a')).toEqual(['settled']);
      });
      expect(await rest(queue)).toEqual({ ...stays, watched: awaited.watched, evicting });
      expect(heard).toEqual(['ended\ta']);
    });
  });

  describe('a job that has dependents', () => {
    test.each([
      ['', undefined],
      ['0', { a: 'now+60000' }],
      ['3600000', { a: 'now+3600000' }],
    ])('stays, and they are to be told: age %j', async (age, evicting) => {
      const queue = await server.queue(parent);
      const heard = await hearing(queue, 'events', async () => {
        expect(await end(queue, age, 'a')).toEqual(['releasing']);
        expect(await end(queue, age, 'a')).toEqual(['lost']);
      });
      const { watched, dependents } = parent;
      expect(await rest(queue)).toEqual({
        ...stays,
        watched,
        dependents,
        releasing: { a: fate },
        evicting,
      });
      expect(heard).toEqual(['ended\ta']);
    });
  });
}
