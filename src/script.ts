// What a script of the catalogue is, and how its named keys and arguments become the list that EVALSHA wants.
import { createHash } from 'node:crypto';
import { luaSources } from './generated/lua.js';
import { columns, nouns, type QueueKeys } from './keys.js';

export type ScriptName = keyof typeof luaSources;

declare const brand: unique symbol;
/** A string that is not to be mixed up with another kind of string. */
type Branded<B extends string> = string & { readonly [brand]: B };

export type JobId = Branded<'job id'>;
export type LeaseId = Branded<'lease'>;
export type Token = Branded<'token'>;
/** A caller's row in `calls`. */
export type CallRow = Branded<'call'>;
export type RecordText = Branded<'record'>;
export type TraitsText = Branded<'traits'>;
export type OutcomeText = Branded<'outcome'>;
export type FailureText = Branded<'failure'>;
/** One edge between a child and a parent, as both sides keep it. */
export type EdgeText = Branded<'edge'>;
/** Edges, a line each. */
export type EdgeLines = Branded<'edges'>;
/** What parents ended with, a line each. */
export type OutcomeLines = Branded<'outcomes'>;
/** What a worker tells of itself. */
export type WorkerText = Branded<'worker'>;
/** JSON on one line: progress of a job, or a row of its log. */
export type NoteText = Branded<'note'>;
/** A job's metadata. */
export type MetaText = Branded<'meta'>;
/** Tells a queue from a later one of the same name; '' for none. */
export type Stamp = Branded<'stamp'>;
/** ms for which a finished job stays: '0' not at all, '' for ever. */
export type Age = Branded<'age'>;

/** A key of the queue, or a named group of keys. */
export type KeyName = keyof QueueKeys | 'news' | 'columns' | 'keyspace' | 'markers' | 'claimable';

type Values = Record<string, string | number>;

/** One declaration per Lua file: keys and arguments by name, in the order in which the file binds them. */
export interface Script<Args extends Values, Each extends Values, Reply> {
  readonly name: ScriptName;
  readonly source: string;
  readonly sha: string;
  readonly keys: readonly KeyName[];
  readonly args: readonly (keyof Args & string)[];
  readonly each: readonly (keyof Each & string)[];
  /** Repeated calls are told apart by number, so an unanswered copy may be sent again. */
  readonly numbered: boolean;
  /** Reads the reply to a call with `count` elements. */
  readonly parse: (reply: unknown, count: number) => Reply;
}

/** One call of a script, ready to be sent. */
export interface Call<Reply = unknown> {
  readonly script: Pick<Script<Values, Values, Reply>, 'name' | 'sha' | 'source'>;
  /** Number of keys, the keys, the arguments. */
  readonly argv: readonly (string | number)[];
  readonly parse: (reply: unknown) => Reply;
}

/** Stands for the type of an argument in a declaration. */
export function as<T extends string | number>(): T {
  return '' as T;
}

export function declareScript<Args extends Values, Each extends Values, Reply>(
  name: ScriptName,
  shape: {
    keys: readonly KeyName[];
    args: Args;
    each: Each;
    parse: (reply: unknown, count: number) => Reply;
  },
): Script<Args, Each, Reply> {
  const source = luaSources[name];
  const args = Object.keys(shape.args);
  return {
    name,
    source,
    sha: createHash('sha1').update(source).digest('hex'),
    keys: shape.keys,
    args,
    each: Object.keys(shape.each),
    numbered: args.includes('number'),
    parse: shape.parse,
  };
}

/** The actual keys behind the names that a script declares. */
function resolveKeys(names: readonly KeyName[], keys: QueueKeys): string[] {
  return names.flatMap((name) => {
    if (name === 'news') return [keys.events, keys.stream, keys.audience];
    if (name === 'markers') return [keys.wake, keys.waiting];
    if (name === 'claimable') return [keys.wake, keys.waiting, keys.suspects, keys.delayed];
    if (name === 'columns') return columns.map((noun) => keys[noun]);
    if (name === 'keyspace') return nouns.map((noun) => keys[noun]);
    return [keys[name]];
  });
}

/** The number of keys and the keys of scripts on a queue. */
const beginnings = new WeakMap<QueueKeys, Map<ScriptName, readonly (string | number)[]>>();

/** The same for every call, so made once. */
function beginningOf(
  script: Pick<Script<Values, Values, unknown>, 'name' | 'keys'>,
  keys: QueueKeys,
): readonly (string | number)[] {
  let ofQueue = beginnings.get(keys);
  if (!ofQueue) beginnings.set(keys, (ofQueue = new Map()));
  let beginning = ofQueue.get(script.name);
  if (!beginning) {
    const resolved = resolveKeys(script.keys, keys);
    beginning = [resolved.length, ...resolved];
    ofQueue.set(script.name, beginning);
  }
  return beginning;
}

/** Binds keys, arguments and the elements of a batch to a script by name. */
export function callOf<Args extends Values, Each extends Values, Reply>(
  script: Script<Args, Each, Reply>,
  keys: QueueKeys,
  args: NoInfer<Args>,
  items: readonly NoInfer<Each>[] = [],
): Call<Reply> {
  const argv = beginningOf(script, keys).slice();
  // One that may be left out is '' then.
  for (const name of script.args) argv.push(args[name] ?? '');
  if (script.each.length > 0) layOut(argv, script.each, items);
  return { script, argv, parse: (reply) => script.parse(reply, items.length) };
}

/**
 * Appends the elements of a batch as `column` (lua/shared) reads them: a letter for each field, the fields that are the same in all
 * elements once, then the others element by element. The first field always varies.
 */
function layOut(
  argv: (string | number)[],
  fields: readonly string[],
  items: readonly Values[],
): void {
  const first = items[0] ?? {};
  const varying: string[] = [];
  const constants: (string | number)[] = [];
  let shape = '';
  for (const field of fields) {
    const constant = varying.length > 0 && isConstant(items, field);
    shape += constant ? 'c' : 'v';
    if (constant) constants.push(first[field] as string | number);
    else varying.push(field);
  }
  argv.push(shape, ...constants);
  for (const item of items) for (const field of varying) argv.push(item[field] as string | number);
}

function isConstant(items: readonly Values[], field: string): boolean {
  const value = items[0]?.[field];
  for (const item of items) if (item[field] !== value) return false;
  return items.length > 0;
}
