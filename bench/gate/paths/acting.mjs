// What users do to jobs.
import { active, all, failure, inSet, numbered, path, token, waiting } from './path.mjs';

const each = (id) => ({ id });
const cancelling = (ids, number) => ({ ...numbered(ids, number), word: 'cancelled', failure });
const anyState = (ids, number) => ({ ...numbered(ids, number), state: '' });
const finished = (noun) => inSet(noun, -60_000);
const delayed = inSet('delayed', 7_200_000);

/** @param {string} state @param {import('./path.mjs').Path['before']} before @param {string} word */
function cancel(state, before, word) {
  return path(`cancel, ${state}`, 'cancel', { before, args: cancelling, each, meets: all(word) });
}

/** @param {string} state @param {import('./path.mjs').Path['before']} before */
function remove(state, before) {
  return path(`remove, ${state}`, 'remove', {
    before,
    args: anyState,
    each,
    meets: all('removed'),
  });
}

export const actingPaths = [
  cancel('waiting', waiting, 'cancelled'),
  cancel('delayed', delayed, 'cancelled'),
  cancel('active', active, 'stopping'),
  remove('waiting', waiting),
  remove('delayed', delayed),
  remove('completed', finished('completed')),
  path('requeue, failed', 'requeue', {
    before: finished('failed'),
    args: anyState,
    each: (id) => ({ id, stamp: '', edges: '', outcomes: '' }),
    meets: all('requeued'),
  }),
  path('drain', 'drain', {
    before: waiting,
    args: (ids, number) => ({ ...numbered(ids, number), limit: ids.length, delayed: 0 }),
    meets: ({ removed }, ids) => removed === ids.length,
  }),
  path('progress', 'progress', {
    before: active,
    args: numbered,
    each: (id) => ({ id, token, value: '50' }),
    meets: all('noted'),
  }),
];
