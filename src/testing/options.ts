// What startRedis takes, by type: an option that can't be is told by its name, what was expected and what was given. What settings of
// the right types can't be together is told in config.ts.

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as messages show it; never a text, which may be the password. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return 'an object';
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return `${value as number}`;
  return `a ${typeof value}`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('\0');
}

function isLine(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

type Check = readonly [expected: string, holds: (value: unknown) => boolean];

const text: Check = ['a non-empty string', isText];
const yesOrNo: Check = ['true or false', (value) => typeof value === 'boolean'];

const checks: Readonly<Record<string, Check>> = {
  bin: text,
  socket: yesOrNo,
  port: ['a number', (value) => typeof value === 'number'],
  password: text,
  appendonly: yesOrNo,
  appendfsync: ['always or everysec', (value) => value === 'always' || value === 'everysec'],
  config: ['an object', isObject],
  startTimeout: ['a number', (value) => typeof value === 'number'],
  env: ['an object', isObject],
};

/** @throws TypeError for an option that there is not, or of another type */
export function checkTypes(options: unknown): void {
  if (!isObject(options)) throw new TypeError(`options: expected an object, got ${shown(options)}`);
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!check) {
      const known = Object.keys(checks).join(', ');
      throw new TypeError(`${JSON.stringify(name.slice(0, 80))}: expected one of ${known}`);
    }
    const [expected, holds] = check;
    if (value !== undefined && !holds(value))
      throw new TypeError(`${name}: expected ${expected}, got ${shown(value)}`);
  }
  const { config = {} } = options as { config?: Readonly<Record<string, unknown>> };
  for (const [name, value] of Object.entries(config)) {
    if (!/^[\w-]+$/.test(name))
      throw new TypeError(
        `config: expected names of directives, got ${JSON.stringify(name.slice(0, 80))}`,
      );
    if (!(Array.isArray(value) ? value.every(isLine) : isLine(value)))
      throw new TypeError(
        `config: expected a string, a number or a list of such for ${name}, got ${shown(value)}`,
      );
  }
}
