// What the ID cache knows of ids and of clocks, by itself.
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Facts, type Fact } from '../../src/knowing/facts.js';
import { idCacheSettings } from '../../src/options.js';
import { OwnChanges } from '../../src/knowing/own-changes.js';
import type { JobId } from '../../src/script.js';
import { ServerClock } from '../../src/knowing/server-clock.js';
import { noNumbers } from '../helpers/wrong-values.js';

const id = (text: string): JobId => text as JobId;
const a = id('a');

function factsOf(max = 10): Facts {
  const facts = new Facts();
  facts.limit(max);
  return facts;
}
const fact = (present: boolean, time: number, told = false): Fact => ({
  present,
  time,
  asOf: time,
  told,
});

describe('facts', () => {
  test('the newer one holds, whichever comes first', () => {
    const facts = factsOf();
    expect(facts.learn(a, fact(true, 5))).toBe(false);
    expect(facts.learn(a, fact(false, 4))).toBe(false);
    expect(facts.peek(a)?.present).toBe(true);
    expect(facts.learn(a, fact(false, 6))).toBe(true);
    expect(facts.peek(a)?.present).toBe(false);
  });

  test('two of one moment that contradict each other cancel out, but events come in order', () => {
    const facts = factsOf();
    facts.learn(a, fact(true, 5));
    expect(facts.learn(a, fact(false, 5, true))).toBe(true);
    expect(facts.peek(a)).toBe(undefined);
    facts.learn(a, fact(true, 6, true));
    expect(facts.learn(a, fact(false, 6, true))).toBe(true);
    expect(facts.peek(a)?.present).toBe(false);
    facts.learn(a, fact(false, 6));
    expect(facts.peek(a)?.present).toBe(false);
  });

  test('one that is older than it may be is not told', () => {
    const facts = factsOf();
    facts.learn(a, fact(true, 100));
    expect(facts.use(a, 50, 150)?.present).toBe(true);
    expect(facts.use(a, 50, 150.1)).toBe(undefined);
    expect(facts.use(a, 60, 150.1)?.present).toBe(true);
    facts.expire(100);
    expect(facts.size).toBe(1);
    facts.expire(100.1);
    expect(facts.size).toBe(0);
  });

  test('those that were only seen in events give way first, then the oldest', () => {
    const facts = factsOf(4);
    facts.learn(id('asked-1'), fact(true, 1));
    facts.learn(id('seen-1'), fact(true, 2, true));
    facts.learn(id('asked-2'), fact(true, 3));
    facts.learn(id('seen-2'), fact(true, 4, true));
    const left = (): string[] =>
      ['asked-1', 'seen-1', 'asked-2', 'seen-2', 'new-1', 'new-2'].filter((text) =>
        facts.peek(id(text)),
      );
    facts.use(id('seen-1'), 100, 5);
    facts.learn(id('new-1'), fact(true, 6));
    expect(left()).toEqual(['asked-1', 'seen-1', 'asked-2', 'new-1']);
    facts.learn(id('new-2'), fact(true, 7));
    expect(left()).toEqual(['seen-1', 'asked-2', 'new-1', 'new-2']);
    facts.limit(1);
    expect(facts.size).toBe(1);
  });

  test('are due once they were used and half of the age has passed, once', () => {
    const facts = factsOf();
    for (const text of ['used', 'unused', 'patient']) facts.learn(id(text), fact(true, 0));
    facts.use(id('used'), 100, 10);
    facts.use(id('patient'), 1_000, 10);
    expect([...facts.due(100, 50)]).toEqual([]);
    expect([...facts.due(100, 51)]).toEqual(['used']);
    expect([...facts.due(100, 52)]).toEqual([]);
    facts.learn(id('used'), fact(true, 60));
    expect([...facts.due(100, 501)]).toEqual(['patient']);
    facts.use(id('used'), 1_000, 502);
    expect([...facts.due(100, 561)]).toEqual(['used']);
  });

  test('one that was seen and is asked for late is due at once', () => {
    const facts = factsOf();
    facts.learn(a, fact(true, 0, true));
    facts.learn(id('b'), fact(true, 80));
    facts.use(a, 100, 90);
    expect([...facts.due(100, 90)]).toEqual(['a']);
    expect([...facts.due(100, 90)]).toEqual([]);
  });

  test('whatever comes in whatever order: the newest, never too old, never too many', () => {
    const step = fc.record({
      text: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      present: fc.boolean(),
      time: fc.integer({ min: 0, max: 20 }),
      late: fc.integer({ min: 0, max: 3 }),
      told: fc.boolean(),
      use: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (steps, max) => {
          const facts = factsOf(max);
          const newest = new Map<string, { time: number; said: Set<boolean> }>();
          for (const { text, present, time, late, told, use } of steps) {
            facts.learn(id(text), { present, time, asOf: time - late, told });
            const known = newest.get(text);
            if (!known || time > known.time) newest.set(text, { time, said: new Set([present]) });
            else if (time === known.time) known.said.add(present);
            expect(facts.size).toBeLessThanOrEqual(max);
            const found = use ? facts.use(id(text), 10, 25) : undefined;
            if (!found) continue;
            // What was forgotten may be learnt again from an older fact, which is told with its age.
            expect(found.asOf).toBeGreaterThanOrEqual(15);
            expect(found.asOf).toBeLessThanOrEqual(found.time);
            const last = newest.get(text);
            const said = found.time === last?.time ? last.said : new Set([found.present]);
            expect(said).toContain(found.present);
          }
        },
      ),
    );
  });
});

