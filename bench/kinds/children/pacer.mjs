// Rings when jobs are due. A thread can sleep for a part of a millisecond, which timers of the event loop can't, and costs next to nothing
// while it sleeps.
import { parentPort, workerData } from 'node:worker_threads';
import { clock } from '../../clock.mjs';

const { start, interval, times, shared } = workerData;
/** 1 while the last ring was not heard yet. */
const bell = new Int32Array(shared);
const nobody = new Int32Array(new SharedArrayBuffer(4));

for (let next = 0; next < times;) {
  const wait = start + next * interval - clock();
  if (wait > 0) Atomics.wait(nobody, 0, 0, wait);
  next = Math.max(next + 1, Math.ceil((clock() - start) / interval));
  if (Atomics.exchange(bell, 0, 1) === 0) parentPort.postMessage('due');
}
