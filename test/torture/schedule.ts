// The nemesis' schedule: what it will do to whom and when, drawn from the seed before anything starts.
import { Random } from './random.js';

/** Faults, and what is no fault but users do: many of each. */
export type FaultKind =
  | 'kill' // SIGKILL of a worker
  | 'desert' // SIGKILL of all workers at once
  | 'freeze' // SIGSTOP for longer than a lease, then SIGCONT
  | 'restart' // SIGTERM, and a new process when it has ended
  | 'redis-kill' // SIGKILL of Redis, restarted from its append-only file
  | 'flush' // SCRIPT FLUSH
  | 'client-kill' // CLIENT KILL of one connection
  | 'drop' // a command is executed and its reply is lost
  | 'half-open' // a connection that is up and through which nothing comes
  | 'cut' // all connections of one process reset
  | 'out-of-memory'
  | 'pause'; // the queue is paused and resumed by its users, which is no fault

/** What takes longer and comes once: see stages/. */
export const stageNames = [
  'clocks',
  'rolling',
  'dag',
  'queues',
  'replica',
  'tail',
  'disk',
] as const;
export type StageName = (typeof stageNames)[number];

type ActKind = FaultKind | StageName;

export interface Act {
  /** ms after the start. */
  readonly at: number;
  readonly kind: ActKind;
  /** Which process: a worker, or behind them the producer. */
  readonly slot: number;
  /** How long it lasts. */
  readonly ms: number;
  /** Which one of what is found at the time, as a part of them. */
  readonly part: number;
  /** For `drop`: what the command contains. */
  readonly match: string;
}

export const workers = 3;
/** Number of the producer among the processes: behind the workers. */
export const producerSlot = 3;

/** How many in two minutes. With the deserted queues, 15 workers are killed. */
const perTwoMinutes: Readonly<Record<FaultKind, number>> = {
  kill: 9,
  desert: 2,
  freeze: 6,
  restart: 6,
  'redis-kill': 3,
  flush: 5,
  'client-kill': 30,
  drop: 20,
  'half-open': 3,
  cut: 6,
  'out-of-memory': 1,
  pause: 8,
};

/** Less than a minute is for finding planted bugs: much of everything. */
const inShort: Readonly<Record<FaultKind, number>> = {
  kill: 2,
  desert: 1,
  freeze: 4,
  restart: 1,
  'redis-kill': 1,
  flush: 1,
  'client-kill': 4,
  drop: 12,
  'half-open': 0,
  cut: 1,
  'out-of-memory': 1,
  pause: 4,
};

/** Least and most ms. */
const lasting: Readonly<Record<ActKind, readonly [number, number]>> = {
  kill: [0, 800],
  desert: [500, 1_500],
  freeze: [2_200, 3_500],
  restart: [0, 200],
  'redis-kill': [100, 900],
  flush: [0, 0],
  'client-kill': [0, 0],
  drop: [8_000, 8_000],
  'half-open': [2_000, 9_000],
  cut: [0, 0],
  'out-of-memory': [800, 2_000],
  pause: [300, 1_500],
  clocks: [2_000, 4_000],
  rolling: [0, 0],
  dag: [0, 0],
  queues: [0, 0],
  replica: [200, 800],
  tail: [200, 800],
  disk: [2_000, 3_000],
};

/** By whom replies are lost, and of what. Adds and claims are told by their row in `calls`. */
const losses = {
  worker: [':claim', 'BLPOP', 'EVALSHA', 'EVALSHA'],
  producer: [':enqueue', ':enqueue', ':schedule', ':defer', ':cancel', ':requeue', 'EVALSHA'],
};

export function isShort(minutes: number): boolean {
  return minutes < 1;
}

/** Part of a run at whose beginning nothing happens. */
function calmOf(minutes: number): number {
  return isShort(minutes) ? 0.25 : 0.05;
}

/** Drawn from the seed alone: the same for the same seed and minutes. Stages change nothing of the rest. */
export function scheduleOf(
  seed: number,
  minutes: number,
  stages: readonly StageName[] = [],
): Act[] {
  const random = new Random(seed);
  const length = minutes * 60_000;
  const acts: Act[] = [];
  /** Spread out, so that there is something of everything in each part of a run but the first. */
  const draw = (own: Random, kind: ActKind, number: number, count: number): void => {
    const calm = calmOf(minutes);
    const [least, most] = lasting[kind];
    const ofWorker = !['cut', 'drop', 'half-open'].includes(kind) || own.chance(0.5);
    acts.push({
      at: Math.round(length * (calm + ((0.95 - calm) * (number + own.part())) / count)),
      kind,
      slot: ofWorker ? own.between(0, workers - 1) : producerSlot,
      ms: own.between(least, most),
      part: own.part(),
      match: kind === 'drop' ? own.pick(ofWorker ? losses.worker : losses.producer) : '',
    });
  };
  for (const kind of Object.keys(perTwoMinutes) as FaultKind[]) {
    const own = random.fork();
    const count = isShort(minutes)
      ? inShort[kind]
      : Math.round((perTwoMinutes[kind] * minutes) / 2);
    for (let number = 0; number < count; number += 1) draw(own, kind, number, count);
  }
  const own = random.fork();
  for (const [number, kind] of own.shuffled(stages).entries())
    draw(own, kind, number, stages.length);
  return acts.toSorted((a, b) => a.at - b.at);
}

export function scheduleText(acts: readonly Act[]): string {
  return acts
    .map(({ at, kind, slot, ms, part, match }) => {
      const who = slot === producerSlot ? 'producer' : `worker ${slot}`;
      const words = [(at / 1_000).toFixed(2).padStart(9), kind.padEnd(13), who.padEnd(9)];
      return [...words, String(ms).padStart(5), part.toFixed(3), match].join(' ').trimEnd();
    })
    .join('\n');
}
