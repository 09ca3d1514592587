// Every order of what two workers, a producer, a sweeper, time and late copies of calls can do, up to a length, from several beginnings:
// after each step the real scripts have made of the keys what the model says.
import { expect, test } from 'vitest';
import { privateServer } from '../helpers/scripts.js';
import { Explorer } from './explorer.js';
import type { Act } from './calls.js';
import type { World } from './steps.js';

const server = privateServer();
/** More steps from each beginning, by hand: each takes about five times as long. */
const deeper = Number(process.env['TRACES_DEEPER'] ?? 0);

const leased = ['A opens A1', 'B opens B1'];
const claimed = [...leased, 'A claims under A1'];
const lapsed = [...claimed, 'the deadline of A1 passes', 'late leases lapse'];

interface Traces {
  readonly world: World;
  /** Steps that have been made, from which it goes on. */
  readonly beginning: readonly string[];
  readonly depth: number;
  /** At least so many states are to be found: else it looks at less than it should. */
  readonly states: number;
}

const acts: readonly Act[] = ['enqueue', 'cancel', 'remove', 'requeue'];
const one: World = { ids: ['a'], want: 1, losses: 1, most: 2, acts };
const single: World = { ids: ['a', 'b'], want: 1, losses: 2, most: 2, acts };
const double: World = { ids: ['a', 'b'], want: 2, losses: 2, most: 2, acts };
const related: World = { ids: ['a'], want: 1, losses: 1, most: 2, acts: ['enqueue', 'cancel', 'requeue'], related: true }; // prettier-ignore
const delaying: World = { ...one, acts: ['schedule', 'cancel', 'remove', 'requeue'], timed: true };
const expiring: World = { ...one, acts: ['enqueue with a ttl', 'cancel', 'remove', 'requeue'], timed: true }; // prettier-ignore

const traces: Readonly<Record<string, Traces>> = {
  'an empty queue': { world: one, beginning: [], depth: 5, states: 1_000 },
  'one job and two leases': { world: one, beginning: ['enqueue a', ...leased], depth: 4, states: 3_000 }, // prettier-ignore
  'a job whose lease is dead': { world: one, beginning: ['enqueue a', ...lapsed], depth: 3, states: 500 }, // prettier-ignore
  'a job that was lost and is held again': { world: one, beginning: ['enqueue a', ...lapsed, 'a sweep reclaims', 'B claims under B1'], depth: 3, states: 500 }, // prettier-ignore
  'a job that was asked to stop': { world: one, beginning: ['enqueue a', ...claimed, 'cancel a'], depth: 3, states: 500 }, // prettier-ignore
  'a delayed job': { world: delaying, beginning: ['schedule a', ...leased], depth: 3, states: 400 },
  'a job whose ttl is over': { world: expiring, beginning: ['enqueue with a ttl a', ...leased, 'the time of a in expiring comes'], depth: 3, states: 400 }, // prettier-ignore
  'a late job, and one that waits': { world: { ...expiring, ids: ['a', 'b'] }, beginning: ['enqueue with a ttl a', 'enqueue b', ...leased, 'the time of a in expiring comes', 'A claims under A1'], depth: 2, states: 150 }, // prettier-ignore
  'a job that is to depend on one that is held': { world: related, beginning: ['enqueue a', ...claimed, 'b asks a'], depth: 3, states: 500 }, // prettier-ignore
  'a job that depends on one that has ended': { world: related, beginning: ['enqueue a', ...claimed, 'b asks a', 'defer b, a being pending', 'A ends a #1 by complete'], depth: 3, states: 400 }, // prettier-ignore
  'a job that depends on one that has failed': { world: related, beginning: ['enqueue a', ...claimed, 'b asks a', 'defer b, a being pending', 'A ends a #1 by fail'], depth: 2, states: 100 }, // prettier-ignore
  'two jobs, claimed one by one': { world: single, beginning: ['enqueue a', 'enqueue b', ...leased], depth: 3, states: 500 }, // prettier-ignore
  'two jobs, claimed together': { world: double, beginning: ['enqueue a', 'enqueue b', ...claimed], depth: 3, states: 500 }, // prettier-ignore
  'two jobs that were lost': { world: single, beginning: ['enqueue a', 'enqueue b', ...claimed, 'A claims under A1', 'the deadline of A1 passes', 'late leases lapse', 'a sweep reclaims'], depth: 3, states: 500 }, // prettier-ignore
};

test.each(Object.entries(traces))(
  'from %s, whatever comes',
  async (title, { world, beginning, depth, states }) => {
    const started = performance.now();
    const explored = await new Explorer(server.redis, world).explore(beginning, depth + deeper);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    const length = beginning.length + depth + deeper;
    console.log(`from ${title}: ${explored.states} states, ${explored.steps} steps, sequences of ${length}, in ${seconds} s`); // prettier-ignore
    expect(explored.wrong).toBeUndefined();
    expect(explored.states).toBeGreaterThan(states);
  },
  300_000,
);
