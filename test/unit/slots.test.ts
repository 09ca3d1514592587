// When a worker of several queues asks all of them without a marker, and when it looks for more of them.
import { afterEach, expect, test, vi } from 'vitest';
import type { Connection } from '../../src/connection.js';
import { nextTurn } from '../../src/event-loop.js';
import { queueKeys } from '../../src/keys.js';
import { Slots } from '../../src/slots.js';
import type { Claimant } from '../../src/turns.js';
import { Waker } from '../../src/waker.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const interval = 1_000;
const settings = { concurrency: 1, stalledInterval: interval, maxStalledCount: 2 };

/** Slots of these queues, whose markers this takes. */
function slotsOf(
  queues: readonly Claimant[],
  waker: Pick<Waker, 'wait' | 'collect' | 'peek'>,
): Slots {
  vi.spyOn(Waker, 'of').mockReturnValue(waker as unknown as Waker);
  const slots = new Slots({} as Connection, settings as ConstructorParameters<typeof Slots>[1]);
  for (const one of queues) slots.join(one, 1);
  slots.open();
  return slots;
}

function queue(name: string): Claimant & { asked: [boolean, number][] } {
  const asked: [boolean, number][] = [];
  return {
    asked,
    keys: queueKeys(name),
    claims: { failing: false, outdated: false, asking: 0, left: 0 },
    hungry: false,
    waiting: 0,
    startNext: () => undefined,
    askAgain: (took, left) => void asked.push([took, left]),
    isBare: () => undefined,
    dueIn: () => undefined,
    kick: () => undefined,
  };
}

test('all are peeked at when claiming begins, and then once a period: a time that came while all slots were taken is not put off by a marker that is there', async () => {
  const waits: number[] = [];
  const peeked = vi.fn<() => void>();
  const peek: Waker['peek'] = async (queues) => {
    peeked();
    return queues.slice(1).map((one) => ({ queue: one, left: 3, marked: false, due: undefined }));
  };
  const wait = async (keys: readonly string[], ms: number) => {
    waits.push(ms);
    return keys[0];
  };
  const clock = vi.spyOn(performance, 'now').mockReturnValue(5_000);
  const [first, second] = [queue('first'), queue('second')];
  const slots = slotsOf([first, second], { wait, peek, collect: async () => [] });
  await slots.wait();
  await vi.waitFor(() => expect(waits).toEqual([interval]));
  expect([peeked.mock.calls.length, second.asked]).toEqual([1, [[false, 3]]]);
  slots.busy = 1;
  clock.mockReturnValue(5_000 + interval);
  await slots.wait();
  expect(peeked).toHaveBeenCalledTimes(1);
  slots.busy = 0;
  await slots.wait();
  await vi.waitFor(() => expect(second.asked).toHaveLength(2));
  expect(waits.every((ms) => ms === interval)).toBe(true);
  expect(first.asked.every(([took]) => took)).toBe(true);
});

test('of queues that could not be peeked at each is asked for one job', async () => {
  const queues = [queue('first'), queue('second')];
  const slots = slotsOf(queues, {
    wait: async () => await new Promise<undefined>(() => undefined),
    peek: async () => undefined,
    collect: async () => [],
  });
  await slots.wait();
  await vi.waitFor(() => expect(queues.map(({ asked }) => asked)).toEqual([[[false, 1]], [[false, 1]]])); // prettier-ignore
});

test.each([
  [2, 1.5, 1],
  [2, 20, 0],
  [3_000, 20, 1],
  [3_000, 500, 0],
])(
  'of %i queues a marker that came within %f ms was there before: %i look for others',
  async (count, ms, looks) => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(5_000);
    const collect = vi.fn<() => Promise<[]>>(async () => []);
    const wait = async (keys: readonly string[]) => {
      clock.mockReturnValue(5_000 + ms);
      return keys[0];
    };
    const slots = slotsOf(Array.from({ length: count }, (_, n) => queue(String(n))), { wait, collect, peek: async () => [] }); // prettier-ignore
    await slots.wait();
    await nextTurn();
    expect(collect).toHaveBeenCalledTimes(looks);
  },
);
