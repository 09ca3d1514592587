// Runs every step of every state that can be reached, once, on the real scripts, and compares the whole key space with the model after
// each. Each state has keys of its own on the server, of which the keys of what follows are copied.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Redis } from 'ioredis';
import { randomText } from '../../src/caller.js';
import { nouns, queueKeys, type QueueKeys } from '../../src/keys.js';
import * as scripts from '../../src/scripts.js';
import { prefixOf } from '../helpers/keyspace.js';
import { canonical, empty, type Model } from './model.js';
import { breaches, keysOf, modelKeys, rowsOf, type Content } from './keys-told.js';
import { Steps, type Step, type World } from './steps.js';
import type { Sent } from './calls.js';

interface State {
  readonly model: Model;
  /** Of the claims so far, by number. */
  readonly tokens: readonly string[];
  readonly keys: QueueKeys;
  readonly content: Content;
  /** How it was reached. */
  readonly path: readonly string[];
}

export interface Explored {
  states: number;
  steps: number;
  /** The first thing that went wrong, and how it came to it. */
  wrong: string | undefined;
}

const names = nouns.map((noun) => `'${noun}'`).join(', ');
/** Copies all keys of one queue to those of another. */
const copy = `for _, noun in ipairs({ ${names} }) do redis.call('COPY', ARGV[1] .. noun, ARGV[2] .. noun) end`;
/** All that is stored of a queue, by type. */
const look = `local all = {}
for i, noun in ipairs({ ${names} }) do
  local key = ARGV[1] .. noun
  local kind = redis.call('TYPE', key).ok
  if kind == 'hash' then all[i] = redis.call('HGETALL', key) end
  if kind == 'list' then all[i] = redis.call('LRANGE', key, 0, -1) end
  if kind == 'zset' then all[i] = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
  all[i] = all[i] or { kind == 'none' and '' or kind }
end
return all`;
const forget = `for _, prefix in ipairs(ARGV) do
  for _, noun in ipairs({ ${names} }) do redis.call('UNLINK', prefix .. noun) end
end`;

const shaOf = (text: string): string => createHash('sha1').update(text).digest('hex');
const shas = { copy: shaOf(copy), look: shaOf(look) };

type Reply = [error: Error | null, reply: unknown];

/** A step that was sent, on keys of its own. */
interface Underway {
  readonly state: State;
  readonly step: Step;
  readonly keys: QueueKeys;
  readonly sent: Sent;
  readonly replies: Promise<readonly Reply[]>;
}

const batch = 128;

export class Explorer {
  readonly #redis: Redis;
  readonly #steps: Steps;
  readonly #seen = new Set<string>();
  #count = 0;
  readonly #prefix = randomText(6);

  constructor(redis: Redis, world: World) {
    this.#redis = redis;
    this.#steps = new Steps(world);
  }

