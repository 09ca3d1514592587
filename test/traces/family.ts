// A job b that depends on a job a: it asks, is stored, and is told how a has ended, by steps that anything may come between.
import type { QueueKeys } from '../../src/keys.js';
import { callOf, type Call, type EdgeLines, type EdgeText, type JobId } from '../../src/script.js';
import * as scripts from '../../src/scripts.js';
import type { FateWord } from '../../src/scripts.js';
import { holdsFailure, type Model } from './model.js';
import { failure, type Sent } from './calls.js';
import type { Step } from './steps.js';

const parent = 'a' as JobId;
const child = 'b';
export const edge = 'q\tb\tq\ta\tn\tfail' as EdgeText;
const why = '{"failedReason":"the parent"}';
const outcome = '1';

/** Who is told of the end of a parent asks for a page of edges that have to hear of it. */
function pageFor(next: Model): string {
  const { family } = next;
  const word = family.releasing;
  if (word === undefined) return 'told';
  if (!family.stands) {
    family.releasing = undefined;
    return 'told';
  }
  family.known = { word, text: textOf(next, word) };
  family.answered = false;
  return `${word} ${family.known.text} ${edge}`;
}

function textOf(model: Model, word: string): string {
  if (word === 'completed') return outcome;
  return holdsFailure(model, parent) ? failure : '';
}

/** b asks a, before it is stored or when it has heard nothing for a while. */
function ask(next: Model): string {
  const state = next.jobs[parent]?.state;
  const { family } = next;
  if (state === undefined) return 'unknown ';
  if (state === 'completed' || state === 'failed' || state === 'cancelled') {
    family.known = { word: state, text: state === 'completed' ? outcome : '' };
    family.answered = false;
    return `${state} ${family.known.text}`;
  }
  family.known = { word: 'pending', text: '' };
  family.stands = true;
  family.pinned = true;
  return 'pending ';
}

function heard({ known }: Model['family']): string {
  return `q\ta\t${known?.word}\t${known?.text}\n`;
}

/** b is stored by what it has heard. */
export function defer(next: Model): string {
  if (next.jobs[child]) return 'duplicate';
  const { family } = next;
  const word = family.known?.word;
  const state = word === 'pending' ? 'deferred' : word === 'completed' ? 'waiting' : 'failed';
  next.jobs[child] = { state, due: false, flagged: true, timed: false, ttl: undefined, serial: 0, asked: false, attempts: 0, losses: undefined, failures: state === 'failed' ? 1 : 0 }; // prettier-ignore
  if (state === 'waiting') {
    next.waiting.push(child);
    next.marker = true;
  }
  family.open = state === 'deferred';
  if (state !== 'deferred') family.heard = heard(family);
  return 'added';
}

/** b is told how a has ended. */
function tell(next: Model): string {
  const { family } = next;
  family.answered = true;
  const job = next.jobs[child];
  if (!family.open || !job) return 'absent';
  family.open = false;
  family.heard += heard(family);
  if (family.known?.word === 'completed') {
    job.state = 'waiting';
    next.waiting.push(child);
    next.marker = true;
  } else Object.assign(job, { state: 'failed', failures: job.failures + 1 });
  return 'accepted';
}

type Make = (title: string, change: (next: Model) => string, send: Step['send']) => Step;

function sent<Reply>(call: Call<Reply>, told: (reply: Reply) => string): Sent {
  return {
    words: ['EVALSHA', call.script.sha, ...call.argv],
    told: (reply) => told(call.parse(reply)),
  };
}

/** What `defer` is sent by what b has heard. */
export function deferred(
  model: Model,
  keys: QueueKeys,
  args: { call: string; number: number },
): Sent {
  const { known } = model.family;
  const isOpen = known?.word === 'pending';
  const isBroken = !isOpen && known?.word !== 'completed';
  const item = {
    id: child,
    record: '["b"]',
    traits: '{"child":true}',
    edges: isOpen ? edge : '',
    outcomes: isOpen ? '' : heard(model.family),
    failure: isBroken ? why : '',
  };
  const call = callOf(scripts.defer, keys, { ...args, schema: 1, most: '' } as never, [item as never]); // prettier-ignore
  return sent(call, (reply) => (typeof reply === 'string' ? reply : reply.join(' ')));
}

export function* familySteps(model: Model, step: Make): Generator<Step> {
  const { known, answered } = model.family;
  yield step('b asks a', ask, (keys) => {
    const call = callOf(scripts.depend, keys, {}, [{ parent, edge }]);
    return sent(call, ([one]) => `${one?.word} ${one?.text}`);
  });
  const release = (title: string, word: FateWord | '', acks: EdgeText | ''): Step => {
    const change = (next: Model): string => {
      if (acks !== '' && next.family.releasing === word) next.family.stands = false;
      return pageFor(next);
    };
    return step(title, change, (keys) => {
      const item = { parent, word, after: acks, acks: acks as string as EdgeLines, kept: 0 };
      const call = callOf(scripts.release, keys, { limit: 256 }, [item]);
      return sent(call, ([one]) => one && 'edges' in one ? `${one.word} ${one.text} ${one.edges.join()}` : (one?.word ?? '')); // prettier-ignore
    });
  };
  yield release('a teller asks what a has to tell', '', '');
  if (!known || known.word === 'pending') return;
  const word = known.word as FateWord;
  if (answered) yield release('a teller acknowledges', word, edge);
  yield step(`b is told that a ${word}`, tell, (keys) => {
    const { text } = known;
    const call =
      word === 'completed'
        ? callOf(scripts.arrive, keys, {}, [{ edge, word, text }])
        : callOf(scripts.doom, keys, {}, [{ edge, word, text, failure: why as never }]);
    return sent(call as Call<readonly string[]>, (words) => words.join(' '));
  });
}
