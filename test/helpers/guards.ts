// Tests that several scripts share: of numbered calls, and of settles, whose guard is the token.
import { describe, expect, test } from 'vitest';
import type { Script } from '../../src/script.js';
import type { SettleWord } from '../../src/scripts.js';
import { expected, type State } from './keyspace.js';
import type { BenchServer, Plain } from './scripts.js';

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
  rest: Omit<Plain<Each>, 'id' | 'token'>,
): void {
  // The settles have no arguments besides their elements.
  const none = {} as Plain<Args>;
  const item = (id: string, token: string) => ({ ...rest, id, token }) as unknown as Plain<Each>;

  describe('a job that is not held under the token shown', () => {
    test.each([
      ['was claimed again under the same lease', 'a', 'L:9'],
      ['was claimed again under another lease', 'a', 'M:8'],
      ['is shown with the beginning of its token', 'a', 'L'],
      ['is not active', 'c', 'L:8'],
    ])('is lost, and nothing changes, when it %s', async (_, id, token) => {
      const queue = await server.queue(active);
      expect(await queue.run(script, none, [item(id, token)])).toEqual(['lost']);
      expect(await queue.state()).toEqual(expected(active));
    });

    test('does not touch its neighbours', async () => {
      const one = await server.queue(active);
      expect(await one.run(script, none, [item('a', 'L:8')])).toEqual(['settled']);
      const three = await server.queue(active);
      const items = [item('c', 'L:8'), item('a', 'L:8'), item('b', 'M:8')];
      expect(await three.run(script, none, items)).toEqual(['lost', 'settled', 'lost']);
      expect(await three.state()).toEqual(await one.state());
    });
  });

  test('a job that stands twice in a batch is settled once', async () => {
    const once = await server.queue(active);
    await once.run(script, none, [item('a', 'L:8')]);
    const queue = await server.queue(active);
    const twice = [item('a', 'L:8'), item('a', 'L:8')];
    expect(await queue.run(script, none, twice)).toEqual(['settled', 'lost']);
    expect(await queue.state()).toEqual(await once.state());
  });

  test('the same call sent twice settles once', async () => {
    const queue = await server.queue(active);
    const items = [item('a', 'L:8'), item('b', 'M:9')];
    expect(await queue.run(script, none, items)).toEqual(['settled', 'settled']);
    const after = await queue.stored();
    expect(await queue.run(script, none, items)).toEqual(['lost', 'lost']);
    expect(await queue.stored()).toEqual(after);
  });

  test('a lease that is dead or gone may still settle what reclaim has not taken', async () => {
    const queue = await server.queue({ ...active, leases: { L: 0 } });
    const items = [item('a', 'L:8'), item('b', 'M:9')];
    expect(await queue.run(script, none, items)).toEqual(['settled', 'settled']);
    expect(await queue.state()).not.toHaveProperty('held');
  });

  test('a newer schema does not matter', async () => {
    const newer = { ...active, meta: { schema: 99, token: 9 } };
    const queue = await server.queue(newer);
    expect(await queue.run(script, none, [item('a', 'L:8')])).toEqual(['settled']);
    expect(await queue.state()).toHaveProperty('meta', { schema: '99', token: '9' });
  });
}
