// Groups of checks, and what each is given.
import { api } from './api.mjs';
import { backlog, growth } from './backlog.mjs';
import { floor } from './floor.mjs';
import { memory } from './memory.mjs';
import { scripts } from './scripts.mjs';
import { tail } from './tail.mjs';

/**
 * @typedef {object} Context
 * @property {import('ioredis').Redis} redis of a server that nobody else uses
 * @property {string} url of that server
 * @property {string} version of that server: `Redis 7.0.15`
 * @property {import('./product.mjs').Product} product
 * @property {typeof import('../budgets.mjs')} budgets
 *
 * @typedef {object} Group
 * @property {string} id
 * @property {string} title
 * @property {boolean} [timed] a machine that others use too may spoil it: measured again when it does not hold
 * @property {(context: Context) => Promise<import('./checks.mjs').Check[]>} run
 */

/** @type {readonly Group[]} */
export const groups = [scripts, backlog, api, memory, floor, tail, growth];

/**
 * @param {Group} group
 * @param {Context} context
 * @param {number} tries how often what depends on time may be measured: what does not hold then never did
 * @returns {Promise<import('./checks.mjs').Check[]>}
 */
export async function runGroup(group, context, tries) {
  await context.redis.flushall();
  let checks = await group.run(context);
  for (let next = 2; group.timed && next <= tries && !checks.every(holds); next += 1) {
    await context.redis.flushall();
    const again = await group.run(context);
    checks = checks.map((check, i) => (holds(check) ? check : again[i]));
  }
  return checks;
}

/** @param {import('./checks.mjs').Check} check */
export function holds({ verdict }) {
  return verdict === 'ok';
}
