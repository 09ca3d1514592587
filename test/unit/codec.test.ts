// The hook between JSON and what is stored: its option, its format, its errors; and the codecs of the examples.
import { createSecretKey, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { aes } from '../../examples/codecs/aes.js';
import { gzip } from '../../examples/codecs/gzip.js';
import { codecList, Codecs, type Codec, type CodecPart } from '../../src/codec.js';
import { CodecError } from '../../src/errors.js';
import { decodeFailures, decodeOutcome, encodeFailure, encodeOutcome } from '../../src/outcome.js';
import { decodeHead, decodeRecord, encodeRecord } from '../../src/record.js';
import { allOf, mask } from '../helpers/codecs.js';

const secret = 'the-secret';
const plain = mask('a');
const most = 1_000;

function codecs(...list: readonly Codec[]): Codecs {
  return new Codecs('q', list);
}

function thrownBy(act: () => unknown): Error & { code?: string; ids?: string[] } {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** With a codec of these functions. */
function failing(encode: () => unknown, decode: () => unknown = encode): Codecs {
  const functions = { encode, decode } as Pick<Codec, 'encode' | 'decode'>;
  return codecs({ ...functions, name: 'a' });
}

function throwing(error: unknown): () => never {
  return () => {
    throw error;
  };
}

describe('the option', () => {
  test('is a codec or a list of them', () => {
    expect(codecList(undefined)).toEqual([]);
    expect(codecList(plain)).toEqual([plain]);
    expect(codecList([plain, gzip, { ...plain, name: '*' }])).toHaveLength(3);
  });

  test.each([
    [null, TypeError, 'codec: expected objects with encode and decode, got null'],
    ['gzip', TypeError, 'codec: expected objects with encode and decode, got "gzip"'],
    [[plain, {}], TypeError, 'codec: expected objects with encode and decode, got an object'],
    [{ ...plain, decode: 1 }, TypeError, 'codec: expected objects'],
    [{ ...plain, name: 1 }, TypeError, 'codec.name: expected a string, got 1'],
    [{ ...plain, name: '' }, RangeError, 'codec.name: expected 1 to 32 letters'],
    [{ ...plain, name: 'a:b' }, RangeError, 'codec.name: expected 1 to 32 letters'],
    [{ ...plain, name: 'x'.repeat(33) }, RangeError, 'codec.name: expected 1 to 32 letters'],
    [[plain, plain], RangeError, 'codec.name: expected each once, got a twice'],
  ])('%j is refused', (given, kind, message) => {
    const error = thrownBy(() => codecList(given));
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toContain(message);
  });
});

describe('an encoded text', () => {
  test('names its codec, and is told where it belongs', () => {
    const places: unknown[] = [];
    const codec: Codec = {
      name: 'a-1_B',
      encode: (json, place) => {
        places.push(place);
        return Buffer.from(json);
      },
      decode: (bytes, place, name) => {
        places.push(place, name);
        return bytes;
      },
    };
    const text = codecs(codec).encode('{"x":"ü?>"}', 'meta', 'id') ?? '';
    expect(text).toMatch(/^~a-1_B:[\w-]+$/);
    expect(codecs(codec).decode(text, 'meta', 'id')).toEqual({ x: 'ü?>' });
    const place = { queue: 'q', id: 'id', part: 'meta' };
    expect(places).toEqual([place, place, 'a-1_B']);
    expect(codecs(codec).of('other').encode('1', 'log', 'x')).toBeDefined();
    expect(places.at(-1)).toEqual({ queue: 'other', id: 'x', part: 'log' });
  });

  test('is decoded by who has encoded it; the first codec encodes, one may leave it plain', () => {
    const [a, b] = [mask('a'), mask('b')];
    const old = codecs(a).encode('1', 'data', 'id') ?? '';
    expect(codecs(b, a).decode(old, 'data', 'id')).toBe(1);
    expect(codecs(b, a).encode('1', 'data', 'id')).toMatch(/^~b:/);
    expect(codecs({ ...a, encode: () => undefined }, b).encode('1', 'data', 'id')).toBeUndefined();
    expect(codecs(a).read('{"plain":1}', 'data', 'id')).toEqual({ plain: 1 });
  });

  test('is decoded by * when no other one of the list has its name; * encodes nothing', () => {
    const any: Codec = { ...mask('*'), decode: (bytes, _, name) => `["${name}",${bytes.length}]` };
    const text = codecs(mask('b')).encode('1234', 'data', 'id') ?? '';
    expect(codecs(any).decode(text, 'data', 'id')).toEqual(['b', 4]);
    expect(codecs(any, mask('b')).decode(text, 'data', 'id')).toBe(1234);
    expect(codecs(any).encodes).toBe(false);
    expect(codecs(any, mask('b')).encode('1', 'data', 'id')).toMatch(/^~b:/);
  });

  test('has no members named __proto__ when it was decoded', () => {
    const text = codecs(plain).encode('{"__proto__":{"admin":true},"a":1}', 'data', 'id') ?? '';
    expect(Object.keys(codecs(plain).decode(text, 'data', 'id') as object)).toEqual(['a']);
  });
});

describe('a codec that fails', () => {
  const coded = Object.assign(new Error(secret), { code: 'Z_DATA_ERROR' });

  test.each([
    [throwing(new CodecError('unknown key "k"')), 'codec a: unknown key "k"'],
    [throwing(coded), 'codec a threw Error Z_DATA_ERROR'],
    [throwing(new TypeError(secret)), 'codec a threw TypeError'],
    [throwing(secret), 'codec a threw string'],
    [throwing({ name: `${secret} ${secret}` }), 'codec a threw object'],
    [() => Promise.resolve(secret), 'codec a gave a promise, no bytes'],
    [() => secret, 'codec a gave string, no bytes'],
  ])('is told by name, with no word of what it was at: %#', (act, message) => {
    const error = thrownBy(() => failing(act).encode(`"${secret}"`, 'data', 'id'));
    expect(error).toMatchObject({ name: 'QueueError', code: 'CODEC', ids: ['id'] });
    expect(error.message).toBe(`data of job id can't be encoded: ${message}`);
    expect(allOf(error)).not.toContain(secret);
  });

  test.each([
    [throwing(new CodecError('unknown key "k"')), 'codec a: unknown key "k"'],
    [throwing(coded), 'codec a threw Error Z_DATA_ERROR'],
    [() => Promise.resolve(secret), 'codec a gave a promise, no JSON'],
    [() => undefined, 'codec a gave undefined, no JSON'],
    [() => secret, 'codec a gave no JSON'],
    [() => Buffer.alloc(64 * 1024 * 1024 + 1, ' '), 'it has more than 67108864 bytes'],
  ])('and so when it decodes: %#', (act, message) => {
    const error = thrownBy(() => failing(act).decode('~a:AAAA', 'result', 'id'));
    expect(error).toMatchObject({ name: 'QueueError', code: 'CODEC', ids: ['id'] });
    expect(error.message).toBe(`result of job id can't be decoded: ${message}`);
    expect(allOf(error)).not.toContain(secret);
  });

  test('or is not there', () => {
    expect(() => Codecs.none.decode('~b:AAAA', 'data', 'id')).toThrow(
      `data of job id can't be decoded: there is no codec "b"`,
    );
    expect(() => codecs(plain).read('~__proto__:AAAA', 'log', 'id')).toThrow(
      /no codec "__proto__"/,
    );
    expect(thrownBy(() => codecs(plain).read('~', 'log', 'id')).code).toBe('UNREADABLE');
  });

  test('does not tell the reason of a failure instead', () => {
    const silent = failing(throwing(new CodecError('no key')));
    const text = encodeFailure(new Error(secret), { finishedOn: 5 }, 'id', silent);
    expect(text).not.toContain(secret);
    expect(decodeFailures(text)).toMatchObject([
      { failedReason: `failure of job id can't be encoded: codec a: no key`, finishedOn: 5 },
    ]);
  });
});

describe('a record', () => {
  const record = { name: 'n', data: { secret }, timestamp: 1, opts: { attempts: 2 } };

  test('keeps its name, time and options plain', () => {
    const { text, bytes } = encodeRecord(record, most, 'id', codecs(plain));
    expect(text).toMatch(/^\["n","~a:[\w-]+",1,\{"attempts":2\},\{"data":"encoded"\}\]$/);
    expect(bytes).toBe(text.length);
    expect(decodeRecord('id', text, codecs(plain))).toEqual(record);
    const { data: _, ...head } = record;
    expect(decodeHead('id', text)).toEqual(head);
    expect(thrownBy(() => decodeRecord('id', text)).code).toBe('CODEC');
  });

  test('encodes metadata by itself, in the options and on its line', () => {
    const opts = { attempts: 2, meta: { secret } };
    const { text } = encodeRecord({ ...record, opts }, most, 'id', codecs(plain));
    expect(text).not.toContain(secret);
    expect(decodeRecord('id', text, codecs(plain)).opts).toEqual(opts);
    expect(decodeHead('id', text).opts).toEqual({ attempts: 2 });
    const line = codecs(plain).encode('{"b":1}', 'meta', 'id');
    expect(decodeRecord('id', `${text}\n${line}`, codecs(plain)).meta).toEqual({ b: 1 });
  });

  test.each([[undefined], [null], [0], [''], [[]], ['~a:AAAA'], ['\ud800'], [{ data: 'encoded' }]])(
    'tells %j again, and so does a result',
    (data) => {
      for (const by of [codecs(plain), codecs(gzip), Codecs.none]) {
        const { text } = encodeRecord({ ...record, data }, most, 'id', by);
        expect(decodeRecord('id', text, by)).toEqual({ ...record, data });
        const outcome = decodeOutcome(encodeOutcome(data, 7, most, 'id', by), 'id', by);
        expect(outcome.returnvalue).toEqual(data);
        expect(outcome.processedOn).toBe(7);
      }
    },
  );

  test('is the same as ever where codecs leave it plain', () => {
    const opts = { meta: { a: 1 } };
    for (const data of [{ secret }, undefined]) {
      const { text } = encodeRecord({ ...record, data, opts }, most, 'id', codecs(gzip));
      expect(text).toBe(encodeRecord({ ...record, data, opts }).text);
    }
  });
});

describe('the example of compression', () => {
  test('does not unpack a bomb', () => {
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(200 * 1024);
    expect(thrownBy(() => codecs(gzip).decode(`~gzip:${bomb.toString('base64url')}`, 'data', 'x')).message).toBe(
      `data of job x can't be decoded: codec gzip threw RangeError ERR_BUFFER_TOO_LARGE`,
    ); // prettier-ignore
  });
});

describe('the example of encryption', () => {
  const keys = new Map(['old', 'new'].map((id) => [id, createSecretKey(randomBytes(32))]));
  const by = codecs(aes(keys, 'new'));
  const text = by.encode(`"${secret}"`, 'data', 'id') ?? '';

  test('encrypts the same text never in the same way', () => {
    expect(by.encode(`"${secret}"`, 'data', 'id')).not.toBe(text);
    expect(by.decode(text, 'data', 'id')).toBe(secret);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain(secret);
  });

  test('binds a text to its queue, job and part', () => {
    const elsewhere: [Codecs, CodecPart, string][] = [
      [by.of('other'), 'data', 'id'],
      [by, 'meta', 'id'],
      [by, 'data', 'id2'],
    ];
    for (const [reader, part, id] of elsewhere)
      expect(() => reader.decode(text, part, id)).toThrow(/codec aes-gcm: not what was encrypted/);
  });

  test('reads what was written under another key that it has, and under no other', () => {
    const old = codecs(aes(keys, 'old')).encode('1', 'data', 'id') ?? '';
    expect(by.decode(old, 'data', 'id')).toBe(1);
    const one = codecs(aes(new Map([...keys].filter(([id]) => id === 'new')), 'new'));
    expect(() => one.decode(old, 'data', 'id')).toThrow(/codec aes-gcm: unknown key "old"/);
    const wrong = codecs(aes(new Map([['new', createSecretKey(randomBytes(32))]]), 'new'));
    expect(() => wrong.decode(text, 'data', 'id')).toThrow(/codec aes-gcm: not what was encrypted/);
    expect(() => aes(keys, 'none')).toThrow('unknown key "none"');
    // The same key under another name: the name is bound, too.
    const [, key] = [...keys].find(([id]) => id === 'new') ?? [];
    const renamed = Buffer.from(text.slice('~aes-gcm:'.length), 'base64url');
    renamed.write('NEW', 1);
    const both = codecs(aes(new Map([['NEW', key as never]]), 'NEW'));
    expect(() => both.decode(`~aes-gcm:${renamed.toString('base64url')}`, 'data', 'id')).toThrow(
      /not what was encrypted here under key "NEW"/,
    );
  });

  test('refuses it when a bit was changed or bytes are missing, anywhere', () => {
    const bytes = Buffer.from(text.slice('~aes-gcm:'.length), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      for (const spoilt of [changed, bytes.subarray(0, at)]) {
        const error = thrownBy(() => by.decode(`~aes-gcm:${spoilt.toString('base64url')}`, 'data', 'id')); // prettier-ignore
        expect(error.message).toMatch(/^data of job id can't be decoded: codec aes-gcm: /);
        expect(allOf(error)).not.toContain(secret);
      }
    }
  });
});

/** A payload that is plain, where a codec is required. */
function refused(part: string): object {
  const message = `${part} of job i can't be decoded: it is plain, and a codec is required`;
  return { code: 'CODEC', message };
}

describe('one that is required', () => {
  const strict = codecs({ ...mask('a'), required: true });
  const opts = { meta: { about: secret } };
  const record = { name: 'n', data: secret, timestamp: 1, opts };
  const left = { ...mask('a'), encode: () => undefined, required: true };

  test('reads what it has written, and that there is nothing', () => {
    const { text } = encodeRecord(record, most, 'i', strict);
    expect(decodeRecord('i', text, strict)).toEqual(record);
    const nothing = { ...record, data: undefined, opts: {} };
    expect(decodeRecord('i', encodeRecord(nothing, most, 'i', strict).text, strict)).toEqual(nothing); // prettier-ignore
    const outcome = encodeOutcome(secret, 5, most, 'i', strict);
    expect(decodeOutcome(outcome, 'i', strict)).toEqual({ returnvalue: secret, processedOn: 5 });
    expect(decodeOutcome(encodeOutcome(undefined, 5), 'i', strict)).toEqual({ processedOn: 5 });
  });

  test('is required if it stands anywhere in a list', () => {
    const list = codecs(mask('b'), { ...mask('a'), required: true });
    expect(thrownBy(() => list.read('1', 'progress', 'i'))).toMatchObject(refused('progress'));
  });

  test.each<[part: string, read: () => unknown]>([
    ['data', () => decodeRecord('i', encodeRecord({ ...record, opts: {} }).text, strict)],
    ['data', () => decodeRecord('i', '["n",null,1]', strict)],
    ['meta', () => decodeRecord('i', `["n",null,1,{"meta":{"a":1}},{"data":"undefined"}]`, strict)],
    ['meta', () => decodeRecord('i', `["n",null,1,{},{"data":"undefined"}]\n{"a":1}`, strict)],
    ['result', () => decodeOutcome(encodeOutcome(secret, 5), 'i', strict)],
    // Beside an encoded one, which it would take the place of.
    ['result', () => decodeOutcome(`{"returnvalue":1,${encodeOutcome(2, 5, most, 'i', strict).slice(1)}`, 'i', strict)], // prettier-ignore
    ['progress', () => strict.read('1', 'progress', 'i')],
    ['log', () => strict.read('"row"', 'log', 'i')],
  ])('refuses plain %s', (part, read) => {
    expect(thrownBy(read)).toMatchObject(refused(part));
  });

  test('writes nothing plain either', () => {
    expect(thrownBy(() => encodeRecord(record, most, 'i', codecs(left)))).toMatchObject({
      code: 'CODEC',
      message: "meta of job i can't be encoded: codec a left it plain",
    });
    const text = encodeFailure(new Error(secret), {}, 'i', codecs(left));
    expect(text).toContain('codec a left it plain');
    expect(text).not.toContain(secret);
  });

  test('tells reasons that are plain, since Lunaq itself gives some', () => {
    const [failure] = decodeFailures('{"failedReason":"expired"}\n', 'i', strict);
    expect(failure).toEqual({ failedReason: 'expired' });
  });

  test.each([
    [{ ...mask('a'), required: 1 }, /^codec\.required: expected true or false, got 1$/],
    [{ ...mask('*'), required: true }, /^codec\.required: expected false for \*/],
  ])('is no other value than true or false, and not *', (codec, message) => {
    expect(() => codecList(codec)).toThrow(message);
  });
});
