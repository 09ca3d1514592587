// The parts of the main job that need no Redis.
import { expect, test } from 'vitest';
import { idOf } from '../../examples/files.js';
import { Progress } from '../../examples/progress.js';
import { addCounts, wordCounts } from '../../examples/words.js';

test('words are letters, two or more, of any script, in lower case', () => {
  expect(wordCounts('The CAT, the cat_x: été 42 a\nпривет 世界 — the')).toEqual({
    1: 'été привет 世界',
    2: 'cat',
    3: 'the',
  });
  expect(wordCounts('')).toEqual({});
});

test('sums over texts are those of one text', () => {
  const texts = ['red green red', 'constructor red', 'green __proto__ green'];
  const sums = new Map<string, number>();
  for (const text of texts) addCounts(sums, wordCounts(text));
  const whole = new Map<string, number>();
  addCounts(whole, wordCounts(texts.join('\n')));
  expect(sums).toEqual(whole);
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

test('on a terminal the bar is one line, never wider than the terminal', () => {
  const out = sink(true, 50);
  const progress = new Progress(out);
  progress.show({ done: 0, left: 2_000, failed: 0 });
  progress.show({ done: 1_000, left: 1_000, failed: 3 });
  expect(out.text).not.toContain('\n');
  const line = out.text.split('\r').at(-1)?.replace('\u001B[K', '') ?? '';
  expect(line).toMatch(/^█{15}░{15} 1,000 of 2,000/);
  expect(line.length).toBeLessThan(50);
  progress.say('A word');
  expect(out.text).toMatch(/\nA word\n$/);
});

test('elsewhere it is a line now and then, without control characters', () => {
  const out = sink(false);
  const progress = new Progress(out);
  progress.show({ done: 5, left: 95, failed: 0 });
  for (let done = 6; done < 100; done++) progress.show({ done, left: 100 - done, failed: 1 });
  expect(out.text).toMatch(/^6 of 100 files, [\d,]+ jobs\/s, 1 failed\n$/);
  expect(progress.end().jobs).toBe(94);
});
