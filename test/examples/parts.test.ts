// The parts of the main job that need no Redis.
import { expect, test } from 'vitest';
import { idOf } from '../../examples/files.js';
import { Progress } from '../../examples/progress.js';
import { Sum } from '../../examples/tally.js';
import { addCounts, byCount, countWords, cutTo, type WordCounts } from '../../examples/words.js';
import { noJobs } from '../helpers/live.js';

function countsOf(text: string): WordCounts {
  const sums = new Map<string, number>();
  countWords(sums, text);
  return byCount(sums);
}

test('words are letters, two or more, of any script, in lower case', () => {
  expect(countsOf('The CAT, the cat_x: été 42 a\nпривет 世界 — the')).toEqual({
    1: 'été привет 世界',
    2: 'cat',
    3: 'the',
  });
  expect(countsOf('')).toEqual({});
});

test('sums over texts are those of one text', () => {
  const texts = ['red green red', 'constructor red', 'green __proto__ green'];
  const sums = new Map<string, number>();
  for (const text of texts) addCounts(sums, countsOf(text));
  const whole = new Map<string, number>();
  countWords(whole, texts.join('\n'));
  expect(sums).toEqual(whole);
});

test('a tally that would be too large loses its rarest words, and says so', () => {
  expect(cutTo({ 1: 'once one', 7: 'seven', 30: 'thirty' }, 11)).toEqual({
    kept: { 7: 'seven', 30: 'thirty' },
    dropped: 1,
  });
  expect(cutTo({ 1: 'once' }, 4)).toEqual({ kept: { 1: 'once' }, dropped: 0 });

  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('');
  const words = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
  const long = words.map((word) => word.repeat(20)).join(' ');
  const file = new Sum();
  file.addText(`${long} often often`);
  const { tally } = file;
  expect(tally).toMatchObject({ words: 17_578, different: 17_577, missing: 0, dropped: 1 });
  const both = new Sum();
  both.add(tally);
  both.add(tally);
  expect(both.tally).toMatchObject({ words: 35_156, counts: { 4: 'often' }, missing: 2 });
});

test('failures are added up by reason, with the first ids as samples', () => {
  const [one, other] = [new Sum(), new Sum()];
  for (const id of ['d', 'b']) one.addFailure('binary', id);
  for (const id of ['c', 'a']) other.addFailure('binary', id);
  other.addFailure('__proto__', 'e');
  one.add(other.tally);
  expect(one.tally.failed).toEqual([
    { reason: 'binary', count: 4, samples: ['a', 'b', 'c'] },
    { reason: '__proto__', count: 1, samples: ['e'] },
  ]);
});

test('a path is its own id unless it is too long or has control characters', () => {
  expect(idOf('/a/b c.txt')).toBe('/a/b c.txt');
  expect(idOf('x'.repeat(256))).toBe('x'.repeat(256));
  const ids = ['é'.repeat(129), 'a\nb', 'a\u0085b'].map(idOf);
  for (const id of ids) expect(id).toMatch(/^[\da-f]{64}$/);
  expect(new Set(ids).size).toBe(ids.length);
});

/** Collects what is written, as a terminal or as a pipe. */
function sink(isTTY: boolean, columns = 80): NodeJS.WriteStream & { text: string } {
  const out = { isTTY, columns, text: '', write: (part: string) => (out.text += part) };
  return out as unknown as NodeJS.WriteStream & { text: string };
}

test('on a terminal each stage is a row, redrawn in place, never wider than the terminal', () => {
  const out = sink(true, 40);
  const progress = new Progress(out);
  const read = { ...noJobs, completed: 2 };
  progress.show({ read, count: { ...noJobs, waiting: 1_500, delayed: 1 } });
  const before = out.text.length;
  progress.show({ read, count: { ...noJobs, active: 7, completed: 1_000, failed: 3 } });
  const lines = out.text.slice(before).replaceAll('\u001B[K', '').split('\n');
  // oxlint-disable-next-line no-control-regex -- it moves the cursor
  expect(lines[0]).toMatch(/^\u001B\[4A\r +waiting +deferred +active +d$/);
  expect(out.text).toMatch(/\rcount +1,501 +0 +0 /);
  expect(lines[2]).toMatch(/^\rcount +0 +0 +7 /);
  for (const line of lines.slice(1)) expect(line.length).toBeLessThanOrEqual(40);
  progress.say('A word');
  progress.show({ read });
  expect(out.text).toMatch(/\nA word\n\r +waiting/);
});

test('elsewhere it is a line now and then, without control characters', () => {
  const out = sink(false);
  const progress = new Progress(out);
  const merge = { ...noJobs, deferred: 3 };
  for (let done = 5; done < 100; done++)
    progress.show({ count: { ...noJobs, waiting: 99 - done, completed: done, failed: 1 }, merge });
  expect(out.text).toBe('count 7 of 100 (1 failed), merge 0 of 3\n');
  expect(progress.total.jobs).toBe(94);
});
