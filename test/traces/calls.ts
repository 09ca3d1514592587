// The calls of scripts that steps are made of, and what is told of their replies.
import type { QueueKeys } from '../../src/keys.js';
import { callOf, type Call, type Script } from '../../src/script.js';
import * as scripts from '../../src/scripts.js';
import type { ClaimReply } from '../../src/scripts.js';
import type { Plain } from '../helpers/scripts.js';

type Values = Record<string, string | number>;

/** What is sent, and its answer as text. A token stands there as it is; the model knows it by its number. */
export interface Sent {
  readonly words: readonly (string | number)[];
  readonly told: (reply: unknown) => string;
}

export function script<Args extends Values, Each extends Values, Reply>(
  declared: Script<Args, Each, Reply>,
  args: Plain<Args>,
  items: readonly Plain<Each>[],
  told: (reply: Reply) => string,
): (keys: QueueKeys) => Sent {
  return (keys) => {
    const call: Call<Reply> = callOf(
      declared,
      keys,
      args as unknown as Args,
      items as unknown as Each[],
    );
    return {
      words: ['EVALSHA', call.script.sha, ...call.argv],
      told: (reply) => told(call.parse(reply)),
    };
  };
}

export function claimTold(reply: ClaimReply): string {
  if (!('token' in reply)) return reply.word;
  return [reply.word, reply.token, ...reply.jobs.map(({ id }) => id)].join(' ');
}

export const joined = (reply: string | readonly string[]): string => (typeof reply === 'string' ? reply : reply.join(' ')); // prettier-ignore
export const failure = '{"failedReason":"why"}';

interface Numbered {
  readonly call: string;
  readonly number: number;
}
const orphan = { stamp: '', edges: '', outcomes: '' } as const;

/** A call of a producer about one job. */
export type Act = keyof typeof acts;

export const acts = {
  enqueue: (id: string, args: Numbered) =>
    script(scripts.enqueue, { ...args, schema: 1, distinct: 1, most: '' }, [{ id, record: `["${id}"]`, traits: '' }], joined), // prettier-ignore
  'enqueue with a ttl': (id: string, args: Numbered) =>
    script(scripts.enqueue, { ...args, schema: 1, distinct: 1, most: '' }, [{ id, record: `["${id}"]`, traits: '{"ttl":3600000}' }], joined), // prettier-ignore
  schedule: (id: string, args: Numbered) =>
    script(scripts.schedule, { ...args, schema: 1, most: '' }, [{ id, record: `["${id}"]`, traits: '', delay: 3_600_000 }], joined), // prettier-ignore
  cancel: (id: string, args: Numbered) =>
    script(scripts.cancel, { ...args, word: 'cancelled', failure }, [{ id }], joined),
  remove: (id: string, args: Numbered) =>
    script(scripts.remove, { ...args, state: '' }, [{ id }], joined),
  requeue: (id: string, args: Numbered) =>
    script(scripts.requeue, { ...args, state: '' }, [{ id, ...orphan }], joined),
};
