// Redis has lost what it did last: the judge is told what that may be, before anybody can ask.
import { queues } from '../load.js';
import type { Stage } from './stage.js';

/** `from`: all that was acknowledged before is still there. To be called while no server answers. */
export async function tellLapse({ ledger, judge }: Stage, from: number): Promise<number> {
  const to = Date.now() + 1;
  await ledger.note('forgotten', '', `${from} ${to}`);
  await judge.read();
  return to - from;
}

/** When one answers again: that a queue was resumed may have been forgotten too. */
export async function resumeAll({ crew }: Stage): Promise<void> {
  await Promise.all(queues.map((queue) => crew.ask({ kind: 'pause', queue, ms: 0 })));
}
