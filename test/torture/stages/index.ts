// The stages of a run, by name.
import type { StageName } from '../schedule.js';
import { clocks } from './clocks.js';
import { dag } from './dag.js';
import { disk } from './disk.js';
import { queues } from './queues.js';
import { replica } from './replica.js';
import { rolling } from './rolling.js';
import { tail } from './tail.js';
import type { Play } from './stage.js';

export const stages: { readonly [K in StageName]: Play } = {
  clocks,
  rolling,
  dag,
  queues,
  replica,
  tail,
  disk,
};
