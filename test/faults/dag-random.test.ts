// Random graphs over three queues. Clients act at the same time: their calls are let through one by one in any order, and each may die
// between any two. What was broken off is healed by what a sweep does. Every state after every call is held against a reference.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ParentFailurePolicy } from '../../src/job-options.js';
import { jobCount, met, World, type Command } from '../helpers/dag-world.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const job = fc.nat(jobCount - 1);
const queue = fc.nat(2);
const client = fc.nat(5);
const of = fc.constantFrom;

const add = fc.record({
  do: of('add' as const),
  job,
  parents: fc.array(fc.nat(jobCount), { maxLength: 3 }),
  policy: of<ParentFailurePolicy[]>('fail', 'run', 'wait'),
  keep: fc.boolean(),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: add },
  {
    weight: 30,
    arbitrary: fc.record({ do: of('step' as const), client, call: fc.nat(1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: of('die' as const), client }) },
  { weight: 4, arbitrary: fc.record({ do: of('claim' as const), queue }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: of('settle' as const),
      held: client,
      how: of('complete' as const, 'fail' as const, 'fail' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: of('cancel' as const),
      job,
      dependents: of(undefined, undefined, 'cancel' as const, 'release' as const),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: of('remove' as const, 'retry' as const, 'retry' as const), job }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: of('evict' as const, 'resume' as const, 'recheck' as const),
      queue,
    }),
  },
);

/** A world begins with some of its jobs, each added in peace, and goes on from there. */
const history = fc
  .tuple(
    fc.array(add, { minLength: 4, maxLength: jobCount, size: 'max' }),
    fc.array(command, { minLength: 20, maxLength: 80, size: 'max' }),
  ) // prettier-ignore
  .map(([first, then]): Command[] => [
    ...first.flatMap((one, place): Command[] => [
      { ...one, job: place },
      ...[0, 1, 2, 3].map((): Command => ({ do: 'step', client: 0, call: 0 })),
    ]),
    ...then,
  ]);

test('random graphs, clients and crashes: whatever happens is legal, and in the end nobody waits for nothing', async () => {
  const seed = Number(process.env['DAG_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Number(process.env['DAG_RUNS'] ?? 150);
  const started = performance.now();
  let commands = 0;
  const worlds = fc.assert(
    fc.asyncProperty(history, async (list) => {
      const queues = await Promise.all([0, 1, 2].map(() => server.queue({ leases: { L: 'now+600000' } }))); // prettier-ignore
      const world = new World(queues);
      for (const one of list) {
        await world.run(one);
        commands += 1;
      }
      await world.heal();
      await world.complete();
    }),
    { seed, numRuns, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
  await expect(worlds).resolves.toBeUndefined();
  console.log([...met].map(([change, count]) => `${change}: ${count}`).join(', '));
  console.log(`DAG_SEED=${seed} ${numRuns} graphs, ${commands} commands in ${(performance.now() - started).toFixed(0)} ms`); // prettier-ignore
}, 120_000);
