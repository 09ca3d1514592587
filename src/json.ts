// Values as JSON that says the same. What JSON leaves out or writes in its own way is as everybody knows it: undefined, functions as
// properties, what has a toJSON. What would silently become something else is refused: NaN and infinities, which would be null, and
// what would be {}, such as a Map.
import { types } from 'node:util';
import { shown } from './checks.js';
import { asError } from './errors.js';

/** A value as JSON on one line. Throws TypeError or RangeError for one that JSON can't hold, naming its place: `data.points[3].x`. */
export function jsonOf(what: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value) as string | undefined;
  } catch (cause) {
    throw lossIn(what, value) ?? unwritable(what, cause);
  }
  if (text === undefined) throw notJson(what, value);
  if (mayHaveLost(text) && !isPlain(value, 0)) {
    const loss = lossIn(what, value);
    if (loss) throw loss;
  }
  return text;
}

/** All that would be lost shows as null or {}. Looking for one character first is cheaper by half. */
function mayHaveLost(text: string): boolean {
  if (text.includes('null')) return true;
  return (text.indexOf('{', 1) > 0 || text.length === 2) && text.includes('{}');
}

function notJson(place: string, value: unknown): TypeError {
  return new TypeError(`${place}: expected what JSON can hold, got ${shown(value)}`);
}

function unwritable(what: string, cause: unknown): TypeError {
  const [why = ''] = asError(cause).message.split('\n', 1);
  return new TypeError(`${what}: can't be written as JSON: ${why.slice(0, 200)}`, { cause });
}

/** Deeper than this only `lossIn` looks. */
const shallow = 100;

/** Whether a value is surely kept as it is: as a rule there is just a null or an empty object in it somewhere. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null)
    return typeof value !== 'function' && typeof value !== 'symbol';
  if (depth > shallow || types.isProxy(value)) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const row = value as Record<string, unknown>;
  if (typeof row.toJSON === 'function') return false;
  for (const key in row) if (!isPlain(row[key], depth + 1)) return false;
  return true;
}

type Place = { readonly holder: object; readonly key: string };

/** Goes through a value as JSON does. The first thing that would be lost, as an error that names its place. */
function lossIn(what: string, value: unknown): Error | undefined {
  const places = new Map<unknown, Place>();
  let loss: Error | undefined;
  function look(this: object, key: string, written: unknown): unknown {
    const place = { holder: this, key };
    const refused = refusalOf(place, written);
    if (refused) {
      loss = refused(what + pathTo(place, places));
      throw loss;
    }
    if (typeof written === 'object' && written !== null) places.set(written, place);
    return written;
  }
  try {
    JSON.stringify(value, look);
  } catch (cause) {
    return loss ?? unwritable(what, cause);
  }
  return undefined;
}

/** Where a value is, from the outermost one on: `.points[3].x`. */
function pathTo(place: Place, places: ReadonlyMap<unknown, Place>): string {
  const steps: string[] = [];
  // Around the outermost value JSON.stringify puts an object of its own.
  for (
    let at = place, above = places.get(at.holder);
    above;
    at = above, above = places.get(at.holder)
  ) {
    const name = /^[A-Za-z_$][\w$]*$/.test(at.key) ? `.${at.key}` : `[${JSON.stringify(at.key)}]`;
    steps.push(Array.isArray(at.holder) ? `[${at.key}]` : name);
  }
  return steps.toReversed().join('');
}

/** How a value is refused that JSON would write as something else; undefined for one that it keeps, or leaves out as everybody knows. */
function refusalOf(
  { holder, key }: Place,
  written: unknown,
): ((place: string) => Error) | undefined {
  if (typeof written === 'number' || types.isNumberObject(written)) {
    if (Number.isFinite(Number(written))) return undefined;
    return (place) => new RangeError(`${place}: expected a finite number, got ${String(written)}`);
  }
  const given: unknown = (holder as Record<string, unknown>)[key];
  const invalid = types.isDate(given) && Number.isNaN(given.getTime());
  if (invalid) return (place) => new RangeError(`${place}: expected a date, got an invalid one`);
  const silent = typeof written === 'function' || typeof written === 'symbol';
  if (typeof written === 'bigint' || (silent && Array.isArray(holder)))
    return (place) => notJson(place, written);
  const kind = hollowKind(written);
  if (kind) return (place) => new TypeError(`${place}: expected what JSON can hold, got ${kind}`);
  return undefined;
}

/** What is in these JSON doesn't see: they would be {}. */
function hollowKind(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Object.keys(value).length > 0)
    return undefined;
  if (types.isMap(value)) return 'a Map';
  if (types.isSet(value)) return 'a Set';
  if (types.isPromise(value)) return 'a Promise';
  if (types.isNativeError(value)) return 'an Error';
  if (types.isRegExp(value)) return 'a RegExp';
  if (types.isAnyArrayBuffer(value)) return 'an ArrayBuffer';
  return types.isWeakMap(value) || types.isWeakSet(value) ? 'a weak collection' : undefined;
}
