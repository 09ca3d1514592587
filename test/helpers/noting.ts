// How scripts that note something on jobs meet tokens, and jobs that are not there.
import { describe, expect, test } from 'vitest';
import type { Script } from '../../src/script.js';
import { expected, type State } from './keyspace.js';
import type { BenchServer, Plain } from './scripts.js';

type Values = Record<string, string | number>;
type Numbered = { call: string; number: number };
type Noted = { id: string; token: string };

const active: State = {
  meta: { schema: 1, token: 9 },
  jobs: { a: '["a"]', b: '["b"]', w: '["w"]', big: '["big"]' },
  traits: { big: '{"size":2000}' },
  waiting: ['w'],
  active: { a: 'L:8', b: 'L:9!cancelled' },
  stopping: { 'L\tb': 0 },
  failures: { b: '{"failedReason":"why"}\n' },
  held: { L: 2 },
  leases: { L: 'now+30000' },
  completed: { big: 'now-10000' },
};

/** `rest` are the other fields of an element, `word` what says that it was noted. */
export function testGuard<Args extends Values & Numbered, Each extends Values & Noted>(
  server: BenchServer,
  script: Script<Args, Each, readonly string[] | 'stale'>,
  rest: Omit<Plain<Each>, 'id' | 'token'>,
  word: string,
): void {
  const args = { call: 'p:it', number: 1 } as unknown as Plain<Args>;
  const item = (id: string, token: string) => ({ ...rest, id, token }) as unknown as Plain<Each>;

  describe('what is shown', () => {
    test.each([
      ['the claim was another of the same lease', 'a', 'L:9', 'lost'],
      ['the claim was of another lease', 'a', 'M:8', 'lost'],
      ['it is the beginning of the token', 'a', 'L', 'lost'],
      ['it is more than the token', 'a', 'L:80', 'lost'],
      ['the word to stop stands behind it', 'b', 'L:9!cancelled', 'lost'],
      ['it is nothing, and the job is active', 'a', '', 'active'],
      ['it is nothing, and the job was asked to stop', 'b', '', 'active'],
      ['it is a token, and the job waits', 'w', 'L:8', 'lost'],
      ['it is a token, and the job has finished', 'big', 'L:8', 'lost'],
      ['it is a token, and there is no such job', 'zz', 'L:8', 'unknown'],
      ['it is nothing, and there is no such job', 'zz', '', 'unknown'],
    ])('is refused, and nothing else changes, when %s', async (_, id, token, refusal) => {
      const queue = await server.queue(active);
      expect(await queue.run(script, args, [item(id, token)])).toEqual([refusal]);
      const calls = { 'p:it': `1 now ${refusal}` };
      expect(await queue.state()).toEqual(expected(active, { calls }));
    });

    test.each([
      ['the token of its claim', 'a', 'L:8'],
      ['the token of a job that was asked to stop', 'b', 'L:9'],
      ['nothing, of a waiting job', 'w', ''],
      ['nothing, of a finished job', 'big', ''],
    ])('is accepted when it is %s', async (_, id, token) => {
      const queue = await server.queue(active);
      expect(await queue.run(script, args, [item(id, token)])).toEqual([word]);
    });

    test('decides for each of a batch', async () => {
      const one = await server.queue(active);
      expect(await one.run(script, args, [item('a', 'L:8')])).toEqual([word]);
      const three = await server.queue(active);
      const items = [item('zz', ''), item('a', 'L:8'), item('b', 'L:8')];
      expect(await three.run(script, args, items)).toEqual(['unknown', word, 'lost']);
      const calls = { 'p:it': `1 now unknown ${word} lost` };
      expect(await three.state()).toEqual({ ...(await one.state()), calls });
    });
  });
}
