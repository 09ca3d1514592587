// The jobs of a run: of every kind, with what each of them is planned to do and how it may end.
import type { JobOptions } from '../../src/job-options.js';
import type { Random } from './random.js';

export const queues = ['alpha', 'beta', 'gamma'] as const;

/** What a handler does, in the data of its job. */
export interface Task {
  /** How long it takes. */
  readonly ms: number;
  /** How many attempts fail. */
  readonly fails: number;
  /** It blocks the event loop meanwhile. */
  readonly blocks: boolean;
}

export type End = 'completed' | 'failed' | 'cancelled';

/** A job before it is added. */
export interface Plan {
  readonly kind: Kind | 'node' | 'probe';
  readonly queue: string;
  readonly id: string;
  readonly task: Task;
  readonly opts: JobOptions;
  /** `queue/id` of each. */
  readonly parents: readonly string[];
  /** How it may end when everything holds. */
  readonly ends: readonly End[];
  /** Whether its retention may end before it is looked for. */
  readonly gone: boolean;
  /** ms after the add at which the producer cancels it. */
  readonly cancelAfter?: number;
  /** It is put back when it has finished. */
  readonly requeued?: true;
}

const weights = {
  plain: 30,
  swift: 14,
  long: 3,
  delayed: 12,
  retry: 9,
  ttl: 9,
  lifo: 5,
  timeout: 3,
  cancel: 7,
  kept: 5,
  requeue: 3,
  busy: 0.3,
};

type Kind = keyof typeof weights;

/** Completed jobs of this queue stay by their number, so any of them may be gone. */
const cappedQueue = 'gamma';

function task(ms: number, more: Partial<Task> = {}): Task {
  return { ms, fails: 0, blocks: false, ...more };
}

type Details = Pick<Plan, 'task' | 'opts' | 'ends'> & Partial<Plan>;

const kinds: { readonly [K in Kind]: (random: Random) => Details } = {
  plain: (random) => ({ task: task(random.between(0, 40)), opts: {}, ends: ['completed'] }),
  swift: (random) => ({
    task: task(random.between(0, 3)),
    opts: { removeOnComplete: true },
    ends: ['completed'],
    gone: true,
  }),
  long: (random) => ({ task: task(random.between(300, 2_500)), opts: {}, ends: ['completed'] }),
  delayed: (random) => ({
    task: task(random.between(0, 20)),
    opts: { delay: random.between(1, 3_000), lifo: random.chance(0.2) },
    ends: ['completed'],
  }),
  retry: (random) => {
    const attempts = random.between(1, 4);
    const fails = random.between(0, 4);
    const type = random.pick(['fixed', 'exponential'] as const);
    return {
      task: task(random.between(0, 20), { fails }),
      opts: {
        attempts,
        backoff: random.chance(0.2) ? 0 : { type, delay: random.between(20, 200) },
      },
      ends: [fails < attempts ? 'completed' : 'failed'],
    };
  },
  ttl: (random) => {
    const delay = random.chance(0.7) ? random.between(250, 800) : 0;
    // Before it is due, soon after, or while it waits.
    const ttl = delay > 0 ? delay + random.between(-200, 100) : random.between(1, 150);
    return {
      task: task(random.between(0, 20)),
      opts: { delay, ttl, removeOnFail: random.chance(0.3) },
      ends: ['completed', 'failed'],
      gone: true,
    };
  },
  lifo: (random) => ({
    task: task(random.between(0, 20)),
    opts: { lifo: true },
    ends: ['completed'],
  }),
  timeout: (random) => ({
    task: task(60_000),
    opts: { timeout: random.between(50, 200) },
    ends: ['failed'],
  }),
  cancel: (random) => ({
    task: task(random.pick([0, 20, 800])),
    opts: { delay: random.pick([0, 0, 300, 1_000]) },
    ends: ['completed', 'cancelled'],
    cancelAfter: random.pick([0, 0, 1, 5, 50, 400]),
  }),
  kept: (random) => ({
    task: task(random.between(0, 20)),
    opts: { removeOnComplete: { age: random.between(0, 2) } },
    ends: ['completed'],
    gone: true,
  }),
  requeue: (random) => ({
    task: task(random.between(0, 30)),
    opts: {},
    ends: ['completed'],
    requeued: true,
  }),
  busy: (random) => ({
    task: task(random.between(20, 300), { blocks: true }),
    opts: {},
    ends: ['completed'],
  }),
};

