// The same load on other servers.

const jobs = { lunaq: 250_000, bullmq: 15_000 };

/** @type {import('./index.mjs').Question} */
export default {
  id: 'servers',
  title: 'Servers',
  ask: 'Does it matter which server it is?',
  rounds: 2,
  points: [
    point('redis-7', 'Redis 7.0'),
    point('redis-8', 'Redis 8'),
    point('valkey-8', 'Valkey 8'),
  ],
  columns: ['jobsPerSecond', 'redisMicros', 'nodeMicros', 'commands', 'scripts'],
  charts: [{ figure: 'redisMicros', title: 'Redis CPU per job' }],
  limits:
    'Add and process at c = 100, without persistence, with the default settings of each server, one I/O thread. The programs are those of ' +
    'Debian 12 and 13; other builds differ, above all in the memory allocator.',
};

function point(server, label) {
  return { id: `servers-${server}`, label, kind: 'add-and-process', width: 100, server, jobs };
}
