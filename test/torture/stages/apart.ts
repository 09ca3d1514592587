// Jobs in queues of their own, run by two hired workers, one of which is killed half way; then they are judged as all jobs are.
import type { Redis } from 'ioredis';
import type { WorkerOptions } from '../../../src/options.js';
import type { Request } from '../producer.js';
import { verdict } from '../verdict.js';
import type { Stage } from './stage.js';

export interface Plot {
  readonly queues: readonly string[];
  /** What the producer is asked to add. */
  readonly request: Request;
  readonly count: number;
  readonly options: WorkerOptions;
}

/** What a worker needed for it. */
export interface Effort {
  readonly ms: number;
  readonly jobs: number;
  /** Commands that were sent, by all workers. */
  readonly commands: number;
}

/** How many jobs of these queues have ended, and how many are there. */
const sumUp = `local ended, all = 0, 0
for _, queue in ipairs(ARGV) do
  local prefix = 'lunaq:{' .. queue .. '}:'
  all = all + redis.call('HLEN', prefix .. 'jobs')
  for _, noun in ipairs({ 'completed', 'failed', 'cancelled' }) do
    ended = ended + redis.call('ZCARD', prefix .. noun)
  end
end
return { ended, all }`;
const summedUpAtOnce = 500;

/** Undefined when Redis did not answer. */
async function progressOf(
  redis: Redis,
  queues: readonly string[],
): Promise<{ ended: number; all: number } | undefined> {
  const sum = { ended: 0, all: 0 };
  for (let from = 0; from < queues.length; from += summedUpAtOnce) {
    const part = queues.slice(from, from + summedUpAtOnce);
    const reply = await redis.eval(sumUp, 0, ...part).catch(() => undefined);
    if (!reply) return undefined;
    const [ended, all] = reply as [number, number];
    sum.ended += ended;
    sum.all += all;
  }
  return sum;
}

/** ms between two looks. */
const period = 500;
/** Most queues whose keys are all looked at in the end; of the others each job is. */
const mostClosely = 50;
/** ms without any job that ends, after which it is given up; the verdict tells what is left. */
const patience = 120_000;

export async function playApart(stage: Stage, plot: Plot): Promise<Effort> {
  const { crew, master, judge, found, signal, rest, alone, kill } = stage;
  const { redis } = master;
  const { queues, count, options } = plot;
  const start = performance.now();
  const slots = [await crew.hire({ queues, options }), await crew.hire({ queues, options })];
  const [victim = 0] = slots;
  let added: number | undefined;
  const adding = crew.ask(plot.request).then((answer) => {
    added = Number(answer);
    return undefined;
  });
  let last = { ended: 0, at: start };
  let isKilled = false;
  while (!signal.aborted && performance.now() - last.at < patience) {
    await rest(period);
    const progress = await progressOf(redis, queues);
    if (!progress) continue;
    const { ended, all } = progress;
    if (added !== undefined && ended === all) break;
    if (ended !== last.ended) last = { ended, at: performance.now() };
    if (isKilled || ended < count / 2) continue;
    isKilled = true;
    await kill(victim);
    await crew.startWorker(victim);
  }
  const ms = performance.now() - start;
  const step = Math.ceil(queues.length / mostClosely);
  const closely = queues.filter((_, at) => at % step === 0);
  const commands = slots.reduce((sum, slot) => sum + crew.proxy(slot).commands, 0);
  await Promise.all([adding, ...slots.map((slot) => crew.closeWorker(slot))]);
  // Redis is not restarted meanwhile: cursors of a scan mean nothing to the next process, so rows would be missed.
  await alone(async () => {
    if (signal.aborted) return;
    await judge.read();
    for (const queue of closely) await judge.examine(queue);
    await verdict(redis, judge.book, found, queues, closely);
  });
  return { ms, jobs: added ?? 0, commands };
}