describe('the clock of the server', () => {
  test('tells no moment before it was compared, and none later than it was', () => {
    const clock = new ServerClock();
    expect(clock.localOf(1_000, 50)).toBe(undefined);
    expect(clock.age(50)).toBe(Number.POSITIVE_INFINITY);
    // Sent at 10, answered at 30: the server read 1,000 at some moment from 10 to 30.
    expect(clock.learn(10, 30, 1_000)).toBe(true);
    expect(clock.localOf(1_000, 30)).toBe(9);
    expect(clock.localOf(1_010, 30)).toBe(19);
    expect(clock.localOf(9_999, 30)).toBe(30);
    // A closer look.
    expect(clock.learn(40, 42, 1_020)).toBe(true);
    expect(clock.localOf(1_020, 42)).toBeCloseTo(39, 1);
    // It may have drifted since.
    expect(clock.localOf(1_020, 1_042)).toBeCloseTo(38, 1);
  });

  test('notices that it was set, back or forth', () => {
    const clock = new ServerClock();
    clock.learn(10, 12, 1_000);
    expect(clock.learn(20, 22, 1_010)).toBe(true);
    expect(clock.learn(30, 32, 1_120)).toBe(false);
    expect(clock.learn(40, 42, 1_130)).toBe(true);
    expect(clock.learn(50, 52, 1_040)).toBe(false);
    clock.reset();
    expect(clock.localOf(1_040, 60)).toBe(undefined);
  });

  test('any exchanges with a steady clock agree, and no event is thought to be newer than it is', () => {
    const exchange = fc.record({
      pause: fc.integer({ min: 0, max: 5_000 }),
      there: fc.double({ min: 0, max: 200, noNaN: true }),
      back: fc.double({ min: 0, max: 200, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(exchange, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: -1_000_000, max: 1_000_000 }),
        (exchanges, offset) => {
          const clock = new ServerClock();
          let now = 1_000_000;
          for (const { pause, there, back } of exchanges) {
            now += pause;
            const at = now + there;
            expect(clock.learn(now, at + back, Math.floor(at + offset))).toBe(true);
            now = at + back;
            const event = now - back / 2;
            const told = clock.localOf(Math.floor(event + offset), now) ?? Number.NaN;
            expect(told).toBeLessThanOrEqual(event + 1e-6);
          }
        },
      ),
    );
  });

  describe('beside the wall clock', () => {
    afterEach(() => void vi.useRealTimers());

    test('notices a machine that slept', () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      vi.setSystemTime(1_000_000);
      const clock = new ServerClock();
      expect(clock.jumped(500)).toBe(false);
      vi.setSystemTime(1_010_000);
      expect(clock.jumped(10_500)).toBe(false);
      vi.setSystemTime(1_060_000);
      expect(clock.jumped(10_600)).toBe(true);
      expect(clock.jumped(10_600)).toBe(false);
    });
  });
});

describe('own changes', () => {
  test('make doubtful what contradicts them and may be from before', () => {
    const own = new OwnChanges();
    own.note(a, true, 100);
    expect(own.doubts(a, false, 99)).toBe(true);
    expect(own.doubts(a, false, 100)).toBe(false);
    expect(own.doubts(a, true, 99)).toBe(false);
    expect(own.doubts(id('b'), false, 99)).toBe(false);
    own.note(a, false, 200);
    expect(own.doubts(a, true, 199)).toBe(true);
    own.expire(200.1);
    expect(own.doubts(a, true, 199)).toBe(false);
  });

  test('of all at once make every job doubtful that is said to be there', () => {
    const own = new OwnChanges();
    own.noteAll(100);
    expect(own.doubts(a, true, 99)).toBe(true);
    expect(own.doubts(a, false, 99)).toBe(false);
    expect(own.doubts(a, true, 100)).toBe(false);
  });

  test('are bounded', () => {
    const own = new OwnChanges();
    for (let at = 0; at <= 10_000; at += 1) own.note(id(`id-${at}`), true, at);
    expect(own.doubts(id('id-0'), false, -1)).toBe(false);
    expect(own.doubts(id('id-1'), false, 0)).toBe(true);
  });
});

describe('the option idCache', () => {
  test('has defaults', () => {
    const settings = { max: 100_000, maxAge: 10_000 };
    expect(idCacheSettings({})).toEqual(settings);
    expect(idCacheSettings({ idCache: {} })).toEqual(settings);
    expect(idCacheSettings({ idCache: { max: 5 } })).toEqual({ max: 5, maxAge: 10_000 });
    expect(idCacheSettings({ idCache: false })).toBe(undefined);
  });

  test.each([[true], ['on'], [5], [null]])('%j is refused', (idCache) => {
    const make = (): unknown => idCacheSettings({ idCache: idCache as never });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/^idCache: expected an object or false, got /);
  });

  for (const option of ['max', 'maxAge']) {
    test.each(noNumbers)(`idCache.${option}: %s is refused`, (value, message) => {
      const make = (): unknown => idCacheSettings({ idCache: { [option]: value } });
      expect(make).toThrow(message);
      expect(make).toThrow(new RegExp(`^idCache.${option}: `));
    });
    test(`idCache.${option}: 0 is out of range`, () => {
      expect(() => idCacheSettings({ idCache: { [option]: 0 } })).toThrow(RangeError);
    });
  }

  test('an unknown bound is refused', () => {
    const idCache = { ttl: 5 } as object;
    expect(() => idCacheSettings({ idCache })).toThrow('ttl: expected one of max, maxAge');
  });
});
