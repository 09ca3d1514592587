// Reads a script of lua/ as text: its header, its code, its calls. No Lua parser, just as much as the house rules need.

/** What a script's header says. */
export interface Header {
  /** The text after `name:` of the first line; undefined if that line is another. */
  readonly purpose: string | undefined;
  readonly keys: readonly { readonly name: string; readonly type: string }[];
  readonly args: readonly string[];
  readonly each: readonly string[];
  readonly uses: readonly string[];
  /** Section words in order. */
  readonly sections: readonly string[];
}

const sectionLine = /^-- (KEYS|ARGV|EACH|REPLY|HOLDS|USES) (.*)$/;

export function readHeader(name: string, text: string): Header {
  const lines = text.split('\n');
  if (lines[0]?.startsWith('#!')) lines.shift();
  const first = lines[0] ?? '';
  const end = lines.findIndex((line) => !line.startsWith('--'));
  const sections: { readonly word: string; readonly lines: string[] }[] = [];
  for (const line of lines.slice(0, end)) {
    const [, word, rest] = sectionLine.exec(line) ?? [];
    if (word !== undefined) sections.push({ word, lines: [rest ?? ''] });
    else sections.at(-1)?.lines.push(line.slice('--'.length));
  }
  const words = (section: string) =>
    sections
      .filter(({ word }) => word === section)
      .flatMap((found) => found.lines.map((line) => line.trim().split(/[\s,]+/)));
  const firstWords = (section: string) => words(section).map(([word]) => word ?? '');
  return {
    purpose: first.startsWith(`-- ${name}: `) ? first.slice(name.length + 5) : undefined,
    keys: words('KEYS').map(([key = '', type = '']) => ({ name: key, type })),
    args: firstWords('ARGV'),
    each: firstWords('EACH'),
    uses: words('USES').flat(),
    sections: sections.map(({ word }) => word),
  };
}

/** The lines that Redis runs, the shebang aside. */
export function codeLines(text: string): string[] {
  return text.split('\n').filter((line) => !/^\s*(--.*)?$|^#!/.test(line));
}

/** The code without comments; strings stay. */
export function codeOf(text: string): string {
  return codeLines(text).join('\n').replaceAll(/--.*$/gm, '');
}

/** The parts between commas at the top level of `text`, which begins behind an opening bracket, up to its closing one. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const [token] of text.matchAll(/'[^'\n]*'|[\s\S]/g)) {
    if (depth === 0 && /^[)}\]]$/.test(token)) break;
    if (/^[({[]$/.test(token)) depth += 1;
    if (/^[)}\]]$/.test(token)) depth -= 1;
    if (depth === 0 && token === ',') {
      parts.push(part.trim());
      part = '';
    } else part += token;
  }
  return [...parts, part.trim()];
}

/** The arguments of each call of `callee`, in order. */
export function callsOf(code: string, callee: string): string[][] {
  const pattern = new RegExp(
    String.raw`(?<![\w.:])${callee.replaceAll('.', String.raw`\.`)}\(`,
    'g',
  );
  return [...code.matchAll(pattern)].map((found) =>
    splitList(code.slice(found.index + found[0].length)),
  );
}

/** `local a, b = x, y`: names, and the expressions given to them. */
export function bindings(code: string): { names: string[]; values: string[] }[] {
  return [...code.matchAll(/local ([\w, \n]+?)\s*=\s*/g)].map((found) => {
    const rest = code.slice(found.index + found[0].length);
    const end =
      /\n *(?=local |if |for |redis|return |end\b|\n|\w+ =|\w+\()/.exec(rest)?.index ?? rest.length;
    return {
      names: (found[1] ?? '').split(',').map((name) => name.trim()),
      values: splitList(rest.slice(0, end)),
    };
  });
}

const known = new Set(
  `and break do else elseif end false for function if in local nil not or repeat return then true until while
  redis KEYS ARGV string table math ipairs pairs tonumber unpack`.split(/\s+/),
);

/** Names that the code uses and nobody declares, `declared` aside. Knows no scopes. */
export function strayGlobals(code: string, declared: Iterable<string>): string[] {
  const bare = code.replaceAll(/'[^'\n]*'/g, "''");
  const names = new Set([...known, ...declared]);
  for (const [, list] of bare.matchAll(
    /\b(?:local|for) (?!function\b)([\w, \n]+?)\s*(?:=|\bin\b|\n)/g,
  ))
    for (const name of (list ?? '').split(',')) names.add(name.trim());
  for (const [, name, list] of bare.matchAll(/\bfunction (\w+)\(([^)]*)\)/g))
    for (const local of [name ?? '', ...(list ?? '').split(',')]) names.add(local.trim());
  const used = bare.matchAll(/(?<![\w.:])[A-Za-z_]\w*/g);
  // A field of a table constructor is no variable: `{ field = value }`.
  const variables = [...used].filter(
    ({ 0: name, index }) =>
      !(/[{,]\s*$/.test(bare.slice(0, index)) && /^\s*=[^=]/.test(bare.slice(index + name.length))),
  );
  return [...new Set(variables.map(([name]) => name))].filter((name) => !names.has(name));
}
