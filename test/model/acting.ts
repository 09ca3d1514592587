// Commands that act on jobs and queues, note something on a job, or look.
import type { Job as RealJob } from '../../src/index.js';
import { queueNames, type Planners } from './commands.js';
import { countersTold, tellCounts } from './counts.js';
import { lookAt, modelSees } from './look.js';
import type { Plan, Stage } from './stage.js';
import { isFinished, type Job, type Ref } from './state.js';
import { awaited } from './waits.js';
import type { Said } from './model.js';
import type { Line } from './news.js';

/** Notes something on a job that was looked up, as whoever runs it or nobody. */
function note(
  stage: Stage,
  name: string,
  pick: number,
  write: (job: RealJob) => Promise<unknown>,
  noted: (job: Job) => Said,
): Plan {
  const id = stage.pick(name, pick);
  return {
    real: async () => {
      const job = await stage.queue(name).getJob(id);
      if (!job) return 'JOB_NOT_FOUND';
      return await write(job);
    },
    model: () => {
      const run = stage.model.find({ queue: name, id })?.run;
      return stage.model.note(name, id, run, noted);
    },
  };
}

function progressed(job: Job, progress: unknown): Line {
  job.progress = progress;
  return ['progress', { jobId: job.spec.id, data: progress }];
}

/** Job to be put back: as a rule one that has finished, a child whose parent was put back before, or a parent. */
function toRetry(stage: Stage, pick: number): Ref {
  const { model } = stage;
  const ended = stage.stored().filter((ref) => isFinished(model.find(ref)?.state ?? ''));
  const again = (ref: Ref): boolean => !isFinished(model.find(ref)?.state ?? 'completed');
  const kinds = [
    [],
    ended,
    ended.filter((ref) => model.find(ref)?.spec.parents.some(again)),
    ended.filter((ref) => model.find(ref)?.pinned),
  ];
  const chosen = kinds[pick % kinds.length] ?? [];
  return chosen[pick % Math.max(1, chosen.length)] ?? stage.pickAny(pick);
}

/** Whether a job waits for several that are to go in one call: then it is not certain which of them it hears of first. */
function twiceDoomed(stage: Stage, name: string, states: readonly string[]): boolean {
  const { model } = stage;
  const goes = (ref: Ref): boolean => ref.queue === name && states.includes(model.find(ref)?.state ?? ''); // prettier-ignore
  return stage.stored().some((ref) => {
    const open = [...(model.find(ref)?.open ?? [])];
    return open.filter(({ parent }) => goes(parent)).length > 1;
  });
}

type Acting =
  | 'cancel'
  | 'remove'
  | 'retryJob'
  | 'retryJobs'
  | 'clean'
  | 'drain'
  | 'pause'
  | 'resume'
  | 'obliterate'
  | 'updateData'
  | 'updateMeta'
  | 'progress'
  | 'log'
  | 'noteInHand'
  | 'look'
  | 'counters'
  | 'await';

