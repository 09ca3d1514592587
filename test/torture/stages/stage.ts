// What a stage is given. It does what it is for, whatever else goes on, and resolves to what is told of it.
import type { Redis } from 'ioredis';
import type { Crew } from '../crew.js';
import type { Ledger } from '../ledger.js';
import type { Act } from '../schedule.js';

interface Stage {
  readonly crew: Crew;
  /** To the server under torture, without a proxy. */
  readonly redis: Redis;
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
  /** Lets time pass, or ends with the run. */
  readonly rest: (ms: number) => Promise<void>;
}

export type Play = (stage: Stage, act: Act) => Promise<string>;
