// How jobs and their traits are written down. A record is readable JSON with the name first:
// [name, data, timestamp, options that are not the default]. What the job was annotated with since stands on a line behind it, so
// that neither is lost when the other changes, and whoever gets the record has both. What users have given is encoded on request, each
// value by itself; names, options, times and what Lunaq itself says stay plain.
import { isObject } from './checks.js';
import { Codecs, type EncodedText } from './codec.js';
import { limited, unreadable } from './errors.js';
import { retentionOf, type JobMeta, type JobOptions } from './job-options.js';
import { jsonOf } from './json.js';
import { defaultLimits } from './limits.js';
import { smallRecordBytes } from './options.js';
import { revive } from './revive.js';
import { checkStoredOptions } from './stored-options.js';
import type { Age, RecordText, TraitsText } from './script.js';

export interface JobRecord {
  readonly name: string;
  readonly data: unknown;
  readonly timestamp: number;
  readonly opts: JobOptions;
  /** What `updateMeta` has put in the place of the option. */
  readonly meta?: JobMeta;
}

/** What is in the record of a job that was made then. */
export function stampOf(timestamp: number): string {
  return `,${timestamp}`;
}

const defaults: { [K in keyof JobOptions]: JobOptions[K] } = {
  delay: 0,
  lifo: false,
  attempts: 1,
  backoff: 0,
  removeOnComplete: false,
  removeOnFail: false,
};

function withoutDefaults(opts: JobOptions): JobOptions | undefined {
  let kept: Record<string, unknown> | undefined;
  for (const option in opts) {
    const value = opts[option as keyof JobOptions];
    if (option === 'jobId' || value === undefined || value === defaults[option as keyof JobOptions])
      continue;
    kept ??= {};
    kept[option] = value;
  }
  return kept;
}

/** The record's free slot: what a record must tell of itself. */
interface Extension {
  /** What the data's slot holds when it is not the data. */
  readonly data?: 'undefined' | 'encoded';
  /** Metadata that the options leave out. */
  readonly meta?: EncodedText;
}

/** JSON of options as records have them, '' for none; of those that many jobs share, made once. */
const sharedOptions = new WeakMap<JobOptions, string>();

function encodeOptions(opts: JobOptions): string {
  const kept = withoutDefaults(opts);
  return kept === undefined ? '' : JSON.stringify(kept);
}

/** Options that many jobs will share, and that nobody changes any more. */
export function shareOptions(given: JobOptions): JobOptions {
  const opts = { ...given };
  sharedOptions.set(opts, encodeOptions(opts));
  return opts;
}

/** Few names, few milliseconds: the head and the end of the last record are, as a rule, those of the next. */
const last = { name: '', head: '["",', timestamp: 0, rest: '', end: ',0]' };

function heading(name: string): string {
  if (name !== last.name) {
    last.name = name;
    last.head = `[${JSON.stringify(name)},`;
  }
  return last.head;
}

function ending(timestamp: number, rest: string): string {
  if (timestamp !== last.timestamp || rest !== last.rest) {
    last.timestamp = timestamp;
    last.rest = rest;
    last.end = `,${timestamp}${rest}]`;
  }
  return last.end;
}

/**
 * The record of a job, and the bytes that it counts for. Throws TypeError or RangeError for data that JSON can't hold, TOO_LARGE for more
 * than `dataBytes` of it, CODEC.
 */
export function encodeRecord(
  record: JobRecord,
  dataBytes: number = defaultLimits.dataBytes,
  id = '',
  codecs = Codecs.none,
): { text: RecordText; bytes: number } {
  const { name, data, timestamp, opts } = record;
  let options = sharedOptions.get(opts) ?? encodeOptions(opts);
  let json = data === undefined ? 'null' : limited('data', jsonOf('data', data), dataBytes);
  // JSON has no undefined: the extension slot says that null stands for it.
  let extension = data === undefined ? '{"data":"undefined"}' : '';
  if (codecs.encodes) {
    const { meta, ...others } = opts;
    const hidden = meta && codecs.encode(JSON.stringify(meta), 'meta', id);
    if (hidden) options = encodeOptions(others);
    const encoded = data === undefined ? undefined : codecs.encode(json, 'data', id);
    if (encoded) json = `"${encoded}"`;
    const held = data === undefined ? 'undefined' : encoded && 'encoded';
    const told: Extension = { ...(held && { data: held }), ...(hidden && { meta: hidden }) };
    extension = held || hidden ? JSON.stringify(told) : '';
  }
  const rest = extension === '' ? options && `,${options}` : `,${options || '{}'},${extension}`;
  const text = heading(name) + json + ending(timestamp, rest);
  // Of short ones their size matters little, and counting bytes takes longer than to write them.
  const bytes = text.length * 3 <= smallRecordBytes ? text.length : Buffer.byteLength(text);
  return { text: text as RecordText, bytes };
}

