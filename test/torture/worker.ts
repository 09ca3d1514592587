// A worker process of a torture run. Its argument is one JSON with WorkerSettings. It runs the jobs of all queues and tells the ledger
// what it does; SIGTERM closes it in good order.
import { setTimeout as pause } from 'node:timers/promises';
import { setClock } from './clock.js';
import type { Job } from '../../src/job.js';
import { Ledger, workerName, type Place } from './ledger.js';
import type { WorkerOptions } from '../../src/options.js';
import type { Task } from './load.js';

export interface WorkerSettings {
  /** URL of the library's entry. */
  readonly library: string;
  /** Number of its place among the workers. */
  readonly slot: number;
  /** Of Redis, through its own proxy. */
  readonly connection: Place;
  readonly ledger: Place;
  readonly queues: readonly string[];
  /** Unlike those that all have. */
  readonly options?: WorkerOptions;
  /** ms by which its clock is wrong. */
  readonly clock: number;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
const { queues } = settings;
setClock(settings.clock);
process.on('message', ({ clock }: { clock: number }) => setClock(clock));
const { Worker } = (await import(settings.library)) as typeof import('../../src/index.js');
const ledger = new Ledger(settings.ledger, workerName(settings.slot, process.pid));

async function work({ ms, blocks }: Task, signal: AbortSignal): Promise<void> {
  if (!blocks) return await pause(ms, undefined, { signal });
  const until = performance.now() + ms;
  // So long it answers nothing.
  while (performance.now() < until);
}

async function handle(job: Job, token: string, signal: AbortSignal): Promise<{ token: string }> {
  const name = `${job.queueName}/${job.id}`;
  const { attemptsMade, stalledCounter } = job;
  const task = job.data as Task;
  await ledger.note('start', name, `${attemptsMade} ${stalledCounter}`, token);
  try {
    await work(task, signal);
    if (attemptsMade < task.fails && !(await ledger.hasMercy())) throw new Error('planned');
  } catch (error) {
    const reason = signal.aborted ? (signal.reason as Error).name : (error as Error).message;
    await ledger.note('threw', name, reason, token);
    throw error;
  }
  await ledger.effect(name, token);
  return { token };
}

const worker = new Worker([...queues], handle, {
  connection: settings.connection,
  concurrency: 20,
  // One takes turns, the others go by order.
  ...(settings.slot === 0 ? { weights: Object.fromEntries(queues.map((name) => [name, 1])) } : {}),
  lockDuration: 1_500,
  stalledInterval: 250,
  closeTimeout: 700,
  // More than the nemesis can bring about: a lost job runs again, always.
  maxStalledCount: 1_000,
  ...settings.options,
});

const jobName = (job: Job | undefined): string => (job ? `${job.queueName}/${job.id}` : '');
worker.on('completed', (job) => void ledger.note('done', jobName(job), '', job.token));
worker.on(
  'failed',
  (job, error) => void ledger.note('failed', jobName(job), error.message, job?.token),
);
worker.on('cancelled', (job) => void ledger.note('stopped', jobName(job), '', job.token));
worker.on('error', (error) => {
  const { code } = error as { code?: string };
  void ledger.note('error', '', `${error.name} ${code ?? ''} ${error.message}`.slice(0, 300));
});

async function end(): Promise<void> {
  await worker.close();
  await ledger.close();
  process.exit(0);
}
process.once('SIGTERM', () => void end());
process.on('disconnect', () => process.exit(1));
process.send?.({ kind: 'ready' });