export class Load {
  readonly #random: Random;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  #id(kind: string): string {
    this.#count += 1;
    return `${kind}-${this.#count}`;
  }

  #plan(kind: Plan['kind'], queue: string, details: Details): Plan {
    const capped = queue === cappedQueue && details.ends.includes('completed');
    return { kind, queue, id: this.#id(kind), parents: [], gone: capped, ...details };
  }

  /** The next jobs: one, several to be added at once, or those of a DAG, parents first. */
  next(): Plan[] {
    const random = this.#random;
    const queue = random.pick(queues);
    if (random.chance(0.012)) return this.#dag();
    if (random.chance(0.01)) {
      const count = random.between(5, 60);
      return Array.from({ length: count }, () => this.#plan('plain', queue, kinds.plain(random)));
    }
    const kind = random.weighted(weights);
    const details = kinds[kind](random);
    const capped = kind === 'kept' && queue === cappedQueue && random.chance(0.5);
    const opts = capped ? { ...details.opts, removeOnComplete: { count: 200 } } : details.opts;
    return [
      this.#plan(kind, queue, { ...details, opts, gone: details.gone ?? queue === cappedQueue }),
    ];
  }

  /** A job that runs at once, in whatever state the queue is. */
  probe(queue: string, lifo: boolean): Plan {
    return this.#plan('probe', queue, {
      task: task(0),
      opts: lifo ? { lifo } : {},
      ends: ['completed'],
    });
  }

  /**
   * So many jobs that depend on each other, over these queues, in layers: each job behind some of the layer before its own. A layer is wide
   * or narrow; one of a single job waits for all before it.
   */
  lattice(names: readonly string[], count: number): Plan[][] {
    const random = this.#random;
    const layers: Plan[][] = [];
    for (let left = count; left > 0; left -= layers.at(-1)?.length ?? 0) {
      const before = layers.at(-1) ?? [];
      const width = Math.min(left, random.pick([1, 20, 100, 300, 900]));
      const node = (): Plan => {
        const parents = width === 1 ? before : random.some(before, random.between(1, 3));
        const dependsOn = parents.map(({ queue, id }) => ({ queue, id }));
        return this.#plan('node', random.pick(names), {
          task: task(random.between(0, 2)),
          opts: dependsOn.length > 0 ? { dependsOn } : {},
          parents: parents.map(({ queue, id }) => `${queue}/${id}`),
          ends: ['completed'],
        });
      };
      layers.push(Array.from({ length: width }, node));
    }
    return layers;
  }

  /** So many plain jobs for each of these queues, one of each after the other. */
  many(names: readonly string[], each: number): Plan[][] {
    const random = this.#random;
    const plain = (queue: string): Plan =>
      this.#plan('plain', queue, {
        task: task(random.between(0, 2)),
        opts: {},
        ends: ['completed'],
      });
    return Array.from({ length: each }, () => names.map(plain));
  }

  /** 4 to 10 jobs over two or three queues, each behind some of those before it. */
  #dag(): Plan[] {
    const random = this.#random;
    const used = random.chance(0.5) ? queues : queues.slice(random.between(0, 1)).slice(0, 2);
    const nodes: Plan[] = [];
    const sound = new Map<string, boolean>();
    const count = random.between(4, 10);
    for (let number = 0; number < count; number += 1) {
      const before = nodes.filter(() => random.chance(0.4)).slice(0, 4);
      const onParentFailure = random.pick(['fail', 'fail', 'run', 'wait'] as const);
      const fails = random.chance(0.12) ? 1 : 0;
      const cancelled = random.chance(0.04);
      const well =
        fails === 0 &&
        !cancelled &&
        (onParentFailure === 'run' || before.every(({ queue, id }) => sound.get(`${queue}/${id}`)));
      const dependsOn = before.map(({ queue, id }) => ({ queue, id }));
      const node = this.#plan('node', random.pick(used), {
        task: task(random.between(0, 60), { fails }),
        opts: {
          ...(before.length > 0 ? { dependsOn, onParentFailure } : {}),
          ...(random.chance(0.2) ? { delay: random.between(1, 300) } : {}),
        },
        parents: before.map(({ queue, id }) => `${queue}/${id}`),
        ends: well ? ['completed'] : ['completed', 'failed', 'cancelled'],
        ...(cancelled ? { cancelAfter: random.between(0, 100) } : {}),
      });
      sound.set(`${node.queue}/${node.id}`, well);
      nodes.push(node);
    }
    return nodes;
  }
}
