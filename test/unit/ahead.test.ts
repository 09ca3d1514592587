import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Ahead, Pace } from '../../src/ahead.js';
import type { Lease } from '../../src/lease.js';
import { Run } from '../../src/run.js';
import type { JobId, Token } from '../../src/script.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  // A machine that has a core for whoever wants one.
  const loop = { idle: 0, active: 0, utilization: 0 };
  vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue(loop);
});
afterEach(() => {
  vi.useRealTimers();
});

const run = (id: string, suspect = false, number = 1): Run =>
  new Run(
    { id: id as JobId, record: '[]', attempts: 0, losses: 0, suspect },
    `L:${number}` as Token,
    {} as Lease,
    0,
  );

function waiting(): { ahead: Ahead; pace: Pace; back: string[] } {
  const pace = new Pace();
  const back: string[] = [];
  return { ahead: new Ahead(pace, ({ id }) => back.push(id)), pace, back };
}

/** Starts a job each ms, so that there is a pace. */
function hurry({ ahead }: { ahead: Ahead }): void {
  for (let count = 0; count < 30; count += 1) {
    ahead.add([run('quick')]);
    ahead.shift();
    vi.advanceTimersByTime(1);
  }
}

test('a job goes back 50 ms after it came, whatever came behind it; what is behind it goes too', () => {
  const { ahead, back } = waiting();
  ahead.add([run('a')]);
  vi.advanceTimersByTime(40);
  ahead.add([run('b')]);
  vi.advanceTimersByTime(9);
  expect(back).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(back).toEqual(['a', 'b']);
  expect(ahead.size).toBe(0);
});

test('suspects start before all others, in their order', () => {
  const { ahead } = waiting();
  ahead.add([run('a', false, 5), run('b', false, 5)]);
  ahead.add([run('s', true, 7), run('t', true, 7)]);
  ahead.add([run('u', true, 8)]);
  expect(ahead.suspects).toBe(3);
  expect(ahead.oldest).toBe(5);
  expect(Array.from({ length: 5 }, () => ahead.shift()?.id)).toEqual(['s', 't', 'u', 'a', 'b']);
  expect(ahead.oldest).toBe(undefined);
});

test('after the event loop was blocked none starts that waited meanwhile, and none is claimed ahead for ten times as long', () => {
  const stage = waiting();
  const { ahead, pace, back } = stage;
  hurry(stage);
  expect(pace.room(0)).toBeGreaterThan(0);
  ahead.add([run('a'), run('b')]);
  // Time passes, and no timer fires.
  const blocked = performance.now() + 200;
  const clock = vi.spyOn(performance, 'now').mockReturnValue(blocked);
  const cpu = vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 200_000, system: 0 });
  expect(ahead.shift()).toBe(undefined);
  expect(back).toEqual(['a', 'b']);
  clock.mockRestore();
  cpu.mockRestore();
  vi.advanceTimersByTime(200);
  hurry(stage);
  expect(pace.room(0)).toBe(0);
  vi.advanceTimersByTime(2_000);
  hurry(stage);
  expect(pace.room(0)).toBeGreaterThan(0);
});

/** Figures of the event loop and of the CPU that grow as the test says. */
function machine(): (active: number, cpu: number) => void {
  let [active, used] = [0, 0];
  vi.spyOn(performance, 'eventLoopUtilization').mockImplementation((from) => ({
    idle: 0,
    active: active - ((from as { of?: number } | undefined)?.of ?? 0),
    utilization: 1,
    of: active,
  }));
  vi.spyOn(process, 'cpuUsage').mockImplementation((from) => ({
    user: used - (from?.user ?? 0),
    system: 0,
  }));
  return (ms, cpu) => {
    active += ms;
    used += cpu * 1_000;
    vi.advanceTimersByTime(ms);
  };
}

test('time in which the process was given no core says nothing of how long jobs take', () => {
  const pass = machine();
  const { ahead, pace } = waiting();
  for (let count = 0; count < 10; count += 1) {
    ahead.add([run('quick')]);
    ahead.shift();
    pass(20, 1);
  }
  expect(pace.room(0)).toBe(10);
});

test('what others waited for a core while no handler ran is not taken off the next jobs', () => {
  const pass = machine();
  const { ahead, pace } = waiting();
  for (let count = 0; count < 10; count += 1) {
    ahead.add([run('long')]);
    ahead.shift();
    pass(20, 20);
    pace.idle(performance.now());
    pass(100, 1);
  }
  ahead.add([run('long')]);
  ahead.shift();
  expect(pace.room(0)).toBe(0);
});
