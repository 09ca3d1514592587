// Works at a queue in a process of its own, beside others. It tells how many jobs it has completed, and at the end which.
import { obey, tell } from '../parts/child.mjs';
import { Receiver } from '../parts/receiver.mjs';

/** ms between two notes of how many were completed. */
const every = 50;

let library;
let target;
let workers;
let running;
let receiver;
let timer;
let cpu;
let failure;

/** Gets ready to work at a queue in which there are so many jobs, for all who work there; with one worker unless told otherwise. */
async function open({ name, options, jobs, width, count = 1 }) {
  library ??= await import(`../../libraries/${name}.mjs`);
  receiver = new Receiver(jobs);
  failure = undefined;
  receiver.reached(Infinity).catch((error) => {
    failure = error;
    tell({ broken: error.stack });
  });
  target = await library.open(options);
  workers = [];
  for (let n = 0; n < count; n += 1) workers.push(await target.worker(width, receiver.listener));
}

function run() {
  cpu = process.cpuUsage();
  let told = 0;
  timer = setInterval(() => {
    if (receiver.completed === told) return;
    told = receiver.completed;
    tell({ completed: told });
  }, every);
  running = Promise.all(workers.map((worker) => worker.run()));
  running.catch((error) => tell({ broken: error.stack }));
}

/** When its first job started and its last one was acknowledged, its CPU, and the jobs that it has had. */
async function report() {
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(timer);
  await Promise.all(workers.map((worker) => worker.close()));
  await running;
  await target.close();
  if (failure) throw failure;
  const first = receiver.arrivals.reduce(
    (least, at) => (at > 0 && at < least ? at : least),
    Infinity,
  );
  const { completedAt: last, completed } = receiver;
  return {
    first,
    last,
    completed,
    micros: user + system,
    jobs: receiver.bitmap().toString('base64'),
  };
}

obey({ open, run, report });
