// Runs a scenario in peace, then once for each place at which a connection can be cut, and compares.
import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import { Cutter, type FailPoint, type Side } from './cutter.js';
import { Play } from './play.js';
import type { Scenario } from './scenarios.js';

export interface Ground {
  readonly redis: Redis;
  readonly server: { host: string; port: number };
  /** Begins the names of all queues. */
  readonly name: string;
}

/** A run, how it ended, and what the cutter saw. */
interface Outcome {
  readonly ends: Record<string, unknown>;
  readonly cutter: Cutter;
}

/** How often a point that did not come to pass is tried again, when its call was cut nowhere else on that side. */
const tries = 5;
/** ms that a run may take, on a busy machine too; what it waits for has shorter limits of its own. */
const longest = 30_000;

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

let count = 0;

async function run(
  { redis, server, name }: Ground,
  scenario: Scenario,
  point?: FailPoint,
): Promise<Outcome> {
  const cutter = await Cutter.start(server, point);
  count += 1;
  const play = new Play({ redis, server, cutter, name: `${name}-${count}` });
  try {
    await within(longest, scenario(play));
    await within(longest, play.close());
    const ends = await play.ends();
    await play.check();
    return { ends, cutter };
  } finally {
    await cutter.stop();
    await play.close();
    await play.closeOutside();
  }
}

export function shown({ call, nth, side, all }: FailPoint): string {
  return `${side} ${call} ${nth}${all ? ', all connections' : ''}`;
}

/** Calls that every scenario makes in the same way: after the first scenario only their first reply is lost. */
const common = new Set(['register', 'report', 'close', 'sweep', 'renew', 'renew of the thread', 'BLPOP', 'CLIENT UNBLOCK', 'SCRIPT LOAD', 'SUBSCRIBE']); // prettier-ignore

/**
 * Where to cut: around every call, or, of those that come more often than `most`, the first ones and the last; where an earlier scenario
 * has had a call, the first and the last.
 */
function pointsOf({ seen }: Cutter, most: number, before: ReadonlySet<string>): FailPoint[] {
  const points: FailPoint[] = [];
  for (const [call, { times, followed }] of seen) {
    const isNew = !before.has(call);
    if (common.has(call) && !isNew) {
      points.push({ call, nth: 1, side: 'after', all: false });
      continue;
    }
    const last = common.has(call) ? Math.min(times, 2) : times;
    for (let nth = 1; nth <= last; nth += 1) {
      if (nth >= (isNew ? most : 2) && nth < last) continue;
      const sides: Side[] = ['before', 'after', ...(followed.includes(nth) ? ['between' as const] : [])]; // prettier-ignore
      for (const side of sides) points.push({ call, nth, side, all: false });
      if (nth === 1 && isNew) points.push({ call, nth, side: 'after', all: true });
    }
  }
  return points;
}

/** How a scenario fared. */
interface Swept {
  /** How many calls it makes in peace. */
  calls: number;
  points: number;
  cuts: number;
  /** Points at which no such call came. */
  readonly missed: FailPoint[];
  readonly wrong: string[];
}

export interface Sweep {
  readonly scenarios: ReadonlyMap<string, Swept>;
  /** Calls that were cut, with the sides on which they were. */
  readonly cut: ReadonlyMap<string, ReadonlySet<Side>>;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Cuts each scenario at each of its points, so many runs at the same time. `most`: how many occurrences of a call are cut. */
export async function sweep(
  ground: Ground,
  scenarios: Readonly<Record<string, Scenario>>,
  { most, lanes }: { most: number; lanes: number },
): Promise<Sweep> {
  const cut = new Map<string, Set<Side>>();
  const swept = new Map<string, Swept>();
  const before = new Set<string>();
  const tasks: (() => Promise<void>)[] = [];
  const later: (() => Promise<void>)[] = [];
  for (const [title, scenario] of Object.entries(scenarios)) {
    const peace = await run(ground, scenario);
    const points = pointsOf(peace.cutter, most, before);
    for (const call of peace.cutter.seen.keys()) before.add(call);
    const seen = [...peace.cutter.seen.values()];
    const fared: Swept = {
      calls: seen.reduce((sum, { times }) => sum + times, 0),
      points: points.length,
      cuts: 0,
      missed: [],
      wrong: [],
    };
    swept.set(title, fared);
    const strike = async (point: FailPoint): Promise<boolean> => {
      try {
        const { ends, cutter } = await run(ground, scenario, point);
        fared.cuts += cutter.cuts;
        if (cutter.cuts > 0)
          cut.set(point.call, (cut.get(point.call) ?? new Set()).add(point.side));
        assert.deepEqual(ends, peace.ends);
        return cutter.cuts > 0;
      } catch (error) {
        fared.wrong.push(`${shown(point)}: ${messageOf(error)}`);
        return true;
      }
    };
    for (const point of points)
      tasks.push(async () => {
        if (await strike(point)) return;
        fared.missed.push(point);
        // Such a call is made now and then only.
        later.push(async () => {
          for (let nth = 0; nth < tries && !cut.get(point.call)?.has(point.side); nth += 1)
            await strike(point);
        });
      });
  }
  const lane = async (): Promise<void> => {
    for (let task = tasks.shift(); task; task = tasks.shift()) await task();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  for (const again of later) await again();
  return { scenarios: swept, cut };
}
