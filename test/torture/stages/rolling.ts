// A deployment: the workers are closed one after the other, each when the one before it was replaced.
import { workers } from '../schedule.js';
import type { Play } from './stage.js';

export const rolling: Play = async ({ crew, rest, signal }) => {
  for (let slot = 0; slot < workers; slot += 1) {
    // Between two of them, as when another fault has just ended it.
    while (!signal.aborted && !(await crew.closeWorker(slot))) await rest(20);
    await crew.startWorker(slot);
  }
  return `${workers} workers replaced`;
};
