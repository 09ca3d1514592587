// Checks of single values, which name what was wrong: option, expected, given.

/** The greatest number that options take. Sums of a few such, and of one and a time, stay exact. */
export const largest = 2 ** 51 - 1;

/** The most ms that a timer of Node takes; beyond, it fires at once. */
export const longestTimer = 2 ** 31 - 1;

/** The longest wait, 50 years in ms: a point of time in ms since 1970 is more, so one that is given in the place of a wait is found. */
export const longestDelay = 50 * 365 * 24 * 3_600_000;

/** ms since 1970 of a day in 1973; a number of seconds since 1970 is less. */
const earliestTime = 1e11;

/** Most characters of a text that messages show. */
const shownText = 80;

/** A value as messages show it: never long, on one line. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > shownText ? `${value.slice(0, shownText)}…` : value);
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  return `${String(value).slice(0, shownText)}${typeof value === 'bigint' ? 'n' : ''}`;
}

/** Anything with fields, but for lists. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole number from `least` to `most`, or a TypeError or RangeError that names the option. */
export function wholeNumber(option: string, value: unknown, least: number, most = largest): number {
  if (typeof value !== 'number')
    throw new TypeError(`${option}: expected a number, got ${shown(value)}`);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(
      `${option}: expected a whole number from ${least} to ${most}, got ${value}`,
    );
  return value;
}

/** A point of time in ms since 1970; 0 stands for the very first. One in seconds is refused, since it would be one in 1970. */
export function pointOfTime(option: string, value: unknown): number {
  const time = wholeNumber(option, value, 0);
  if (time > 0 && time < earliestTime)
    throw new RangeError(`${option}: expected ms since 1970, got ${time}, as if in seconds`);
  return time;
}

export function yesOrNo(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new TypeError(`${option}: expected true or false, got ${shown(value)}`);
  return value;
}

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** What nearly every name and id is, and needs no further look. */
const plain = /^[\w.:-]{1,256}$/;

/** A name or id: 1 to `most` bytes without control characters or lone surrogates. */
export function textOf(option: string, value: unknown, most = 256): string {
  if (typeof value === 'string' && value.length <= most && plain.test(value)) return value;
  if (typeof value !== 'string')
    throw new TypeError(`${option}: expected a string, got ${shown(value)}`);
  const bytes = Buffer.byteLength(value);
  if (bytes < 1 || bytes > most)
    throw new RangeError(`${option}: expected 1 to ${most} bytes, got ${bytes}`);
  if (control.test(value) || !value.isWellFormed())
    throw new RangeError(`${option}: expected no control characters, got ${shown(value)}`);
  return value;
}

/** A queue's name or prefix; braces would change the slot of its keys. */
export function queueNameOf(option: string, value: unknown): string {
  const name = textOf(option, value);
  if (/[{}]/.test(name)) throw new RangeError(`${option}: expected no braces, got ${shown(name)}`);
  return name;
}

/** Refuses options that are unknown, so that no wish is lost in silence. */
export function knownOptions(options: unknown, known: readonly string[], what = 'options'): void {
  if (!isObject(options))
    throw new TypeError(
      `${what}: expected an object, got ${Array.isArray(options) ? 'a list' : shown(options)}`,
    );
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(option))
      throw new TypeError(
        `${shownName(option)}: expected one of ${known.join(', ')} as the name of an option`,
      );
  }
}

/** The name of an option that nobody knows: any text may be one. */
function shownName(option: string): string {
  return plain.test(option) ? option : shown(option);
}
