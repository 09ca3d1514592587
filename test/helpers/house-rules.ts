// The house rules for scripts, as functions over text: each returns what is wrong, a sentence each.
import {
  bindings,
  callsOf,
  codeLines,
  codeOf,
  readHeader,
  strayGlobals,
  type Header,
} from './lua-text.js';

/** What the catalogue says of a script. */
interface Declared {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly each: readonly string[];
}

export interface ScriptFile {
  readonly name: string;
  readonly text: string;
  /** Text of each shared function, by name. */
  readonly shared: ReadonlyMap<string, string>;
  readonly declared: Declared;
  /** Arguments that the body binds by another name, since the header's name is taken there. */
  readonly renamed?: Readonly<Record<string, string>>;
}

const longestBody = 40;
const longestExpanded = 230;
const groups = new Set(['news', 'columns', 'keyspace']);
/** How many keys `news` stands for; other groups come last. */
const newsKeys = 3;
const types = new Set(['hash', 'list', 'zset', 'string', 'stream', 'channel']);
/** Commands all of whose arguments are keys. */
const manyKeys = new Set(["'EXISTS'", "'UNLINK'", "'DEL'"]);

function same(what: string, header: readonly string[], other: readonly string[]): string[] {
  if (header.join(' ') === other.join(' ')) return [];
  return [`${what}: the header has [${header.join(' ')}], not [${other.join(' ')}]`];
}

