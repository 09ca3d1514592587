import { expect, test } from 'vitest';
import { tellEvent } from '../../src/listening/event-args.js';
import { parseNews } from '../../src/listening/news.js';

/** Events of one line, as listeners hear them. */
function told(...fields: readonly string[]): unknown[] {
  const heard: unknown[] = [];
  const { events } = parseNews(`1700000000000\n${fields.join('\t')}`);
  for (const event of events) tellEvent(event, 'id', (name, ...args) => void heard.push([name, ...args])); // prettier-ignore
  return heard;
}

test('a message is a time, and a line for each event: a word, an id, and what else is told', () => {
  const news = parseNews(
    '1700000000000\nwaiting\ta b\t\t"na\\tme"\ncompleted\tc\t1\t{"returnvalue":1}\ndrained',
  );
  expect(news).toEqual({
    time: 1_700_000_000_000,
    events: [
      { word: 'waiting', id: 'a b', fields: ['', '"na\\tme"'] },
      { word: 'completed', id: 'c', fields: ['1', '{"returnvalue":1}'] },
      { word: 'drained', id: '', fields: [] },
    ],
  });
});

test('words of another version, and messages of somebody else, are passed over', () => {
  const news = parseNews('1700000000000\nshelved\ta\nactive\tb\n__proto__\tc\nconstructor');
  expect(news.events).toEqual([{ word: 'active', id: 'b', fields: [] }]);
  const none = { time: 0, events: [] };
  for (const message of ['', 'hello', 'active\ta', '{"time":1}', '-1\nactive\ta', '1e3\nactive\ta'])
    expect(parseNews(message)).toEqual(none);
  expect(parseNews('1700000000000')).toEqual({ time: 1_700_000_000_000, events: [] });
});

test.each([
  [['waiting', 'a', '', '"n"'], [['added', { jobId: 'a', name: 'n' }], ['waiting', { jobId: 'a' }]]], // prettier-ignore
  [['waiting', 'a', 'active'], [['waiting', { jobId: 'a', prev: 'active' }]]],
  [['waiting', 'a', 'finished'], [['waiting', { jobId: 'a', prev: 'finished' }]]],
  [['delayed', 'a', '', '17', '"n"'], [['added', { jobId: 'a', name: 'n' }], ['delayed', { jobId: 'a', delay: 17 }]]], // prettier-ignore
  [['delayed', 'a', 'active', '17'], [['delayed', { jobId: 'a', delay: 17, prev: 'active' }]]],
  [['deferred', 'a', '', '"n"'], [['added', { jobId: 'a', name: 'n' }], ['deferred', { jobId: 'a' }], ['waiting-children', { jobId: 'a' }]]], // prettier-ignore
  [['active', 'a'], [['active', { jobId: 'a', prev: 'waiting' }]]],
  [['completed', 'a', '0', '{"returnvalue":[1,null],"processedOn":1}'], [['completed', { jobId: 'a', returnvalue: [1, null], prev: 'active' }]]], // prettier-ignore
  [['completed', 'a', '1', ''], [['completed', { jobId: 'a', returnvalue: undefined, prev: 'active' }]]], // prettier-ignore
  [['failed', 'a', '0', '{"failedReason":"why","processedOn":1}'], [['failed', { jobId: 'a', failedReason: 'why', prev: 'active' }]]], // prettier-ignore
  [['failed', 'a', '0', '{"failedReason":"expired"}'], [['failed', { jobId: 'a', failedReason: 'expired' }]]], // prettier-ignore
  [['failed', 'a', '0', ''], [['failed', { jobId: 'a', failedReason: '' }]]],
  [['cancelled', 'a', '1', '{"failedReason":"why"}'], [['cancelled', { jobId: 'a', failedReason: 'why' }]]], // prettier-ignore
  [
    ['stalled', 'a'],
    [
      ['stalled', { jobId: 'a' }],
      ['waiting', { jobId: 'a', prev: 'active' }],
    ],
  ],
  [['removed', 'a'], [['removed', { jobId: 'a' }]]],
  [['progress', 'a', '{"done":[1]}'], [['progress', { jobId: 'a', data: { done: [1] } }]]],
  [['drained'], [['drained']]],
  [['paused'], [['paused', {}]]],
  [['resumed'], [['resumed', {}]]],
  [['obliterated'], [['obliterated', {}]]],
  [['ended', 'a'], []],
])('%j is told as %j', (fields, expected) => {
  expect(told(...fields)).toEqual(expected.map((event) => [...event, 'id']));
});

test.each([
  ['completed', 'a', '0', '{"returnvalue":'],
  ['failed', 'a', '0', '{'],
  ['progress', 'a'],
  ['waiting', 'a', '', 'name'],
])('%s %s %s %s is UNREADABLE, with the id', (...fields) => {
  expect(() => told(...fields)).toThrow(expect.objectContaining({ code: 'UNREADABLE', ids: ['a'] })); // prettier-ignore
});

test('what a listener throws is not taken for an event that can not be read', () => {
  const [event] = parseNews('1\nactive\ta').events;
  const thrown = new Error('of a listener');
  const emit = (): void => {
    throw thrown;
  };
  expect(() => event && tellEvent(event, 'id', emit)).toThrow(thrown);
});