  #freshKeys(): QueueKeys {
    this.#count += 1;
    return queueKeys(String(this.#count), this.#prefix);
  }

  /** All states up to so many steps from a beginning, which is a path from the empty queue. */
  async explore(beginning: readonly string[], depth: number): Promise<Explored> {
    for (const script of Object.values(scripts))
      if (typeof script === 'object' && 'source' in script)
        await this.#redis.script('LOAD', script.source);
    for (const text of [copy, look]) await this.#redis.script('LOAD', text);
    const explored: Explored = { states: 0, steps: 0, wrong: undefined };
    try {
      let level = [await this.#walk(beginning)];
      for (const { model } of level) this.#seen.add(canonical(model));
      for (let far = 0; far < depth && level.length > 0; far += 1) {
        explored.states += level.length;
        level = await this.#next(level, explored);
      }
      explored.states += level.length;
    } catch (error) {
      explored.wrong = error instanceof Error ? error.message : String(error);
    }
    return explored;
  }

  /** The state behind a path, each step of which is compared too. */
  async #walk(path: readonly string[]): Promise<State> {
    let state: State = { model: empty(), tokens: [''], keys: this.#freshKeys(), content: {}, path: [] }; // prettier-ignore
    for (const title of path) {
      const step = this.#steps.of(state.model).find((one) => one.title === title);
      assert.ok(step, `there is no step "${title}" behind ${state.path.join(' > ')}`);
      const [sent] = this.#send([{ state, step }]) as [Underway];
      state = this.#compare(sent, await sent.replies);
    }
    return state;
  }

  async #next(level: readonly State[], explored: Explored): Promise<State[]> {
    const found: State[] = [];
    const all = level.flatMap((state) => this.#steps.of(state.model).map((step) => ({ state, step }))); // prettier-ignore
    let sent = this.#send(all.slice(0, batch));
    for (let from = batch; sent.length > 0; from += batch) {
      // The server works on one batch while the answers of the other are compared.
      const next = this.#send(all.slice(from, from + batch));
      const gone: QueueKeys[] = [];
      for (const one of sent) {
        const state = this.#compare(one, await one.replies);
        explored.steps += 1;
        const name = canonical(state.model);
        if (this.#seen.has(name)) gone.push(state.keys);
        else found.push(state);
        this.#seen.add(name);
      }
      await this.#forget(gone);
      sent = next;
    }
    await this.#forget(level.map(({ keys }) => keys));
    return found;
  }

  async #forget(gone: readonly QueueKeys[]): Promise<void> {
    if (gone.length > 0) await this.#redis.eval(forget, 0, ...gone.map(prefixOf));
  }

  /** Runs steps, each on a copy of its state, in one round trip. */
  #send(all: readonly { state: State; step: Step }[]): Underway[] {
    const pipeline = this.#redis.pipeline();
    const places = all.map(({ state, step }) => {
      const keys = this.#freshKeys();
      const sent = step.send(keys, (serial) => state.tokens[serial] ?? '');
      const [command = '', ...args] = sent.words;
      pipeline.evalsha(shas.copy, 0, prefixOf(state.keys), prefixOf(keys));
      pipeline.call(String(command), ...args.map(String));
      pipeline.evalsha(shas.look, 0, prefixOf(keys));
      return { state, step, keys, sent };
    });
    const answered = pipeline.exec() as Promise<Reply[]>;
    return places.map((place, at) => ({
      ...place,
      replies: answered.then((replies) => replies.slice(3 * at, 3 * at + 3)),
    }));
  }

  /** The state behind a step, once it was compared with the model's. */
  #compare({ state, step, keys, sent }: Underway, replies: readonly Reply[]): State {
    const path = [...state.path, step.title];
    try {
      for (const [error] of replies) if (error) throw error;
      const [, [, reply], [, rows]] = replies as [Reply, Reply, Reply];
      const content = rowsOf(rows as string[][]);
      const told = sent.told(reply);
      const tokens = withNew(state.tokens, told, step.next);
      const plain = (text: string): string => {
        let left = text;
        for (const [serial, token] of tokens.entries())
          if (token !== '' && left.includes(token)) left = left.replaceAll(token, `#${serial}`);
        return left;
      };
      const found = { reply: plain(told), ...keysOf(content, tokens, plain) };
      const expected = { reply: step.reply, ...modelKeys(step.next) };
      // Far cheaper than an assertion, which follows when there is something to tell.
      if (!isDeepStrictEqual(found, expected)) assert.deepEqual(found, expected);
      const [breach] = breaches(state.content, content, step.title, told, step.next.owed);
      assert.equal(breach, undefined);
      return { model: step.next, tokens, keys, content, path };
    } catch (wrong) {
      throw new Error(`${path.join('\n > ')}:\n${(wrong as Error).message}`, { cause: wrong });
    }
  }
}

function numberOf(token: string): number {
  return Number(token.split(':')[1] ?? 0);
}

/** The tokens, with the one of a claim that was just worked on, which is newer than all. */
function withNew(tokens: readonly string[], told: string, next: Model): readonly string[] {
  if (next.serials.length === tokens.length) return tokens;
  const token = told.split(' ')[1] ?? '';
  assert.ok(numberOf(token) > Math.max(...tokens.map(numberOf)), `the token ${token} is not new`);
  return [...tokens, token];
}
