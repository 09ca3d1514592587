// Which queues a worker serves, as its user names them.
import { queueNameOf } from './checks.js';

/** The queues of a worker. Throws TypeError or RangeError for names that can't be. */
export function queueNamesOf(names: string | readonly string[]): readonly string[] {
  if (!Array.isArray(names)) return [queueNameOf('name', names)];
  const checked = names.map((name: unknown) => queueNameOf('name', name));
  if (checked.length === 0) throw new RangeError('name: expected at least one queue, got none');
  const twice = checked.find((name, at) => checked.indexOf(name) !== at);
  if (twice !== undefined)
    throw new RangeError(`name: expected each queue once, got ${JSON.stringify(twice)} twice`);
  return checked;
}
