// Adds to many queues in turn while one process works at all of them.
import { measure } from '../measure.mjs';
import { addAll } from '../workload.mjs';
import { nothingLeft } from './parts/nothing-left.mjs';
import { Receiver } from './parts/receiver.mjs';

/** Part of the jobs that goes first, through the same queues. */
const warmUpPart = 0.2;

/** @param {import('../sample.mjs').Context} context */
export async function run({ point, jobs, library, url, redis, queue }) {
  const { open } = await import(`./many/${library}.mjs`);
  const queues = Array.from({ length: point.queues }, (_, n) => `${queue}-${n}`);
  const target = await open({ url, queues, bytes: point.bytes });
  const first = Math.ceil(jobs * warmUpPart);
  const receiver = new Receiver(first + jobs);
  const worker = await target.worker(point.width, receiver.listener);
  const running = worker.run();
  running.catch((error) => receiver.listener.broken(error));
  const phase = async (from, count) => {
    const add = (index) => target.add(from + index);
    await Promise.all([addAll({ add }, count), receiver.reached(from + count)]);
  };
  await phase(0, first);
  const figures = await measure(redis, jobs, () => phase(first, jobs));
  await worker.close();
  await running;
  receiver.check();
  await nothingLeft(target);
  await target.close();
  return figures;
}
