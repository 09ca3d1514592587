// Edges as text, and what the end of a parent means to a child.
import { expect, test } from 'vitest';
import {
  edgeText,
  outcomeLines,
  parseEdge,
  parseOutcomes,
  reasonOf,
  standing,
  verdict,
  type Edge,
  type Outcome,
} from '../../src/edge.js';
import type { ParentFailurePolicy } from '../../src/job-options.js';
import type { EdgeText, JobId } from '../../src/script.js';
import type { DependAnswer, FateWord } from '../../src/scripts.js';

function edge(parent: string, policy: ParentFailurePolicy = 'fail'): Edge {
  const child = 'c' as JobId;
  return { childQueue: 'q', child, parentQueue: 'p', parent: parent as JobId, nonce: 'n', policy };
}

test('an edge is read as it was written, whatever its ids', () => {
  for (const id of ['a', 'a b', '{}', '"', 'ü', '0', '1e3', '__proto__', 'a,b:c'])
    expect(parseEdge(edgeText(edge(id, 'wait')))).toEqual(edge(id, 'wait'));
});

const fates: [FateWord, fail: string, run: string, wait: string][] = [
  ['completed', 'accept', 'accept', 'accept'],
  ['release', 'accept', 'accept', 'accept'],
  ['cancel', 'doom', 'doom', 'doom'],
  ['failed', 'doom', 'accept', 'keep'],
  ['cancelled', 'doom', 'accept', 'keep'],
  ['removed', 'doom', 'accept', 'doom'],
  ['evicted', 'doom', 'accept', 'doom'],
  ['unknown', 'doom', 'accept', 'doom'],
];

test.each(fates)('a parent that is %s: fail %s, run %s, wait %s', (fate, fail, run, wait) => {
  expect(verdict(fate, 'fail')).toBe(fail);
  expect(verdict(fate, 'run')).toBe(run);
  expect(verdict(fate, 'wait')).toBe(wait);
});

test('a child that did not run says which parent it was and what became of it', () => {
  const parent = { queue: 'p', id: 'a' };
  expect(JSON.parse(reasonOf(parent, 'failed'))).toEqual({
    failedReason: 'parent a of queue p failed',
  });
  expect(reasonOf(parent, 'evicted')).toContain('parent a of queue p was evicted');
});

test('outcomes are read as they were written', () => {
  const outcomes: Outcome[] = [
    { queue: 'p', id: 'a', fate: 'completed', text: '{"returnvalue":"\\t\\n"}' },
    { queue: 'p', id: 'b', fate: 'failed', text: '' },
  ];
  expect(parseOutcomes(outcomeLines(outcomes))).toEqual(outcomes);
  expect(parseOutcomes('')).toEqual([]);
});

test('of 1,000 outcomes 64 KiB are kept, and of the others which parent it was', () => {
  const text = JSON.stringify({ returnvalue: 'x'.repeat(1_000) });
  const outcomes = Array.from({ length: 1_000 }, (_, n): Outcome => ({
    queue: 'p',
    id: String(n),
    fate: 'completed',
    text,
  }));
  const lines = outcomeLines(outcomes);
  expect(lines.length).toBeLessThan(65_536 + 1_000 * 20);
  const read = parseOutcomes(lines);
  expect(read.map(({ id }) => id)).toEqual(outcomes.map(({ id }) => id));
  const kept = read.filter((outcome) => outcome.text !== '').length;
  expect(kept).toBeGreaterThan(55);
});

const parents = ['a', 'b', 'c'].map((id) => ({ queue: 'p', id }));
const edges = ['a', 'b', 'c'].map((id) => edgeText(edge(id)));

function answers(...words: DependAnswer['word'][]): DependAnswer[] {
  return words.map((word) => ({ word, text: '' }));
}

test('a child waits for the parents that are pending, and has heard of the others', () => {
  const now = standing(
    { parents, policy: 'fail' },
    edges,
    answers('pending', 'completed', 'pending'),
  );
  expect((now.edges as string).split('\n') as EdgeText[]).toEqual([edges[0], edges[2]]);
  expect(parseOutcomes(now.outcomes)).toEqual([{ ...parents[1], fate: 'completed', text: '' }]);
  expect(now.failure).toBe('');
});

test('a child with a parent that failed fails at once, waits for nobody, and says why', () => {
  const now = standing({ parents, policy: 'fail' }, edges, answers('pending', 'failed', 'pending'));
  expect(now.edges).toBe('');
  expect(now.failure).toContain('parent b of queue p failed');
});

test('a child that runs in any case counts a failed parent as done', () => {
  const now = standing({ parents, policy: 'run' }, edges, answers('failed', 'cancelled', 'completed')); // prettier-ignore
  expect(now).toMatchObject({ edges: '', failure: '' });
  expect(parseOutcomes(now.outcomes).map(({ fate }) => fate)).toEqual(['failed', 'cancelled', 'completed']); // prettier-ignore
});
