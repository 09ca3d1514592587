// `lunaq pause`, `resume`, `drain`: commands about whole queues.
import { getQueues } from '../registry.js';
import { complain, line } from './output.js';
import type { Session } from './session.js';

/** Warns about a name that may be mistyped. */
function complainOfOne(name: string): void {
  complain(`nobody has used a queue ${JSON.stringify(name)} yet`);
}

/** Warns about names that may be mistyped among these. Throws for those that can't be. */
export function complainOfUnknown(
  session: Session,
  given: readonly string[],
  known: ReadonlySet<string>,
): void {
  for (const name of given) session.queue(name);
  for (const name of given) if (!known.has(name)) complainOfOne(name);
}

/** Does something to each queue; also to those that nobody has used yet. */
async function toEach(
  session: Session,
  names: readonly string[],
  verb: string,
  act: (name: string) => Promise<void>,
): Promise<void> {
  const known = new Set(await getQueues(session.place));
  for (const name of names) {
    await act(name);
    if (!known.has(name)) complainOfOne(name);
    session.out.print(line`${session.out.style('bold', name)} ${verb}`);
    session.out.document({ queue: name, known: known.has(name), [verb]: true });
  }
}

export async function pause(session: Session, names: readonly string[]): Promise<void> {
  await toEach(session, names, 'paused', (name) => session.queue(name).pause());
}

export async function resume(session: Session, names: readonly string[]): Promise<void> {
  await toEach(session, names, 'resumed', (name) => session.queue(name).resume());
}

export async function drain(
  session: Session,
  names: readonly string[],
  { delayed = false }: { delayed?: boolean },
): Promise<void> {
  await toEach(session, names, 'drained', (name) => session.queue(name).drain(delayed));
}
