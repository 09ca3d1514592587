// 5,000 queues with two jobs each, all served by each of two workers.
import { playApart } from './apart.js';
import type { Play } from './stage.js';

const count = 5_000;
const each = 2;
/** A worker has a lease and a sweep in each queue: at the pace of the others they alone would keep Redis busy. */
const options = { concurrency: 50, lockDuration: 30_000, stalledInterval: 20_000 };

export const queues: Play = async (stage) => {
  const names = Array.from({ length: count }, (_, at) => `many-${at}`);
  const { ms, jobs, commands } = await playApart(stage, {
    queues: names,
    request: { kind: 'many', queues: names, each },
    count: count * each,
    options,
  });
  return `${jobs} jobs in ${count} queues in ${(ms / 1_000).toFixed(1)} s, ${commands} commands of two workers`;
};
