// Between JSON and what is stored of it: codecs of the user, such as a compression or an encryption. An encoded text stands where its
// JSON would: `~`, with which no JSON begins, the codec's name, a colon, base64url. Its reader finds by that name who decodes it, so plain
// texts and those of several codecs may stand beside each other in one queue.
import { shown, yesOrNo } from './checks.js';
import { QueueError, unreadable, type CodecError } from './errors.js';
import { revive } from './revive.js';

/** What is encoded of a job, each by itself. */
export type CodecPart = 'data' | 'meta' | 'progress' | 'log' | 'result' | 'failure';

/** What an encoded text belongs to. An encryption binds it to that, so that it is of no use in any other place. */
export interface CodecPlace {
  readonly queue: string;
  readonly id: string;
  readonly part: CodecPart;
}

/**
 * Encodes what is stored of jobs. It is synchronous, as jobs are read on their way to handlers. What it throws is told by name and code
 * only, since a message may quote what the codec was at: what it says in a `CodecError` is passed on.
 */
export interface Codec {
  /**
   * Is stored with all that it encodes: 1 to 32 of `A` to `Z`, `a` to `z`, `0` to `9`, `_` and `-`. `*` decodes what no other one of a
   * list does.
   */
  readonly name: string;
  /**
   * Whether payloads must be encoded: one that is plain is refused with CODEC, read or written, so that who can write to Redis slips none in.
   * Of a list, one is enough. Default false.
   */
  readonly required?: boolean;
  /** JSON as bytes; undefined leaves it as it is. */
  encode(json: string, place: CodecPlace): Uint8Array | undefined;
  /** Bytes as JSON again. `name` is that of the codec which has encoded them. */
  decode(bytes: Buffer, place: CodecPlace, name: string): string | Uint8Array;
}

/** Most bytes of JSON that a codec may give back; no limit lets in more. */
const maxDecodedBytes = 64 * 1024 * 1024;

/** `~name:base64url`. */
export type EncodedText = string & { readonly __encoded: never };

const codecError: CodecError['name'] = 'CodecError';
const validName = /^(?:[\w-]{1,32}|\*)$/;

/** The option `codec` as a list. Throws TypeError or RangeError for what can't be. */
export function codecList(given: unknown): readonly Codec[] {
  if (given === undefined) return [];
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const names = new Set<string>();
  for (const one of list) {
    const fields = (one ?? {}) as Partial<Record<keyof Codec, unknown>>;
    const { name, required = false, encode, decode } = fields;
    if (typeof encode !== 'function' || typeof decode !== 'function')
      throw new TypeError(`codec: expected objects with encode and decode, got ${shown(one)}`);
    if (typeof name !== 'string')
      throw new TypeError(`codec.name: expected a string, got ${shown(name)}`);
    if (!validName.test(name))
      throw new RangeError(
        `codec.name: expected 1 to 32 letters, digits, _ or -, or *, got ${shown(name)}`,
      );
    if (yesOrNo('codec.required', required) && name === '*')
      throw new RangeError('codec.required: expected false for *, which encodes nothing');
    if (names.has(name)) throw new RangeError(`codec.name: expected each once, got ${name} twice`);
    names.add(name);
  }
  return list as readonly Codec[];
}

/** The codecs of one queue: the first one encodes, all decode. */
export class Codecs {
  /** Of those who have none. */
  static readonly none = new Codecs('', []);

  readonly #queue: string;
  readonly #list: readonly Codec[];
  readonly #writer: Codec | undefined;
  /** Whether anything may have to be encoded. */
  readonly encodes: boolean;
  readonly #isRequired: boolean;

  /** `list` has been checked. */
  constructor(queue: string, list: readonly Codec[]) {
    this.#queue = queue;
    this.#list = list;
    this.#writer = list.find(({ name }) => name !== '*');
    this.encodes = this.#writer !== undefined;
    this.#isRequired = list.some(({ required }) => required === true);
  }