export const acting: Pick<Planners, Acting> = {
  cancel: (stage, name, { pick, dependents }) => {
    const chosen = [
      stage.hand(pick)?.run,
      stage.pickWhere(pick, (job) => job.state === 'deferred' || job.dependents.size > 0),
    ][pick % 3];
    const { queue, id } = chosen ?? { queue: name, id: stage.pick(name, pick) };
    const reason = `reason ${dependents ?? ''}`;
    const options = { reason, ...(dependents ? { dependents } : {}) };
    return {
      real: () => stage.queue(queue).cancel(id, options),
      model: () => stage.model.cancel(queue, id, reason, dependents),
    };
  },
  remove: (stage, name, { pick }) => {
    const ended = stage.pickWhere(pick, ({ state }) => state === 'cancelled');
    const awaitedOne = stage.pickWhere(pick, ({ awaited: is, state }) => is && state !== 'active' && !isFinished(state)); // prettier-ignore
    const chosen = [ended, awaitedOne, undefined][pick % 3];
    const { queue, id } = chosen ?? { queue: name, id: stage.pick(name, pick) };
    return {
      real: () => stage.queue(queue).remove(id),
      model: () => stage.model.removeJob(queue, id),
    };
  },
  retryJob: (stage, _, { pick }) => {
    const { queue, id } = toRetry(stage, pick);
    return {
      real: () => stage.queue(queue).retryJob(id),
      model: () => stage.model.retryJob(queue, id),
    };
  },
  retryJobs: (stage, name, { state, count }) => ({
    real: () => stage.queue(name).retryJobs({ state, count }),
    model: () => stage.model.retryJobs(name, state, count),
  }),
  clean: (stage, name, { state, ...drawn }) => {
    // Which of those that have not finished go first is not said.
    const { grace, limit } = isFinished(state) ? drawn : { grace: 0, limit: 0 };
    if (!isFinished(state) && twiceDoomed(stage, name, [state])) return undefined;
    return {
      real: async () => (await stage.queue(name).clean(grace, limit, state)).toSorted(),
      model: () => stage.model.clean(name, grace, limit || Infinity, state).toSorted(),
    };
  },
  drain: (stage, drawn, { delayed }) => {
    // Rather a queue in which jobs wait that were lost.
    const lost = queueNames.find((other) => stage.model.queue(other).suspects.size > 0);
    const name = lost ?? drawn;
    if (twiceDoomed(stage, name, delayed ? ['waiting', 'delayed'] : ['waiting'])) return undefined;
    return {
      real: () => stage.queue(name).drain(delayed),
      model: () => stage.model.drain(name, delayed) ?? '',
    };
  },
  pause: (stage, name) => ({
    real: () => stage.queue(name).pause(),
    model: () => stage.model.pause(name, true) ?? '',
  }),
  resume: (stage, name) => ({
    real: () => stage.queue(name).resume(),
    model: () => stage.model.pause(name, false) ?? '',
  }),
  obliterate: (stage, name, { force }) => ({
    real: async () => {
      // What is told later counts from then on.
      await tellCounts(stage, name);
      try {
        await stage.queue(name).obliterate({ force });
      } finally {
        await stage.swept(name);
      }
    },
    model: () => {
      stage.model.tellAll(name);
      stage.model.reopen(name);
      return stage.model.obliterate(name, force);
    },
  }),
  updateData: (stage, name, { pick, data }) => {
    const noted = (job: Job): void => void (job.data = data);
    return note(stage, name, pick, (job) => job.updateData(data), noted);
  },
  updateMeta: (stage, name, { pick, meta }) => {
    const noted = (job: Job): void => void (job.meta = meta);
    return note(stage, name, pick, (job) => job.updateMeta(meta), noted);
  },
  progress: (stage, name, { pick, progress }) => {
    const noted = (job: Job): Line => progressed(job, progress);
    return note(stage, name, pick, (job) => job.updateProgress(progress), noted);
  },
  log: (stage, name, { pick, keep }) => {
    stage.noted += 1;
    const row = `row ${stage.noted}`;
    if (keep === undefined)
      return note(stage, name, pick, (job) => job.log(row), ({ logs }) => logs.push(row)); // prettier-ignore
    const noted = ({ logs }: Job): void => void logs.splice(0, logs.length - keep);
    return note(stage, name, pick, (job) => job.clearLogs(keep), noted);
  },
  noteInHand: (stage, _, { pick, what }) => {
    const hand = stage.hand(pick);
    const job = hand?.worker.hands.get(hand.run)?.job;
    if (!hand || !job) return undefined;
    stage.noted += 1;
    const value = { in: 'hand', note: stage.noted };
    const row = `row ${stage.noted}`;
    const acts = {
      data: [() => job.updateData(value), (stored: Job) => void (stored.data = value)],
      meta: [() => job.updateMeta(value), (stored: Job) => void (stored.meta = value)],
      progress: [() => job.updateProgress(value), (stored: Job) => progressed(stored, value)],
      log: [() => job.log(row), ({ logs }: Job) => logs.push(row)],
    } as const;
    const [real, noted] = acts[what];
    const { queue, id } = hand.run;
    return { real, model: () => stage.model.note(queue, id, hand.run, noted) };
  },
  await: (stage, name, { pick }) => awaited(stage, name, pick),
  counters: (stage, name) => countersTold(stage, name),
  look: (stage, name, { pick }) => {
    const id = stage.pick(name, pick);
    return {
      real: () => lookAt(stage.queue(name), id),
      model: () => modelSees(stage.model.queue(name), id),
    };
  },
};
