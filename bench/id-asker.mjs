// One of the processes of bench/id-cache.mjs: asks whether ids are there, and tells how long that took. Arguments: one JSON with queue,
// connection, cache (yes or no), ids, calls, seconds.
import { Facts } from '../dist/knowing/facts.js';
import { Queue } from '../dist/index.js';

const { queue: name, connection, cache, ids, calls, seconds } = JSON.parse(process.argv[2]);

// The cache's own account of how old its answers are.
let oldest = 0;
const use = Object.getOwnPropertyDescriptor(Facts.prototype, 'use').value;
Facts.prototype.use = function useAndNote(id, maxAge, now) {
  const found = use.call(this, id, maxAge, now);
  if (found) oldest = Math.max(oldest, now - found.asOf);
  return found;
};

const queue = new Queue(name, { connection, ...(cache ? {} : { idCache: false }) });
const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

// It listens before the first job is added.
const probe = 'probe';
await queue.has(probe);
if (cache)
  for (let hits = 0; hits === 0; hits = queue.idCache.stats().hits) {
    await pause(10);
    await queue.has(probe);
  }
const before = queue.idCache.stats();
process.send({ kind: 'ready' });
await new Promise((resolve) => {
  process.once('message', resolve);
});

const spans = new Float64Array(calls);
const start = performance.now();
for (let call = 0; call < calls; call += 1) {
  // Even over the time of the run; on a timer's grain, so a few come right behind each other.
  const due = start + (call / calls) * seconds * 1_000;
  while (performance.now() < due) await pause(1);
  const asked = performance.now();
  await queue.has(`id-${Math.floor(Math.random() * ids)}`);
  spans[call] = performance.now() - asked;
}
const took = performance.now() - start;
const after = queue.idCache.stats();
await queue.close();

const asking = spans.reduce((sum, span) => sum + span, 0);
spans.sort();
process.send(
  {
    kind: 'done',
    took,
    asking,
    median: spans[Math.floor(calls / 2)],
    slow: spans[Math.floor(calls * 0.99)],
    hits: after.hits - before.hits,
    misses: after.misses - before.misses,
    corrections: after.corrections - before.corrections,
    revalidations: after.revalidations - before.revalidations,
    saved: after.commandsSaved - before.commandsSaved,
    oldest,
  },
  () => process.disconnect(),
);