  /** The same, for jobs of another queue. */
  of(queue: string): Codecs {
    return queue === this.#queue ? this : new Codecs(queue, this.#list);
  }

  /** JSON encoded; undefined when it stays as it is. Throws CODEC. */
  encode(json: string, part: CodecPart, id: string): EncodedText | undefined {
    const writer = this.#writer;
    if (!writer) return undefined;
    let bytes: unknown;
    try {
      bytes = writer.encode(json, { queue: this.#queue, id, part });
    } catch (thrown) {
      throw failure('encoded', part, id, told(writer.name, thrown));
    }
    if (bytes === undefined) {
      if (this.#isRequired)
        throw failure('encoded', part, id, `codec ${writer.name} left it plain`);
      return undefined;
    }
    if (!(bytes instanceof Uint8Array))
      throw failure('encoded', part, id, `codec ${writer.name} gave ${kind(bytes)}, no bytes`);
    return `~${writer.name}:${bufferOf(bytes).toString('base64url')}` as EncodedText;
  }

  /** The value of what should be an encoded text. Throws CODEC, UNREADABLE. */
  decode(given: unknown, part: CodecPart, id: string): unknown {
    const text = typeof given === 'string' && given.startsWith('~') ? given : '';
    const colon = text.indexOf(':');
    if (colon < 0) throw unreadable(part, id);
    const name = text.slice(1, colon);
    const codec =
      this.#list.find((one) => one.name === name) ?? this.#list.find((one) => one.name === '*');
    if (!codec) throw failure('decoded', part, id, `there is no codec ${shown(name.slice(0, 32))}`);
    let json: unknown;
    try {
      const bytes = Buffer.from(text.slice(colon + 1), 'base64url');
      json = codec.decode(bytes, { queue: this.#queue, id, part }, name);
    } catch (thrown) {
      throw failure('decoded', part, id, told(name, thrown));
    }
    if (typeof json !== 'string' && !(json instanceof Uint8Array))
      throw failure('decoded', part, id, `codec ${name} gave ${kind(json)}, no JSON`);
    if (json.length > maxDecodedBytes)
      throw failure('decoded', part, id, `it has more than ${maxDecodedBytes} bytes`);
    try {
      return revive(typeof json === 'string' ? json : bufferOf(json).toString());
    } catch {
      // What JSON.parse says quotes the text.
      throw failure('decoded', part, id, `codec ${name} gave no JSON`);
    }
  }

  /** Whether payloads may stand there as they are. Throws CODEC. */
  allowPlain(part: CodecPart, id: string): void {
    if (this.#isRequired)
      throw failure('decoded', part, id, 'it is plain, and a codec is required');
  }

  /** The value of a text that is either encoded or JSON. Throws CODEC, UNREADABLE. */
  read(text: string, part: CodecPart, id: string): unknown {
    if (text.startsWith('~')) return this.decode(text, part, id);
    this.allowPlain(part, id);
    try {
      return revive(text);
    } catch (cause) {
      throw unreadable(part, id, cause);
    }
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function kind(value: unknown): string {
  return value instanceof Promise ? 'a promise' : typeof value;
}

function failure(
  done: 'encoded' | 'decoded',
  part: CodecPart,
  id: string,
  why: string,
): QueueError {
  return new QueueError('CODEC', `${part} of job ${id} can't be ${done}: ${why}`, { ids: [id] });
}

/** What may be told of what a codec has thrown. */
function told(codec: string, thrown: unknown): string {
  // One of another copy of Lunaq is as good.
  if (thrown instanceof Error && thrown.name === codecError)
    return `codec ${codec}: ${thrown.message}`;
  const { name, code } = (thrown ?? {}) as { name?: unknown; code?: unknown };
  const words = [name, code].filter((word) => typeof word === 'string' && /^\w{1,64}$/.test(word));
  return `codec ${codec} threw ${words.join(' ') || typeof thrown}`;
}
