// What a stage is given. It does what it is for, whatever else goes on, and resolves to what is told of it.
import type { Scene } from '../nemesis.js';
import type { Act } from '../schedule.js';

export interface Stage extends Scene {
  /** Lets time pass, or ends with the run. */
  readonly rest: (ms: number) => Promise<void>;
  /** As one of the faults that Redis itself has, of which there is one at a time. */
  readonly alone: (work: () => Promise<void>) => Promise<void>;
  /** SIGKILL of the worker in this place. */
  readonly kill: (slot: number) => Promise<void>;
}

export type Play = (stage: Stage, act: Act) => Promise<string>;
