// What the texts that are stored of a job say. One of the queues has a codec, so that nothing of its users stands there in plain; all can
// read what it has encoded.
import type { Codec } from '../../src/index.js';
import { mask } from '../helpers/codecs.js';

const hidden = new Set(['q']);
const writer = mask('mask');
const reader = mask('*');

export function codecOf(queue: string): Codec {
  return hidden.has(queue) ? writer : reader;
}

/** A text that a codec has encoded. */
function decoded(text: string): unknown {
  const bytes = Buffer.from(text.slice(text.indexOf(':') + 1), 'base64url');
  return JSON.parse(reader.decode(bytes, { queue: '', id: '', part: 'data' }, '*').toString());
}

/** The value of what a user has given; a word to stumble over when it stands in plain where it should not, or the other way round. */
export function valueOf(text: string, queue: string): unknown {
  if (text.startsWith('~') !== hidden.has(queue)) return `wrong text: ${text}`;
  return text.startsWith('~') ? decoded(text) : JSON.parse(text);
}

/** Name, data, options and metadata of a record. */
export function recordOf(text: string, queue: string): unknown {
  const [record = '', line] = text.split('\n');
  const [name, given, , opts = {}, extension = {}] = JSON.parse(record) as [string, unknown, number, object?, { data?: string; meta?: string }?]; // prettier-ignore
  const isHidden = extension.data === 'encoded';
  const data = isHidden ? decoded(given as string) : given;
  return {
    name,
    data: isHidden === hidden.has(queue) ? data : `wrong data: ${text}`,
    opts: extension.meta === undefined ? opts : { ...opts, meta: decoded(extension.meta) },
    meta: line === undefined ? undefined : valueOf(line, queue),
  };
}

interface Parts {
  readonly encoded?: string;
  readonly returnvalue?: unknown;
  readonly failedReason?: string;
  readonly processedOn?: number;
}

/** An outcome; undefined for ''. */
export function outcomeOf(text: string): Parts | undefined {
  if (text === '') return undefined;
  const { encoded, ...parts } = JSON.parse(text) as Parts;
  return encoded === undefined ? parts : { returnvalue: decoded(encoded), ...parts };
}

/** What Lunaq itself says stays plain. */
const own = /^(?:expired|parent |job stalled|the attempt took)/;

/** Why a job of this queue has failed. */
export function failureOf(text: string, queue: string): string | null {
  if (text === '') return null;
  const { encoded, failedReason = '' } = JSON.parse(text) as Parts;
  if (encoded !== undefined) return (decoded(encoded) as Parts).failedReason ?? null;
  return hidden.has(queue) && !own.test(failedReason) ? `wrong text: ${text}` : failedReason;
}

/** The lines of a row, each with its end. */
export function linesOf(row: string): string[] {
  return row.split('\n').slice(0, -1);
}
