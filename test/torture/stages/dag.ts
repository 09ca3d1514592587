// One DAG of 50,000 jobs, wide and deep, over three queues. The judge holds each job against its parents.
import { playApart } from './apart.js';
import type { Play } from './stage.js';

const count = 50_000;

export const dag: Play = async (stage) => {
  const queues = ['dag-a', 'dag-b', 'dag-c'];
  const { ms, jobs, commands } = await playApart(stage, {
    queues,
    request: { kind: 'lattice', queues, count },
    count,
    options: { concurrency: 100 },
  });
  return `${jobs} jobs in ${(ms / 1_000).toFixed(1)} s, ${commands} commands of two workers`;
};
