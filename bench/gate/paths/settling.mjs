// How jobs leave `active`.
import { active, all, failure, lease, outcome, path, rows, token, together } from './path.mjs';

const held = (id) => ({ id, token });
const kept = (id) => ({ ...held(id), outcome });
const failed = (id) => ({ ...held(id), attempts: 1, failure });
const settled = all('settled');

export const settlingPaths = [
  path('complete, forgotten', 'complete', {
    before: active,
    args: () => ({ age: '0' }),
    each: (id) => ({ ...held(id), outcome: '' }),
    meets: settled,
    core: true,
  }),
  path('complete, kept', 'complete', {
    before: active,
    args: () => ({ age: '' }),
    each: kept,
    meets: settled,
    core: true,
  }),
  path('complete, kept for a while', 'complete', {
    before: active,
    args: () => ({ age: '60000' }),
    each: kept,
    meets: settled,
  }),
  path('complete, parents', 'complete', {
    before: together(active, (ids) => [['hset', 'watched', ...rows(ids, 'parent')]]),
    args: () => ({ age: '' }),
    each: kept,
    meets: all('releasing'),
  }),
  path('fail', 'fail', {
    before: active,
    args: () => ({ age: '' }),
    each: failed,
    meets: settled,
    core: true,
  }),
  path('retry, with a delay', 'retry', {
    before: active,
    each: (id) => ({ ...failed(id), delay: 7_200_000 }),
    meets: settled,
    core: true,
  }),
  path('retry, at once', 'retry', {
    before: active,
    each: (id) => ({ ...failed(id), delay: 0 }),
    meets: settled,
  }),
  path('delay', 'delay', {
    before: active,
    each: (id) => ({ ...held(id), delay: 7_200_000 }),
    meets: settled,
  }),
  path('handback', 'handback', {
    before: active,
    each: (id) => ({ ...held(id), ran: 0 }),
    meets: settled,
    core: true,
  }),
  path('stop, after cancel', 'stop', {
    before: (ids) => [
      ...active(ids),
      ['hset', 'active', ...rows(ids, `${token}!cancelled`)],
      ['zadd', 'stopping', ...ids.flatMap((id) => [0, `${lease}\t${id}`])],
    ],
    args: () => ({ age: '' }),
    each: held,
    meets: settled,
  }),
];
