// When a worker of several queues asks all of them without a marker.
import { afterEach, expect, test, vi } from 'vitest';
import type { Connection } from '../../src/connection.js';
import { Slots } from '../../src/slots.js';
import type { Claimant } from '../../src/turns.js';
import { Waker } from '../../src/waker.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const interval = 1_000;

function queue(name: string): Claimant & { asked: [boolean, number][] } {
  const asked: [boolean, number][] = [];
  const facts = { hungry: false, failing: false, outdated: false, waiting: 0, asking: 0, left: 0 };
  return {
    ...facts,
    asked,
    wake: `${name}:wake`,
    list: `${name}:waiting`,
    startNext: () => undefined,
    askAgain: (took, left) => void asked.push([took, left]),
    kick: () => undefined,
  };
}

test('a time that came while all slots were taken is not put off by a marker that is there', async () => {
  const waits: number[] = [];
  const waker = {
    wait: async (keys: readonly string[], ms: number) => {
      waits.push(ms);
      return keys[0];
    },
    collect: async () => [],
  };
  vi.spyOn(Waker, 'of').mockReturnValue(waker as unknown as Waker);
  const clock = vi.spyOn(performance, 'now').mockReturnValue(5_000);
  const settings = { concurrency: 1, stalledInterval: interval, maxStalledCount: 2 };
  const slots = new Slots({} as Connection, settings as ConstructorParameters<typeof Slots>[1]);
  const [first, second] = [queue('first'), queue('second')];
  slots.join(first, 1);
  slots.join(second, 1);
  slots.open();
  await slots.wait();
  expect(waits).toEqual([interval]);
  slots.busy = 1;
  clock.mockReturnValue(5_000 + interval);
  await slots.wait();
  slots.busy = 0;
  expect(second.asked).toEqual([]);
  await slots.wait();
  expect(waits).toEqual([interval]);
  expect([first.asked.at(-1), second.asked]).toEqual([[false, 1], [[false, 1]]]);
});