/** The shared functions that a text calls, among those that there are. */
function calledShared(text: string, shared: ReadonlyMap<string, string>): string[] {
  const code = codeOf(text).replaceAll(/local function \w+\(/g, '');
  return [...shared.keys()].filter((name) => callsOf(code, name).length > 0);
}

function* checkUses(file: ScriptFile, uses: readonly string[]): Generator<string> {
  const needed = new Set(calledShared(file.text, file.shared));
  for (const name of needed)
    for (const inner of calledShared(file.shared.get(name) ?? '', file.shared)) needed.add(inner);
  for (const name of needed) if (!uses.includes(name)) yield `USES does not name ${name}`;
  for (const [index, name] of uses.entries()) {
    if (!file.shared.has(name)) yield `USES names ${name}, which does not exist`;
    else if (!needed.has(name)) yield `USES names ${name}, which nobody calls`;
    for (const inner of calledShared(file.shared.get(name) ?? '', file.shared))
      if (uses.indexOf(inner) >= index) yield `USES names ${name} before ${inner}, which it calls`;
  }
}

/** Positions in KEYS and ARGV, as the body binds them, against the header. */
function* checkBindings(file: ScriptFile, header: Header): Generator<string> {
  const code = codeOf(file.text);
  const keys: string[] = [];
  const args: string[] = [];
  for (const { names, values } of bindings(code)) {
    const list = /^unpack\((KEYS|ARGV)(?:, (\d+)(?:, (\d+))?)?\)$/.exec(values[0] ?? '');
    const group = /^\{ unpack\(KEYS, (\d+)(?:, (\d+))?\) \}$/.exec(values[0] ?? '');
    const before = keys.length + (keys.includes('news') ? newsKeys - 1 : 0);
    if (list) {
      const [, source, first = '1', last] = list;
      const bound = source === 'KEYS' ? keys : args;
      if (Number(first) !== bound.length + 1) yield `unpack(${source}, ${first}) skips or repeats`;
      bound.push(...names);
      if (last !== undefined && Number(last) !== bound.length)
        yield `unpack(${source}, ${first}, ${last}) has ${names.length} names`;
    } else if (group) {
      if (Number(group[1]) !== before + 1) yield `the group begins at ${before + 1}`;
      const last = names[0] === 'news' ? String(before + newsKeys) : undefined;
      if (group[2] !== last) yield `the group ends at ${last ?? 'the last key'}`;
      keys.push(names[0] ?? '');
    }
  }
  if (header.keys.at(-1)?.name === 'keyspace' && callsOf(code, 'unpack').some(isAllKeys))
    keys.push('keyspace');
  const names = header.keys.map(({ name }) => name);
  yield* same('KEYS bound', names, keys);
  yield* same(
    'ARGV bound',
    header.args.map((arg) => file.renamed?.[arg] ?? arg),
    args,
  );
  const columns = callsOf(code, 'column').map((list) => list.join(', '));
  yield* same(
    'EACH bound',
    header.each.map((_, i) => `column(${header.args.length + 1}, ${i + 1})`),
    columns.map((list) => `column(${list})`),
  );
}

function isAllKeys(list: readonly string[]): boolean {
  return list.join() === 'KEYS';
}

/** Rules for code, of a script or of a shared function. */
function* checkCode(text: string, declared: Iterable<string>): Generator<string> {
  const code = codeOf(text);
  const built = new Set(
    bindings(code).flatMap(({ names, values }) =>
      names.filter((_, i) => /\.\.|^'/.test(values[i] ?? '')),
    ),
  );
  for (const [command = '', ...operands] of callsOf(code, 'redis.call')) {
    if (/^'(KEYS|SMEMBERS|HGETALL|HKEYS|HVALS|LREM|FLUSH\w*)'$/i.test(command))
      yield `${command} is forbidden`;
    // Who may not publish fails there, behind the writes.
    if (command === "'PUBLISH'") yield 'PUBLISH only by pcall';
    for (const key of manyKeys.has(command) ? operands : operands.slice(0, 1))
      if (/\.\.|'/.test(key) || built.has(key)) yield `${command}: ${key} is no key of KEYS`;
    const options = operands.slice(1).join(' ');
    if (/^'[LZ]RANGE\w*'$/.test(command) && /-1\b|'\+inf'/.test(options) && !/LIMIT/.test(options))
      yield `${command} without a bound: ${options}`;
    if (/BYSCORE|BYLEX/.test(command + options) && !options.includes('LIMIT'))
      yield `${command} without LIMIT: ${options}`;
  }
  if (/\btostring\b/.test(code)) yield 'tostring is forbidden';
  for (const name of strayGlobals(code, declared)) yield `${name} is declared nowhere`;
}

function* checkHeader(header: Header, file: ScriptFile): Generator<string> {
  if (header.purpose === undefined) yield `the header does not begin with "-- ${file.name}: "`;
  for (const word of ['KEYS', 'REPLY', 'HOLDS'])
    if (!header.sections.includes(word)) yield `the header has no ${word}`;
  for (const { name, type } of header.keys)
    if (!groups.has(name) && !types.has(type)) yield `KEYS ${name}: ${type} is no type`;
  const names = header.keys.map(({ name }) => name);
  yield* same('KEYS declared', names, file.declared.keys);
  yield* same('ARGV declared', header.args, file.declared.args);
  yield* same('EACH declared', header.each, file.declared.each);
}

/** What is wrong with a script. */
export function checkScript(file: ScriptFile): string[] {
  const header = readHeader(file.name, file.text);
  const body = codeLines(file.text).length;
  const parts = header.uses.map((name) => codeLines(file.shared.get(name) ?? '').length);
  const expanded = parts.reduce((sum, length) => sum + length, body + 1);
  return [
    ...checkHeader(header, file),
    ...checkUses(file, header.uses),
    ...checkBindings(file, header),
    ...checkCode(file.text, header.uses),
    ...(/^#!lua( flags=allow-oom)?\n/.test(file.text) ? [] : ['the first line is no #!lua']),
    ...(body > longestBody ? [`the body has ${body} lines`] : []),
    ...(expanded > longestExpanded ? [`the expanded script has ${expanded} lines`] : []),
  ];
}

/** Whether these unindented lines are one function, on one line or on several. */
function isFunction([first = '', last, ...more]: readonly string[], opening: string): boolean {
  if (last === undefined) return first.startsWith(`${opening} `) && first.endsWith(' end');
  return first === opening && last === 'end' && more.length === 0;
}

/** What is wrong with a shared function: one function, with the name and the parameters that its first line tells. */
export function checkShared(name: string, shared: ReadonlyMap<string, string>): string[] {
  const text = shared.get(name) ?? '';
  const told = /^-- (\w+\([^)]*\)): /.exec(text)?.[1];
  const lines = codeLines(text);
  const outside = lines.filter((line) => !line.startsWith(' '));
  return [
    ...(told?.startsWith(`${name}(`) ? [] : [`the header does not begin with "-- ${name}(…): "`]),
    ...(isFunction(outside, `local function ${told}`) ? [] : [`expected one function, ${told}`]),
    ...(lines.length > longestBody + 2 ? [`the function has ${lines.length} lines`] : []),
    ...checkCode(text, [...shared.keys()]),
  ];
}
