// The operations that are measured beside a backlog: in cycles, each of which leaves as many jobs as it found.
import { clock } from '../../clock.mjs';

/** ms until what was stored for one ms is due. */
const due = 3;

/**
 * @param {import('./script-desk.mjs').ScriptDesk} desk
 * @param {'waiting' | 'delayed' | 'completed'} state that the backlog is in
 * @param {number} batch
 * @returns {(() => Promise<void>)[]} in the order in which they are to be made, each many times
 */
export function cyclesOf(desk, state, batch) {
  switch (state) {
    case 'waiting':
      return waiting(desk, batch);
    case 'delayed':
      return delayed(desk, batch);
    case 'completed':
      return completed(desk, batch);
    default:
      throw new RangeError(`state: expected waiting, delayed or completed, got ${String(state)}`);
  }
}

function waiting(desk, batch) {
  return [
    async () => {
      const claimed = await desk.claim(batch, `claim ${batch}`);
      await desk.complete(claimed, {}, `complete ${batch}`);
      await desk.enqueue(batch, `add ${batch}`);
    },
    async () => {
      const claimed = await desk.claim(1, 'claim 1');
      await desk.complete(claimed, {}, 'complete 1');
      await desk.enqueue(1, 'add 1');
    },
    async () => {
      await desk.handback(await desk.claim(batch), `handback ${batch}`);
    },
    async () => {
      await desk.counts('getJobCounts');
      await desk.stateOf(await desk.anyWaiting(), 'getJobState');
    },
    () => evictSome(desk, batch),
    // A job that is taken out of the list leaves a void entry there: the claim behind it finds one before each job.
    async () => {
      await desk.remove(everySecond(await desk.firstWaiting(batch * 2)), `remove ${batch}`);
      await desk.complete(await desk.claim(batch, `claim ${batch} between removed ones`));
      await desk.enqueue(batch * 2);
    },
    async () => {
      const ids = everySecond(await desk.firstWaiting(batch * 2));
      await desk.cancel(ids, `cancel ${batch}`);
      await desk.remove(ids);
      await desk.complete(await desk.claim(batch));
      await desk.enqueue(batch * 2);
    },
  ];
}

function everySecond(ids) {
  return ids.filter((_, at) => at % 2 === 0);
}

function delayed(desk, batch) {
  return [
    async () => {
      await desk.schedule(batch, 1, `add ${batch}, delayed`);
      await pause(due);
      await desk.promote(batch, `promote ${batch}`);
      await desk.complete(await desk.claim(batch));
    },
  ];
}

function completed(desk, batch) {
  return [() => evictSome(desk, batch)];
}

async function evictSome(desk, batch) {
  await desk.enqueue(batch);
  await desk.complete(await desk.claim(batch), { age: '1' }, `complete ${batch}, results kept`);
  await pause(due);
  await desk.evict(batch, `evict ${batch}`);
}

async function pause(ms) {
  for (const until = clock() + ms; clock() < until;)
    await new Promise((done) => setTimeout(done, 1));
}
