// Commands that act on jobs and queues, note something on a job, or look.
import type { Job as RealJob } from '../../src/index.js';
import type { Planners } from './commands.js';
import { lookAt, modelSees } from './look.js';
import { isFinished } from './model.js';
import type { Plan, Stage } from './stage.js';
import type { Job, Ref } from './state.js';

/** Notes something on a job that was looked up, as whoever runs it or nobody. */
function note(
  stage: Stage,
  name: string,
  pick: number,
  write: (job: RealJob) => Promise<unknown>,
  noted: (job: Job) => void,
): Plan {
  const id = stage.pick(name, pick);
  return {
    real: async () => {
      const job = await stage.queue(name).getJob(id);
      if (!job) return 'JOB_NOT_FOUND';
      await write(job);
      return '';
    },
    model: () => {
      const run = stage.model.find({ queue: name, id })?.run;
      return stage.model.note(name, id, run, noted);
    },
  };
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
  | 'look';

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
    const chosen = pick % 3 === 0 ? ended : undefined;
    const { queue, id } = chosen ?? { queue: name, id: stage.pick(name, pick) };
    return {
      real: () => stage.queue(queue).remove(id),
      model: () => stage.model.remove(queue, id),
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
    return {
      real: async () => (await stage.queue(name).clean(grace, limit, state)).toSorted(),
      model: () => stage.model.clean(name, grace, limit || Infinity, state).toSorted(),
    };
  },
  drain: (stage, name, { delayed }) => ({
    real: () => stage.queue(name).drain(delayed),
    model: () => stage.model.drain(name, delayed) ?? '',
  }),
  pause: (stage, name) => ({
    real: () => stage.queue(name).pause(),
    model: () => {
      stage.model.queue(name).paused = true;
      return '';
    },
  }),
  resume: (stage, name) => ({
    real: () => stage.queue(name).resume(),
    model: () => {
      stage.model.queue(name).paused = false;
      return '';
    },
  }),
  obliterate: (stage, name, { force }) => ({
    real: async () => {
      try {
        await stage.queue(name).obliterate({ force });
      } finally {
        await stage.swept(name);
      }
    },
    model: () => stage.model.obliterate(name, force),
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
    const noted = (job: Job): void => void (job.progress = progress);
    return note(stage, name, pick, (job) => job.updateProgress(progress), noted);
  },
  log: (stage, name, { pick, keep }) => {
    stage.noted += 1;
    const row = `row ${stage.noted}`;
    if (keep === undefined)
      return note(stage, name, pick, (job) => job.log(row), ({ logs }) => void logs.push(row)); // prettier-ignore
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
      progress: [() => job.updateProgress(value), (stored: Job) => void (stored.progress = value)],
      log: [async () => void (await job.log(row)), ({ logs }: Job) => void logs.push(row)],
    } as const;
    const [real, noted] = acts[what];
    const { queue, id } = hand.run;
    return { real, model: () => stage.model.note(queue, id, hand.run, noted) };
  },
  look: (stage, name, { pick }) => {
    const id = stage.pick(name, pick);
    return {
      real: () => lookAt(stage.queue(name), id),
      model: () => modelSees(stage.model.queue(name), id),
    };
  },
};