/** A record as it is written: what is encoded still is. */
interface WrittenRecord {
  readonly name: string;
  readonly data: unknown;
  readonly timestamp: number;
  readonly opts: JobOptions;
  readonly extension: Extension | undefined;
  /** Metadata on a line behind it. */
  readonly line: string | undefined;
}

function parseRecord(id: string, text: string): WrittenRecord {
  try {
    const end = text.endsWith(']') ? text.length : text.indexOf('\n');
    const parts = revive(text.slice(0, end)) as [string, unknown, number, JobOptions?, Extension?];
    const [name, data, timestamp, opts = {}, extension] = parts;
    if (typeof name !== 'string' || typeof timestamp !== 'number' || end < 0)
      throw new TypeError('no name or time');
    checkStoredOptions(opts);
    const line = end === text.length ? undefined : text.slice(end + 1);
    return { name, data, timestamp, opts, extension, line };
  } catch (cause) {
    throw unreadable('the record', id, cause);
  }
}

/** What a record tells to those who can't decode it, metadata left out where it is encoded. Throws UNREADABLE. */
export function decodeHead(id: string, text: string): Omit<JobRecord, 'data' | 'meta'> {
  const { name, timestamp, opts } = parseRecord(id, text);
  return { name, timestamp, opts };
}

/** Throws UNREADABLE, CODEC. */
export function decodeRecord(id: string, text: string, codecs = Codecs.none): JobRecord {
  const { name, data, timestamp, opts, extension, line } = parseRecord(id, text);
  const record = { name, data, timestamp, opts };
  if (extension?.data === 'undefined') record.data = undefined;
  else if (extension?.data === 'encoded') record.data = codecs.decode(data, 'data', id);
  else codecs.allowPlain('data', id);
  if (extension?.meta !== undefined)
    record.opts = { ...opts, meta: metaOf(codecs.decode(extension.meta, 'meta', id), id) };
  else if (opts.meta !== undefined) codecs.allowPlain('meta', id);
  if (line === undefined) return record;
  return { ...record, meta: metaOf(codecs.read(line, 'meta', id), id) };
}

function metaOf(value: unknown, id: string): JobMeta {
  if (!isObject(value)) throw unreadable('meta', id);
  return value;
}

/** What scripts must know of a job and is not the default. They find these by pattern; a child has a delay here, others in the call. */
interface Traits {
  readonly size: number | undefined;
  readonly lifo: true | undefined;
  readonly ttl: number | undefined;
  /** ms for which it stays when it failed. */
  readonly failAge: number | undefined;
  readonly child: true | undefined;
  /** Jobs of the same call will depend on it: it is watched from the start. */
  readonly parent: true | undefined;
  readonly delay: number | undefined;
}

/** '' when there is nothing to tell. */
export function encodeTraits(
  opts: JobOptions,
  bytes: number,
  family?: { child?: boolean; parent?: boolean },
): TraitsText | '' {
  const size = bytes > smallRecordBytes;
  const plain = opts.removeOnFail === undefined || opts.removeOnFail === false;
  if (!size && !opts.lifo && plain && !opts.ttl && !family?.child && !family?.parent) return '';
  const { age } = retentionOf(opts.removeOnFail);
  const traits: Traits = {
    size: size ? bytes : undefined,
    lifo: opts.lifo || undefined,
    ttl: opts.ttl,
    failAge: age === '' ? undefined : Number(age),
    child: family?.child || undefined,
    parent: family?.parent || undefined,
    delay: (family?.child && opts.delay) || undefined,
  };
  const text = JSON.stringify(traits);
  return text === '{}' ? '' : (text as TraitsText);
}

/** How long a job with these traits stays when it failed. */
export function failAge(traits: TraitsText | ''): Age | '' {
  // Read as scripts read it: what can't be parsed tells nothing, and stops nobody.
  return (/"failAge":(\d+)/.exec(traits)?.[1] ?? '') as Age | '';
}
