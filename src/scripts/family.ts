// How parents tell their dependents what became of them.
import {
  as,
  declareScript,
  type EdgeLines,
  type EdgeText,
  type FailureText,
  type JobId,
} from '../script.js';
import { words } from './reply.js';

/** How a parent ended. `cancel` takes its dependents along, `release` lets them run. */
export type FateWord =
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'cancel'
  | 'release'
  | 'removed'
  | 'evicted'
  | 'unknown';

export type ReleaseReply =
  | {
      readonly word: FateWord;
      /** Its outcome or newest failure; '' when it is to be read from there. */
      readonly text: string;
      readonly edges: readonly EdgeText[];
      /** Whether they are the first, of all that are to hear this word. */
      readonly anew: boolean;
    }
  | { readonly word: 'told' | 'again' };

export const release = declareScript('release', {
  keys: ['releasing', 'dependents', 'results', 'failures', 'evicting'],
  args: { limit: as<number>() },
  each: {
    parent: as<JobId>(),
    word: as<FateWord | ''>(),
    after: as<EdgeText | ''>(),
    acks: as<EdgeLines | ''>(),
    kept: as<number>(),
  },
  parse: (reply) =>
    (reply as (['told' | 'again'] | [FateWord, string, EdgeText[], number])[]).map(
      (row): ReleaseReply =>
        row.length === 1
          ? { word: row[0] }
          : { word: row[0], text: row[1], edges: row[2], anew: row[3] === 1 },
    ),
});

export const untold = declareScript('untold', {
  keys: ['releasing'],
  args: { limit: as<number>() },
  each: {},
  parse: (reply) => reply as JobId[],
});

export const arrive = declareScript('arrive', {
  keys: ['traits', 'outcomes', 'awaiting', 'deferred', 'waiting', 'delayed', 'wake', 'news'],
  args: {},
  each: { edge: as<EdgeText>(), word: as<FateWord>(), text: as<string>() },
  parse: words<'accepted' | 'absent'>,
});

export const doom = declareScript('doom', {
  keys: [
    'traits',
    'outcomes',
    'expiring',
    'awaiting',
    'deferred',
    'failed',
    'cancelled',
    'releasing',
    'evicting',
    'failures',
    'news',
    'columns',
  ],
  args: {},
  each: {
    edge: as<EdgeText>(),
    word: as<FateWord>(),
    text: as<string>(),
    failure: as<FailureText>(),
  },
  parse: words<'accepted' | 'releasing' | 'absent' | 'again'>,
});

export const recheck = declareScript('recheck', {
  keys: ['deferred', 'awaiting'],
  args: { limit: as<number>() },
  each: {},
  parse: (reply) => reply as EdgeText[],
});

export const parents = declareScript('parents', {
  keys: ['outcomes', 'awaiting'],
  args: { id: as<JobId>() },
  each: {},
  parse: (reply) => {
    const [outcomes, edges] = reply as [string, EdgeText[]];
    return { outcomes, edges };
  },
});

export const dependents = declareScript('dependents', {
  keys: ['dependents'],
  args: { parent: as<JobId>(), after: as<EdgeText | ''>(), limit: as<number>() },
  each: {},
  parse: (reply) => reply as EdgeText[],
});
