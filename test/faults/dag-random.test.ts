// Random graphs over three queues. Clients act at the same time: their calls are let through one by one in any order, and each may die
// between any two. What was broken off is healed by what a sweep does; where nobody dies nothing is. Every state after every call is held
// against a reference.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ParentFailurePolicy } from '../../src/job-options.js';
import { jobCount, met, World, type Command } from '../helpers/dag-world.js';
import { privateServer } from '../helpers/scripts.js';

const server = privateServer();

const queue = fc.nat(2);
const client = fc.nat(5);
const of = fc.constantFrom;
const step: Command = { do: 'step', client: 0 };

type Weighted = { weight: number; arbitrary: fc.Arbitrary<Command> };

/** What may happen to so many jobs; `healing` with clients that die and sweeps. */
function histories(jobs: number, healing: readonly Weighted[]): fc.Arbitrary<Command[]> {
  const job = fc.nat(jobs - 1);
  const add = fc.record({
    do: of('add' as const),
    job,
    parents: fc.array(fc.nat(jobs), { maxLength: 3 }),
    policy: of<ParentFailurePolicy[]>('fail', 'run', 'wait'),
    keep: fc.boolean(),
  });
  const steps = fc.record({
    do: of('step' as const),
    client,
    forgotten: of(false, false, false, true),
  });
  const settle = fc.record({
    do: of('settle' as const),
    held: client,
    how: of('complete' as const, 'fail' as const, 'fail' as const),
  });
  const cancel = fc.record({
    do: of('cancel' as const),
    job,
    dependents: of(undefined, undefined, 'cancel' as const, 'release' as const),
  });
  const act = fc.record({ do: of('remove' as const, 'retry' as const, 'retry' as const), job });
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 3, arbitrary: add },
    { weight: 30, arbitrary: steps },
    { weight: 4, arbitrary: fc.record({ do: of('claim' as const), queue }) },
    { weight: 4, arbitrary: settle },
    { weight: 3, arbitrary: cancel },
    { weight: 6, arbitrary: act },
    ...healing,
  );
  // A world begins with some of its jobs, each added in peace, and goes on from there.
  return fc
    .tuple(
      fc.array(add, { minLength: Math.min(4, jobs), maxLength: jobs, size: 'max' }),
      fc.array(command, { minLength: 20, maxLength: 80, size: 'max' }),
    )
    .map(([first, then]) => [
      ...first.flatMap((one, place) => [{ ...one, job: place }, step, step, step, step]),
      ...then,
    ]);
}

/** A child comes, or comes back, while its parent ends and while that is put back or goes, in any order of their calls. */
function meetings(): fc.Arbitrary<Command[]> {
  const [parent, child] = [0, 1];
  const finish: Command = { do: 'finish' };
  const add = (job: number, policy: ParentFailurePolicy): Command => {
    return { do: 'add', job, parents: [parent], policy, keep: true };
  };
  const facts = fc.record({
    policy: of<ParentFailurePolicy[]>('fail', 'run', 'wait'),
    comesBack: fc.boolean(),
    dependents: of(undefined, 'cancel' as const, 'release' as const),
    next: of<('retry' | 'remove')[]>('retry', 'retry', 'remove'),
    turns: fc.array(fc.nat(2), { minLength: 16, maxLength: 16 }),
  });
  return facts.map(({ policy, comesBack, dependents, next, turns }) => [
    add(parent, 'fail'),
    finish,
    ...(comesBack
      ? [add(child, policy), finish, { do: 'cancel' as const, job: child }, finish]
      : []),
    comesBack ? { do: 'retry', job: child } : add(child, policy),
    { do: 'cancel', job: parent, dependents },
    { do: next, job: parent },
    ...turns.map((whose): Command => ({ do: 'turn', of: whose })),
  ]);
}

const dying: Weighted[] = [
  { weight: 2, arbitrary: fc.record({ do: of('die' as const), client }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: of('evict' as const, 'resume' as const, 'recheck' as const),
      queue,
    }),
  },
];
const evicting: Weighted[] = [
  { weight: 1, arbitrary: fc.record({ do: of('evict' as const), queue }) },
];

async function explore(
  list: fc.Arbitrary<Command[]>,
  runs: number,
  end: (world: World) => Promise<void>,
): Promise<void> {
  const seed = Number(process.env['DAG_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Number(process.env['DAG_RUNS'] ?? runs);
  const started = performance.now();
  let commands = 0;
  const worlds = fc.assert(
    fc.asyncProperty(list, async (history) => {
      const queues = await Promise.all([0, 1, 2].map(() => server.queue({ leases: { L: 'now+600000' } }))); // prettier-ignore
      const world = new World(queues);
      for (const one of history) {
        await world.run(one);
        commands += 1;
      }
      await end(world);
      await world.complete(end);
    }),
    { seed, numRuns, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
  await worlds;
  console.log([...met].map(([change, count]) => `${change}: ${count}`).join(', '));
  console.log(`DAG_SEED=${seed} ${numRuns} graphs, ${commands} commands in ${(performance.now() - started).toFixed(0)} ms`); // prettier-ignore
}

test('random graphs, clients and crashes: whatever happens is legal, and in the end nobody waits for nothing', async () => {
  const explored = explore(histories(jobCount, dying), 150, (world) => world.heal());
  await expect(explored).resolves.toBeUndefined();
}, 120_000);

test.each([
  { what: 'few jobs', list: histories(3, evicting), runs: 30 },
  { what: 'one parent and one child', list: meetings(), runs: 180 },
])(
  'where no client dies, nobody waits for a sweep to hear what concerns him: $what',
  async ({ list, runs }) => {
    const explored = explore(list, runs, (world) => world.rest());
    await expect(explored).resolves.toBeUndefined();
  },
  120_000,
);
