// The same load on servers that write to disk.

const jobs = { lunaq: 250_000, bullmq: 15_000 };

/** @type {import('./index.mjs').Question} */
export default {
  id: 'persistence',
  title: 'Persistence',
  ask: 'What does an append-only file cost?',
  rounds: 2,
  points: [
    point('none', 'none', 'redis', jobs),
    point('everysec', 'appendfsync everysec', 'redis-everysec', jobs),
    point('always', 'appendfsync always', 'redis-always', { lunaq: 150_000, bullmq: 8_000 }),
  ],
  columns: ['jobsPerSecond', 'redisMicros', 'nodeMicros', 'commands', 'scripts'],
  charts: [{ figure: 'jobsPerSecond', title: 'Jobs per second' }],
  limits:
    'Add and process at c = 100. What `always` costs is the disk under the temporary folder: where that is memory, nothing. Redis syncs once ' +
    'for all that has arrived meanwhile, so calls that carry many jobs share one sync; a job that is added alone and awaited pays a whole one. ' +
    'Redis rewrites the file in a child process when it has doubled; its CPU is not in these figures.',
};

function point(id, label, server, counts) {
  return {
    id: `persistence-${id}`,
    label,
    kind: 'add-and-process',
    width: 100,
    server,
    jobs: counts,
  };
}
