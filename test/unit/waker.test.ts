// How workers of one process share the connection that blocks.
import { expect, test } from 'vitest';
import type { BlockEnd, Connection } from '../../src/connection.js';
import { Waker } from '../../src/waker.js';

/** Blocks that end when they are told to, and the seconds that each was to take at most. */
function blocking() {
  const lengths: number[] = [];
  let end!: (how: BlockEnd) => void;
  const connection = {
    block: async (_: readonly string[], seconds: number) => {
      lengths.push(seconds);
      return await new Promise<BlockEnd>((resolve) => (end = resolve));
    },
    unblock: async () => end({ kind: 'time' }),
  };
  const waker = Waker.of(connection as unknown as Connection);
  return { lengths, waker, end: (how: BlockEnd) => end(how) };
}

const { signal } = new AbortController();

test('who waits for less than the block under way has left does not wait for its end', async () => {
  const { lengths, waker, end } = blocking();
  const long = waker.wait(['queue:wake'], 60_000, signal);
  const short = waker.wait(['queue:wake'], 2_000, signal);
  await expect.poll(() => lengths.length).toBe(2);
  expect(lengths[0]).toBeGreaterThan(50);
  expect(lengths[1]).toBeLessThanOrEqual(2);
  end({ kind: 'lost' });
  expect(await Promise.all([long, short])).toEqual([undefined, undefined]);
});

test('who waits for as long, and for no other queue, leaves the block as it is', async () => {
  const { lengths, waker, end } = blocking();
  const waits = [1, 2].map(() => waker.wait(['queue:wake'], 5_000, signal));
  end({ kind: 'marker', key: 'queue:wake' });
  expect(await waits[0]).toBe('queue:wake');
  await expect.poll(() => lengths.length).toBe(2);
  end({ kind: 'lost' });
  expect(await waits[1]).toBeUndefined();
  expect(lengths).toHaveLength(2);
});
