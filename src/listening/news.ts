// What scripts publish of jobs: one message for each call. The first line is the server's time (ms); then there is a line for each event:
// a word, the job's id, and what else is to be told, parted by tabs.
import type { JobId } from '../script.js';
import { states } from '../scripts.js';

const eventWords = [
  ...states,
  /** Of a watched job while nobody listens to all: it has finished. */
  'ended',
  'stalled',
  'removed',
  'progress',
  'drained',
  'paused',
  'resumed',
  'obliterated',
] as const;
type EventWord = (typeof eventWords)[number];

/** One line of a message. */
export interface JobEvent {
  readonly word: EventWord;
  /** '' when it is about the whole queue. */
  readonly id: JobId;
  /** What stands behind the id. */
  readonly fields: readonly string[];
}

/** One message. */
export interface News {
  /** When it happened, by the server's clock (ms). */
  readonly time: number;
  readonly events: readonly JobEvent[];
}

const known: ReadonlySet<string> = new Set(eventWords);

/** Reads a message. Words of other versions, and messages of somebody else, are passed over. */
export function parseNews(message: string): News {
  const [first = '', ...lines] = message.split('\n');
  if (!/^\d{1,16}$/.test(first)) return { time: 0, events: [] };
  const events = lines.flatMap((line): JobEvent[] => {
    const [word = '', id = '', ...fields] = line.split('\t');
    return known.has(word) ? [{ word: word as EventWord, id: id as JobId, fields }] : [];
  });
  return { time: Number(first), events };
}
