// Commands that workers carry out, and time that passes.
import { hour, queueNames, type Planners } from './commands.js';
import { sweepOnce, ToldWorker } from './hands.js';
import { codeOf, type Plan, type Stage } from './stage.js';
import { letPass, serverTime } from './time.js';
import type { Ending } from './workers.js';

function claim(stage: Stage, name: string, number: number, slots: number): Plan {
  const at = `${name} ${number}`;
  const { model, connection, prefix } = stage;
  const worker = stage.workers.get(at) ?? new ToldWorker(stage.queue(name), prefix, connection);
  stage.workers.set(at, worker);
  const queue = model.queue(name);
  return {
    real: async () => await worker.claim(slots, model.hasDue(queue)),
    model: () => {
      const left = Object.values(
        (stage.seen.get(name)?.['delayed'] ?? {}) as Record<string, number>,
      );
      const isPromoted = (): boolean => left.every((due) => due > model.now[0]);
      worker.took(model.claim(worker.model, slots, isPromoted));
      return '';
    },
  };
}

/** This queue, or rather another that has something to claim, first of all jobs that were lost. */
function claimable({ model }: Stage, name: string, pick: number): string {
  const open = queueNames.filter((other) => !model.queue(other).paused);
  const lost = open.filter((other) => model.queue(other).suspects.size > 0);
  const has: string[] = open.filter((other) => model.queue(other).waiting.length > 0);
  const chosen = lost.length > 0 && pick > 1 ? lost : has;
  return chosen.includes(name) ? name : (chosen[pick % Math.max(1, chosen.length)] ?? name);
}

/** This queue, or rather another with a lease whose end nobody has noticed. */
function sweepable({ model }: Stage, name: string): string {
  const lapsed = (other: string): boolean =>
    [...model.queue(other).leases].some(({ state }) => state === 'lapsed');
  return [name, ...queueNames].find(lapsed) ?? name;
}

function sweep(stage: Stage, name: string): Plan {
  return {
    real: async () => {
      await stage.swept(name, hour);
      stage.sweepErrors.push(...(await sweepOnce(name, stage.prefix, stage.connection)));
    },
    model: () => stage.model.sweep(name) ?? '',
  };
}

/** One that has closed is there no more. */
function leave({ workers }: Stage, worker: ToldWorker): void {
  const { closing, runs } = worker.model;
  for (const [at, other] of workers)
    if (other === worker && closing && runs.length === 0) workers.delete(at);
}

function settle(stage: Stage, pick: number, ending: Ending): Plan | undefined {
  const hand = stage.hand(pick);
  if (!hand) return undefined;
  const { worker, run } = hand;
  const timedOut = run.job.spec.opts.timeout !== undefined;
  return {
    real: async () => {
      await worker.end(run, ending);
      await stage.connection.idle();
      return worker.errors.splice(0).map(codeOf).join();
    },
    model: () => {
      const word = stage.model.settle(worker.model, run, ending, timedOut);
      leave(stage, worker);
      return word;
    },
  };
}

/** This worker, or rather one that has jobs in hand. */
function busyWorker({ workers }: Stage, name: string, number: number): ToldWorker | undefined {
  const busy = [...workers.values()].filter(({ model }) => !model.closing && model.runs.length > 0);
  return busy[number % Math.max(1, busy.length)] ?? workers.get(`${name} ${number}`);
}

/** As if the last claim under this lease had told that all that it has claimed may wait for a slot. */
async function saysAhead(stage: Stage, name: string, lease: string): Promise<void> {
  const calls = stage.key(name, 'calls');
  const row = (await stage.redis.hget(calls, `${lease}:claim`)) as string;
  const [head = '', token, ...ids] = row.split('\n');
  const lines = token === undefined ? [`${head}\t0`] : [head, `${token}\t0`, ...ids];
  await stage.redis.hset(calls, `${lease}:claim`, lines.join('\n'));
}

type Working = 'shut' | 'claim' | 'complete' | 'fail' | 'giveUp' | 'putOff' | 'lapse' | 'close' | 'sweep' | 'pass'; // prettier-ignore

export const working: Pick<Planners, Working> = {
  claim: (stage, name, { worker, slots }) => {
    const chosen = claimable(stage, name, slots);
    const queue = stage.model.queue(chosen);
    // Several things would happen at once, in no certain order.
    const vague = queue.suspects.size > 0 || stage.model.hasExpired(queue);
    if (vague && stage.model.hasDue(queue)) return sweep(stage, chosen);
    if (stage.workers.get(`${chosen} ${worker}`)?.model.closing) return undefined;
    return claim(stage, chosen, worker, slots);
  },
  complete: (stage, _, { pick, value }) => settle(stage, pick, { how: 'complete', value }),
  fail: (stage, _, { pick, reason }) => settle(stage, pick, { how: 'fail', reason }),
  giveUp: (stage, _, { pick, reason }) => settle(stage, pick, { how: 'give up', reason }),
  putOff: (stage, _, { pick, ms, until }) => settle(stage, pick, { how: 'put off', ms, until }),
  lapse: (stage, _, { pick, ahead }) => {
    const live = [...stage.workers.values()].filter(({ model }) => model.lease?.state === 'live');
    const busy = live.filter(({ model }) => model.runs.some((run) => stage.model.isHeld(run)));
    const chosen = busy.length > 0 && pick % 5 > 0 ? busy : live;
    const worker = chosen[pick % Math.max(1, chosen.length)];
    const lease = worker?.model.lease;
    if (!worker || !lease) return undefined;
    return {
      real: async () => {
        const past = (await serverTime(stage.redis)) - 1_000;
        await stage.redis.zadd(stage.key(worker.model.queue, 'leases'), past, lease.id as string);
        if (ahead) await saysAhead(stage, worker.model.queue, lease.id as string);
      },
      model: () => {
        lease.state = 'lapsed';
        lease.ahead = ahead;
        return '';
      },
    };
  },
  shut: (stage, name, { worker: number }) => {
    const worker = busyWorker(stage, name, number);
    if (!worker || worker.model.closing) return undefined;
    return {
      real: () => worker.shut(),
      model: () => {
        stage.model.shut(worker.model);
        leave(stage, worker);
        return '';
      },
    };
  },
  close: (stage, name, { worker: number }) => {
    const at = `${name} ${number}`;
    const worker = stage.workers.get(at);
    if (!worker) return undefined;
    return {
      real: async () => await worker.worker.close(worker.hands.size > 0),
      model: () => {
        stage.workers.delete(at);
        return stage.model.close(worker.model) ?? '';
      },
    };
  },
  sweep: (stage, name) => sweep(stage, sweepable(stage, name)),
  pass: ({ redis, prefix, model }, _, { ms }) => ({
    real: async () => await letPass(redis, prefix, ms),
    model: () => model.pass(ms) ?? '',
  }),
};
