import { afterEach, expect, test, vi } from 'vitest';
import { Outages } from '../../src/outages.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const all = Number.MAX_SAFE_INTEGER;
const [period, every] = [30_000, 15_000];
/** The server's time less ours (ms). */
const apart = 1_700_000_000_000;

/** A server that is heard each 1,000 ms of a clock that is set by hand. */
function story(connectedAt: number) {
  const outages = new Outages(period, every);
  let time = connectedAt;
  let over = connectedAt;
  let ahead = apart;
  vi.spyOn(performance, 'now').mockImplementation(() => time);
  return {
    passes(ms: number, steady = 0): void {
      for (const end = time + ms; time < end;) {
        time += 1_000;
        outages.heard(time + ahead, time, over, steady);
      }
    },
    /** The server is not heard for so long. */
    outage(ms: number): void {
      time += ms;
      over = time;
    },
    jump(ms: number): void {
      ahead += ms;
    },
    get fair(): number {
      const latest = outages.latestFair(over);
      return latest === all ? all : latest - apart;
    },
  };
}

test('a first connection gives all one lease period', () => {
  const server = story(5_000);
  server.passes(29_000);
  expect(server.fair + apart).toBe(0);
  server.passes(1_000);
  expect(server.fair).toBe(all);
});

test('a first connection gives nobody more time when others have swept for one lease period', () => {
  const server = story(5_000);
  server.passes(1_000, period - 1);
  expect(server.fair + apart).toBe(0);
  server.passes(1_000, period);
  expect(server.fair).toBe(all);
});

test('what others have seen counts no more after an outage or a jump of the clock', () => {
  const server = story(5_000);
  server.passes(1_000, period);
  server.outage(1_000);
  expect(server.fair + apart).toBe(0);
  server.passes(1_000, period);
  expect(server.fair).toBe(all);
  server.jump(5_000);
  server.passes(1_000, period);
  expect(server.fair + apart).toBe(0);
});

test('after an outage only leases that had ended before it are declared dead for one period', () => {
  const server = story(0);
  server.passes(60_000);
  server.outage(40_000);
  server.passes(1_000);
  expect(server.fair).toBe(60_000);
  server.passes(28_000);
  expect(server.fair).toBe(60_000);
  server.passes(1_000);
  expect(server.fair).toBe(all);
});

test('where outages come more often than once a period, leases end all the same, if they could be renewed in between', () => {
  const server = story(0);
  for (let round = 0; round < 4; round += 1) {
    server.passes(10_000);
    server.outage(1_000);
  }
  server.passes(1_000);
  expect(server.fair).toBe(43_000);
});

test('what is heard for a moment between two outages tells nothing', () => {
  const server = story(0);
  server.passes(60_000);
  server.outage(20_000);
  server.passes(2_000);
  server.outage(20_000);
  server.passes(2_000);
  expect(server.fair).toBe(60_000);
});

test("a jump of the server's clock gives all one lease period, whatever was known before", () => {
  const server = story(0);
  server.passes(60_000);
  expect(server.fair).toBe(all);
  server.jump(-3_600_000);
  server.passes(1_000);
  expect(server.fair + apart).toBe(0);
  server.passes(30_000);
  expect(server.fair).toBe(all);
});

test('an answer that a busy process reads late is no jump of the clock', () => {
  let time = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => time);
  const outages = new Outages(period, every);
  for (let sweep = 1; sweep <= 20; sweep += 1) {
    const asked = sweep * 5_000;
    time = asked + (sweep % 4 === 0 ? 1_500 : 1);
    outages.heard(asked + apart, asked, 0, 0);
  }
  expect(outages.latestFair(0)).toBe(all);
});
