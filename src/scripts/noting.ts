// What is noted on jobs beside their life: progress, logs, metadata, other data.
import { as, declareScript, type MetaText, type NoteText, type RecordText } from '../script.js';
import { claimed, numbered, words } from './reply.js';

/** Why nothing was noted. `active`: no token was shown for a job that is being worked on. */
export type NoteRefusal = 'lost' | 'active' | 'unknown';

const noted = { id: claimed.id, token: as<(typeof claimed)['token'] | ''>() };

export const progress = declareScript('progress', {
  keys: ['calls', 'jobs', 'traits', 'active', 'progress', 'news'],
  args: numbered,
  each: { ...noted, value: as<NoteText>() },
  parse: words<'noted' | NoteRefusal, 'stale'>,
});

export const log = declareScript('log', {
  keys: ['calls', 'jobs', 'traits', 'active', 'logs'],
  args: numbered,
  each: { ...noted, line: as<NoteText | ''>(), keep: as<number>() },
  /** `${number}`: how many rows the job has. */
  parse: words<`${number}` | NoteRefusal, 'stale'>,
});

export const logs = declareScript('logs', {
  keys: ['logs'],
  args: { id: claimed.id },
  each: {},
  parse: (reply) => reply as string,
});

export const rewrite = declareScript('rewrite', {
  keys: ['calls', 'jobs', 'traits', 'active'],
  args: numbered,
  each: {
    ...noted,
    head: as<string>(),
    stamp: as<string>(),
    record: as<RecordText | ''>(),
    meta: as<MetaText | ''>(),
  },
  parse: words<'noted' | NoteRefusal | 'again', 'stale'>,
});
