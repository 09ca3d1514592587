// What the reference model knows of queues, in plain maps. Nothing here knows Redis, Lua or the client.
//
// A time is an interval: what a step has written lies between the server's times before and behind it. When the keys were compared, the
// time that was found takes its place (compare.ts), so that later steps go by the very times that the queue goes by.
import type { JobOptions, ParentFailurePolicy } from '../../src/index.js';
import { noCounts } from './counts.js';
import type { Line } from './news.js';

export type Time = readonly [from: number, to: number];

export type StateName =
  | 'waiting'
  | 'delayed'
  | 'deferred'
  | 'active'
  | 'completed'
  | 'failed'
  | 'cancelled';

export type Finished = 'completed' | 'failed' | 'cancelled';

export function isFinished(state: string): state is Finished {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

/** How a parent has ended, as its dependents are told. */
export type Fate =
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'cancel'
  | 'release'
  | 'removed'
  | 'evicted'
  | 'unknown';

/** What a test asks for when it adds a job; parents by name of their queue. */
export interface Spec {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly opts: Omit<JobOptions, 'jobId' | 'dependsOn'>;
  readonly parents: readonly Ref[];
}

export interface Ref {
  readonly queue: string;
  readonly id: string;
}

/** One wish of a child to hear of a parent; each object is an edge of its own, as its nonce says. */
export interface Edge {
  readonly child: Ref;
  readonly parent: Ref;
  readonly policy: ParentFailurePolicy;
}

/** What a child has heard of a parent. */
export interface Heard {
  readonly parent: Ref;
  readonly fate: Fate;
  /** Its result, or why it failed. */
  text: unknown;
  /** It asked, and was told, in one step: whichever came first. Who asks does not hear why a parent has failed. */
  readonly either?: boolean;
}

export interface Lease {
  /** `lapsed`: its deadline has passed, and no sweep has seen it; `gone`: dead. */
  state: 'live' | 'lapsed' | 'gone';
  /** Its last claim has said that jobs may wait in the worker before they start. */
  ahead: boolean;
  /** Its name, once it was seen. */
  id: string | undefined;
}

/** A claim of one job: its handler runs until the test ends it. */
export interface Run {
  readonly queue: string;
  readonly id: string;
  readonly job: Job;
  readonly lease: Lease;
  /** Failed attempts before this one. */
  readonly attempts: number;
  readonly claimedAt: Time;
  /** The test has asked the job to stop while this claim held it. */
  cancelled: boolean;
  /** Number of its token, once it was seen. */
  token: number | undefined;
}

export class Job {
  readonly spec: Spec;
  readonly isChild: boolean;
  /** Jobs of the same call were to depend on it. */
  readonly isParent: boolean;
  state: StateName | 'new' = 'new';
  addedAt: Time;
  data: unknown;
  meta: unknown;
  run: Run | undefined;
  /** Asked to stop, and what its dependents are to be told. */
  asked: 'cancelled' | 'cancel' | 'release' | undefined;
  attempts: number | undefined;
  losses: number | undefined;
  result: { value: unknown; claimedAt: Time } | undefined;
  /** The newest first, ten at most. */
  reasons: string[] = [];
  progress: unknown;
  logs: string[] = [];
  heard: Heard[] = [];
  /** It has or had dependents; and what its state does not tell of its end. */
  pinned: { fate: 'cancel' | 'release' | 'removed' | undefined } | undefined;
  /** Somebody waits for its end, or has. */
  awaited = false;
  /** Not before: of a child, whose delay counts from its add. */
  due: Time | undefined;
  /** The end of its ttl, until it is known to have started, or is put back. */
  ends: Time | undefined;
  /** Parents that it waits for. */
  readonly open = new Set<Edge>();
  /** Who is to hear of its end. */
  readonly dependents = new Set<Edge>();

  constructor(spec: Spec, addedAt: Time, isParent: boolean) {
    this.spec = spec;
    this.isChild = spec.parents.length > 0;
    this.isParent = isParent;
    this.addedAt = addedAt;
    this.data = spec.data;
    this.meta = undefined;
    this.pinned = isParent ? { fate: undefined } : undefined;
  }

  get policy(): ParentFailurePolicy {
    return this.spec.opts.onParentFailure ?? 'fail';
  }

  /** Others want to know how it ends, so it stays until they do. */
  get isWatched(): boolean {
    return this.awaited || this.pinned !== undefined;
  }

  blame(reason: string): void {
    this.reasons = [reason, ...this.reasons].slice(0, 10);
  }
}

export type Times = Map<string, Time>;

/** One queue. A job is in `jobs`, and its id where its state says. */
export class QueueState {
  readonly name: string;
  readonly jobs = new Map<string, Job>();
  /** Ids in the order in which they run; not those lost with a worker. */
  waiting: string[] = [];
  /** Waiting ids whose ttl a claim has found ended. */
  readonly late = new Set<string>();
  /** Waiting ids that were lost with a worker, by the time of loss. */
  readonly suspects: Times = new Map();
  readonly delayed: Times = new Map();
  /** By the time of the next check. */
  readonly deferred: Times = new Map();
  /** Jobs that have not started, by the end of their ttl. */
  readonly expiring: Times = new Map();
  readonly completed: Times = new Map();
  readonly failed: Times = new Map();
  readonly cancelled: Times = new Map();
  /** Finished jobs by the end of their retention. */
  readonly evicting: Times = new Map();
  readonly leases = new Set<Lease>();
  paused = false;
  /** How many completed and failed jobs stay, and how many of the oldest were passed over since others need them. */
  readonly keep: { completed?: number; failed?: number } = {};
  readonly passed = { completed: 0, failed: 0 };
  /** What the step under way tells those who listen. */
  news: Line[] = [];
  /** What its clients have counted and told. */
  readonly counts = noCounts();

  constructor(name: string) {
    this.name = name;
  }

  /** All that holds times. */
  get zsets(): Times[] {
    const { suspects, delayed, deferred, expiring, completed, failed, cancelled, evicting } = this;
    return [suspects, delayed, deferred, expiring, completed, failed, cancelled, evicting];
  }
}

/** Ids in the order of their times, ids of the same time by their letters. */
export function sorted(times: Times): string[] {
  return [...times].toSorted(([a, [x]], [b, [y]]) => x - y || (a < b ? -1 : 1)).map(([id]) => id);
}

export function later([from, to]: Time, ms: number): Time {
  return [from + ms, to + ms];
}

/** ms that a job of these options stays when it has ended; undefined for ever. */
export function ageOf(keep: JobOptions['removeOnFail']): number | undefined {
  if (keep === true || keep === 0) return 0;
  if (typeof keep !== 'object') return undefined;
  if (keep.count === 0) return 0;
  return keep.age === undefined ? undefined : keep.age * 1_000;
}

/** How many of its state are to stay when it has ended. */
export function countOf(keep: JobOptions['removeOnFail']): number | undefined {
  if (typeof keep === 'number') return keep === 0 ? undefined : keep;
  return typeof keep === 'object' && keep.count !== 0 ? keep.count : undefined;
}
