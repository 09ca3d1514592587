// How jobs leave `active`.
import { as, declareScript, type Age, type FailureText, type OutcomeText } from '../script.js';
import { claimed, words } from './reply.js';

/** `releasing`: settled, and its dependents are to be told. `stopping`: it was asked to stop, and nothing changed. */
export type SettleWord = 'settled' | 'releasing' | 'stopping' | 'lost';

export const complete = declareScript('complete', {
  keys: [
    'active',
    'held',
    'stopping',
    'completed',
    'releasing',
    'evicting',
    'results',
    'news',
    'columns',
  ],
  args: { age: as<Age | ''>() },
  each: { ...claimed, outcome: as<OutcomeText | ''>() },
  parse: words<SettleWord>,
});

export const fail = declareScript('fail', {
  keys: [
    'active',
    'held',
    'stopping',
    'failed',
    'releasing',
    'evicting',
    'attempts',
    'failures',
    'news',
    'columns',
  ],
  args: { age: as<Age | ''>() },
  each: { ...claimed, attempts: as<number>(), failure: as<FailureText>() },
  parse: words<SettleWord>,
});

export const stop = declareScript('stop', {
  keys: ['active', 'held', 'stopping', 'cancelled', 'releasing', 'evicting', 'news', 'columns'],
  args: { age: as<Age | ''>() },
  each: claimed,
  parse: words<SettleWord>,
});

export const retry = declareScript('retry', {
  keys: [
    'active',
    'held',
    'stopping',
    'attempts',
    'failures',
    'traits',
    'waiting',
    'delayed',
    'wake',
    'news',
  ],
  args: {},
  each: { ...claimed, attempts: as<number>(), delay: as<number>(), failure: as<FailureText>() },
  parse: words<SettleWord>,
});

export const delay = declareScript('delay', {
  keys: ['active', 'held', 'stopping', 'traits', 'waiting', 'delayed', 'wake', 'news'],
  args: {},
  each: { ...claimed, delay: as<number>() },
  parse: words<SettleWord>,
});

export const handback = declareScript('handback', {
  keys: [
    'active',
    'held',
    'stopping',
    'expiring',
    'traits',
    'stalls',
    'waiting',
    'suspects',
    'wake',
    'news',
  ],
  args: {},
  each: { ...claimed, ran: as<0 | 1>() },
  parse: words<SettleWord>,
});
