// How `lunaq info` looks to people.
import { states } from '../scripts.js';
import type { Info, QueueInfo, WorkerSeen } from './info.js';
import { table, line, type Output, type Piece, type Styled } from './output.js';
import { plural, span } from './text.js';

/** Most jobs of a worker that are named. */
const named = 3;

export function linesOf(out: Output, { time, queues, workers }: Info): Styled[] {
  return [
    ...(queues ? [...queueTable(out, queues), total(queues), line``] : []),
    ...(workers
      ? [...workerTable(out, workers), line`${plural(workers.length, 'worker')}`, line``]
      : []),
    out.style('dim', `Updated: ${new Date(time).toISOString()}`),
  ];
}

function total(queues: readonly QueueInfo[]): Styled {
  const jobs = queues
    .flatMap(({ counts }) => Object.values(counts))
    .reduce((sum, each) => sum + each, 0);
  return line`${plural(queues.length, 'queue')}, ${plural(jobs, 'job')} total`;
}

function queueTable(out: Output, queues: readonly QueueInfo[]): Styled[] {
  if (queues.length === 0) return [];
  const rates = ['added', 'completed', 'failed'] as const;
  const columns = [
    'queue',
    ...states.map((state) => `>${state}`),
    '>oldest',
    ...rates.map((rate) => `>${rate}/min`),
  ];
  const rows = queues.map(({ name, paused, counts, oldest, rates: now }): Piece[] => [
    paused
      ? line`${out.style('bold', name)} ${out.style('yellow', 'paused')}`
      : out.style('bold', name),
    ...states.map((state) => number(out, counts[state], state === 'failed')),
    oldest ? span(oldest.age) : '-',
    ...rates.map((rate) => number(out, now[rate], rate === 'failed')),
  ]);
  return table(out, columns, rows);
}

/** Nothing is dim, trouble red. */
function number(out: Output, value: number, trouble: boolean): Piece {
  if (value === 0) return out.style('dim', 0);
  return trouble ? out.style('red', value) : value;
}

const colours = { busy: 'green', idle: 'dim', paused: 'yellow', gone: 'red' } as const;

function workerTable(out: Output, workers: readonly WorkerSeen[]): Styled[] {
  if (workers.length === 0) return [];
  const rows = workers.map((worker): Piece[] => [
    worker.name ?? '-',
    worker.host,
    worker.pid,
    worker.queues.join(', ') + (worker.queueCount > worker.queues.length ? ', …' : ''),
    out.style(colours[worker.state], worker.state),
    `${worker.active} of ${worker.concurrency}`,
    jobsOf(worker),
  ]);
  return table(out, ['worker', 'host', '>pid', 'queues', 'state', '>jobs', ''], rows);
}

function jobsOf({ jobs }: WorkerSeen): string {
  const first = jobs.slice(0, named).map(({ id, name }) => `${name} (${id})`);
  return [...first, ...(jobs.length > named ? ['…'] : [])].join(', ');
}
