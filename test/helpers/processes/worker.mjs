// A worker in a process of its own, for tests that kill, freeze or end it. Arguments: one JSON with queue, connection and
// options. It tells its parent what happens; a job's name says what its handler does.
import { Queue, Worker } from '../../../dist/index.js';

const { queue: name, connection, options, produce } = JSON.parse(process.argv[2]);
const tell = (kind, more = {}) => process.connected && process.send({ kind, ...more });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const handlers = {
  work: async (job) => {
    await pause(job.data?.ms ?? 0);
    return { pid: process.pid };
  },
  hold: (job, _token, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        tell('aborted', { id: job.id, reason: signal.reason?.name });
        resolve('too late');
      });
      process.on('message', (message) => {
        if (message === 'release') resolve('released');
      });
    }),
  poison: async () => {
    await pause(20);
    process.kill(process.pid, 'SIGKILL');
    await pause(1000);
  },
  busy: (job) => {
    const until = performance.now() + job.data.ms;
    while (performance.now() < until);
    return 'busy';
  },
};

process.on('unhandledRejection', (error) => {
  tell('unhandled', { message: String(error?.stack ?? error) });
});

const worker = new Worker(name, handlers, { connection, ...options });
worker.on('active', (job) => tell('active', { id: job.id, attempts: job.attemptsMade }));
worker.on('completed', (job, result) => tell('completed', { id: job.id, result }));
worker.on('failed', (job, error) => tell('failed', { id: job?.id, message: error.message }));
worker.on('stalled', (id) => tell('stalled', { id }));
worker.on('error', (error) => tell('error', { name: error.name, message: error.message }));

async function end() {
  const started = performance.now();
  await worker.close();
  tell('closed', { ms: performance.now() - started });
  process.off('disconnect', orphaned);
  if (process.connected) process.disconnect();
}
const orphaned = () => process.exit(1);
process.on('disconnect', orphaned);
process.on('SIGTERM', () => void end());

if (produce) {
  const queue = new Queue(name, { connection });
  for (let n = 0; n < produce; n += 1) await queue.add('work', { n });
}
tell('ready');
