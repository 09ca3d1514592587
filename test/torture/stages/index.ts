// The stages of a run, by name.
import type { StageName } from '../schedule.js';
import { clocks } from './clocks.js';
import { rolling } from './rolling.js';
import type { Play } from './stage.js';

export const stages: { readonly [K in StageName]: Play } = { clocks, rolling };
