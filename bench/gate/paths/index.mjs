// All paths, in the order of a job's life.
import { actingPaths } from './acting.mjs';
import { addingPaths } from './adding.mjs';
import { claimingPaths } from './claiming.mjs';
import { familyPaths } from './family.mjs';
import { lookingPaths } from './looking.mjs';
import { settlingPaths } from './settling.mjs';
import { sweepingPaths } from './sweeping.mjs';

/** @type {readonly import('./path.mjs').Path[]} */
export const paths = [
  ...addingPaths,
  ...claimingPaths,
  ...settlingPaths,
  ...actingPaths,
  ...familyPaths,
  ...sweepingPaths,
  ...lookingPaths,
];
