// Those who wait for a job to finish, and what they hear of it in the end.
import type { Plan, Stage } from './stage.js';
import { isFinished, type Job, type Ref } from './state.js';

/** Somebody waits for a job. */
export interface Wait {
  readonly queue: string;
  readonly id: string;
  /** What he was told: what the job returned, or the error. */
  told: string | undefined;
}

export function returned(value: unknown): string {
  return `returned ${JSON.stringify(value)}`;
}

/** What is told of a job that has finished. */
export function endOf(job: Job): string {
  if (job.state === 'completed') return returned(job.result?.value);
  return threw(job.state === 'failed' ? 'JobFailedError' : 'JobCancelledError', job.reasons[0] ?? job.state); // prettier-ignore
}

function threw(error: string, reason: string): string {
  return `${error}: ${reason}`;
}

/** Waits for a job, as whoever has looked it up: as a rule one that is held, or has not finished. */
export function awaited(stage: Stage, name: string, pick: number): Plan {
  const open = stage.pickWhere(pick, ({ state }) => !isFinished(state));
  const chosen = [stage.hand(pick)?.run, open, undefined][pick % 3];
  return waitFor(stage, chosen ?? { queue: name, id: stage.pick(name, pick) });
}

function waitFor(stage: Stage, { queue: name, id }: Ref): Plan {
  return {
    real: async () => {
      const job = await stage.queue(name).getJob(id);
      if (!job) return 'JOB_NOT_FOUND';
      const wait: Wait = { queue: name, id, told: undefined };
      stage.waits.push(wait);
      job.waitUntilFinished().then(
        (value) => (wait.told = returned(value)),
        (error: Error & { code?: string }) =>
          (wait.told = error.code === undefined ? threw(error.name, error.message) : error.code),
      );
      return '';
    },
    model: () => stage.model.await(name, id),
  };
}
