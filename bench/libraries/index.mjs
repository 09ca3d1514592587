// The libraries that are measured, by name. A peer's package may be missing, so each is loaded when it is asked for.
import { UsageError } from '../usage.mjs';

/** In the order in which they are shown. */
const modules = {
  lunaq: () => import('./lunaq.mjs'),
  bullmq: () => import('./bullmq.mjs'),
  bee: () => import('./bee.mjs'),
  groupmq: () => import('./groupmq.mjs'),
  graphile: () => import('./graphile.mjs'),
  rq: () => import('./rq.mjs'),
  floor: () => import('./floor.mjs'),
};

export const libraries = Object.keys(modules);

/**
 * @param {string} name
 * @returns {Promise<import('../sample.mjs').Library>}
 */
export async function libraryOf(name) {
  if (!Object.hasOwn(modules, name))
    throw new UsageError(`library: expected one of ${libraries.join(', ')}, got ${name}`);
  return await modules[name]();
}
