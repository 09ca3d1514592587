// Scenarios are played once for every place at which their connections can be cut, and each time they end as in peace: the same
// states, results, failures, attempts and runs of handlers, each end accepted once, the invariants, and a worker that works on.
import { beforeAll, expect, test } from 'vitest';
import { luaSources } from '../../src/generated/lua.js';
import { liveRedis } from '../helpers/live.js';
import { cancelled, delayed, gracefulStop, plain, retry } from './scenarios.js';
import { shown, sweep, type Sweep } from './sweep.js';
import * as wide from './wide-scenarios.js';

const live = liveRedis();
const scenarios = { plain, retry, delayed, cancelled, gracefulStop, ...wide };

/** Scripts that no scenario reaches, and why that is enough. All others are cut on both sides. */
const elsewhere: Readonly<Record<string, string>> = {
  tidy: 'one sample a minute, repeated by any sweeper; lost-reply.test.ts loses its replies',
};

let swept: Sweep;

beforeAll(async () => {
  const started = performance.now();
  const { host, port } = live.server;
  const ground = { redis: live.redis, server: { host, port }, name: 'points' };
  swept = await sweep(ground, scenarios, { most: 3, lanes: 10 });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  let [calls, points, cuts] = [0, 0, 0];
  for (const [title, fared] of swept.scenarios) {
    const missed = fared.missed.map(shown).join('; ') || 'none';
    console.log(`${title}: ${fared.calls} calls, ${fared.points} fail points; did not come to pass: ${missed}`); // prettier-ignore
    calls += fared.calls;
    points += fared.points;
    cuts += fared.cuts;
  }
  const scripts = Object.keys(luaSources).filter((name) => swept.cut.has(name)).length;
  console.log(`${swept.scenarios.size} scenarios, ${calls} calls, ${points} fail points, ${cuts} cuts, ${scripts} scripts in ${seconds} s`); // prettier-ignore
}, 600_000);

test.each(Object.keys(scenarios))('%s ends as in peace, wherever it is cut', (title) => {
  expect(swept.scenarios.get(title)?.wrong).toEqual([]);
});

test('most of the points come to pass, though some calls are made now and then only', () => {
  for (const { points, missed } of swept.scenarios.values())
    expect(missed.length).toBeLessThan(points / 3);
});

test('every script is cut before it arrives and after it was executed, here or for a reason elsewhere', () => {
  const uncut = Object.keys(luaSources).filter((name) => {
    const sides = swept.cut.get(name);
    return !sides?.has('before') || !sides.has('after');
  });
  expect(uncut).toEqual(Object.keys(elsewhere));
});

test('pipelines are cut in their middle, between settles and the claim that goes with them', () => {
  const middle = [...swept.cut].filter(([, sides]) => sides.has('between')).map(([call]) => call);
  expect(middle).toEqual(expect.arrayContaining(['complete', 'retry', 'open']));
});
