// Commands that add jobs.
import { BulkError, type Job as RealJob } from '../../src/index.js';
import type { NewJob, Planners } from './commands.js';
import type { BulkSpec } from './model.js';
import { codeOf, type Stage } from './stage.js';
import type { Ref } from './state.js';

/** Few names, so that many jobs meet others of their id. */
const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;

/** Which job is meant; `within`: ids of others of its call that it is to depend on. */
function specOf(stage: Stage, queue: string, drawn: NewJob, within: readonly string[]): BulkSpec {
  const id = ids[drawn.id] as string;
  const chosen = [
    ...within.map((other) => ({ queue, id: other })),
    ...drawn.parents.map((pick) => stage.pickAny(pick)),
  ];
  const others = chosen.filter((ref) => ref.queue !== queue || ref.id !== id);
  const parents = [...new Map(others.map((ref) => [`${ref.queue} ${ref.id}`, ref])).values()];
  const given = Object.entries(drawn.opts).filter(([, value]) => value !== undefined);
  const opts = Object.fromEntries(given);
  return { id, name: `job ${id}`, data: drawn.data, opts, parents, within };
}

function calledWith({ name, data, id, opts, parents }: BulkSpec) {
  const dependsOn = parents.length > 0 ? { dependsOn: parents } : {};
  return { name, data, opts: { ...opts, jobId: id, ...dependsOn } };
}

function wordOf(job: RealJob): string {
  return job.duplicate ? 'duplicate' : 'added';
}

function isOf(ref: Ref, queue: string, specs: readonly BulkSpec[]): boolean {
  return ref.queue === queue && specs.some(({ id }) => id === ref.id);
}

/** Jobs of one call with different ids. Who names another job of the call depends on that one; none names one behind it. */
function bulkOf(
  stage: Stage,
  queue: string,
  drawn: readonly (readonly [NewJob, readonly number[]])[],
): BulkSpec[] {
  const specs: BulkSpec[] = [];
  for (const [job, refs] of drawn) {
    const within = [...new Set(refs.flatMap((ref) => specs[ref]?.id ?? []))];
    const spec = specOf(stage, queue, job, within);
    if (!specs.some(({ id }) => id === spec.id)) specs.push(spec);
  }
  return specs.map((spec, at) => {
    const parents = spec.parents.filter((ref) => !isOf(ref, queue, specs.slice(at)));
    const within = parents.filter((ref) => isOf(ref, queue, specs.slice(0, at)));
    return { ...spec, parents, within: within.map(({ id }) => id) };
  });
}

export const adding: Pick<Planners, 'add' | 'addBulk'> = {
  add: (stage, name, { job, most }) => {
    const spec = specOf(stage, name, job, []);
    const { data, opts } = calledWith(spec);
    return {
      real: async () => wordOf(await stage.queue(name, most).add(spec.name, data, opts)),
      model: () => stage.model.addBulk(name, [spec], most)[0],
    };
  },
  addBulk: (stage, name, { jobs, most: drawn }) => {
    const specs = bulkOf(stage, name, jobs);
    // Jobs of several scripts are admitted in no certain order.
    const isPlain = specs.every(({ parents, opts }) => parents.length === 0 && !opts.delay);
    const most = isPlain ? drawn : undefined;
    return {
      real: async () => {
        try {
          return (await stage.queue(name, most).addBulk(specs.map(calledWith))).map(wordOf);
        } catch (error) {
          if (!(error instanceof BulkError)) throw error;
          const { outcomes } = error as BulkError<RealJob>;
          return outcomes.map((one) => ('job' in one ? wordOf(one.job) : codeOf(one.error)));
        }
      },
      model: () => stage.model.addBulk(name, specs, most),
    };
  },
};
