// `lunaq doctor`: whether queues are well, and what to do about those that are not.
import { checkQueue, type Problem, type QueueReport } from '../doctor.js';
import { getQueues } from '../registry.js';
import { line, type Output } from './output.js';
import { complainOfUnknown } from './queues.js';
import type { Session } from './session.js';
import { span } from './text.js';

/** Most ids of a problem that people are told. */
const named = 10;

/** Examines queues, all of them when none is named; 1 when something is broken. */
export async function doctor(
  session: Session,
  given: readonly string[],
  { records = false }: { records?: boolean },
): Promise<number> {
  const known = await getQueues(session.place);
  complainOfUnknown(session, given, new Set(known));
  let code = 0;
  for (const name of given.length > 0 ? given : known) {
    const report = await checkQueue(session.queue(name), { records });
    session.out.document(report);
    print(session.out, report);
    if (!report.ok) code = 1;
  }
  return code;
}

function print(out: Output, { queue, ok, problems, looked }: QueueReport): void {
  const state = ok ? out.style('green', 'well') : out.style('red', 'broken');
  out.print(line`${out.style('bold', queue)} ${state} ${out.style('dim', `(${span(looked.ms)})`)}`);
  for (const problem of problems) tell(out, problem);
}

function tell(out: Output, { severity, code, message, ids, remedy }: Problem): void {
  const word = out.style(severity === 'broken' ? 'red' : 'yellow', severity);
  out.print(line`  ${word} ${code}: ${message}`);
  const more = ids.length > named ? ', …' : '';
  if (ids.length > 0) out.print(line`    ${ids.slice(0, named).join(', ')}${more}`);
  out.print(line`    ${remedy}`);
}
