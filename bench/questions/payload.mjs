// The same load with ever larger data.

/** Bytes of all adds in flight: no program should hold more of them, and Lunaq refuses to from 64 MiB on. */
const mostInFlight = 20_000_000;

const sizes = [
  { x: 100, label: '100 B', jobs: { lunaq: 300_000, bullmq: 15_000 } },
  { x: 1_000, label: '1 KB', jobs: { lunaq: 150_000, bullmq: 12_000 } },
  { x: 10_000, label: '10 KB', jobs: { lunaq: 30_000, bullmq: 8_000 } },
  { x: 100_000, label: '100 KB', jobs: { lunaq: 3_000, bullmq: 2_000 } },
  { x: 1_000_000, label: '1 MB', jobs: { lunaq: 300, bullmq: 200 } },
];

/** @type {import('./index.mjs').Question} */
export default {
  id: 'payload',
  title: 'Size of the data',
  ask: 'How does the cost of a job grow with its data?',
  axis: { title: 'bytes of JSON', scale: 'log' },
  rounds: 2,
  points: sizes.map((size) => ({
    ...size,
    id: `payload-${size.x}`,
    kind: 'add-and-process',
    width: 100,
    bytes: size.x,
    adds: Math.min(200, mostInFlight / size.x),
  })),
  columns: ['jobsPerSecond', 'redisMicros', 'nodeMicros', 'bytesIn', 'bytesOut', 'allocatedBytes'],
  charts: [
    { figure: 'redisMicros', title: 'Redis CPU per job' },
    { figure: 'nodeMicros', title: 'Node CPU per job' },
    { figure: 'bytesIn', title: 'Bytes that Redis reads per job' },
  ],
  limits:
    'Add and process at c = 100 in one process, 200 adds in flight but at most 20 MB of them. From some 10 KB on, JSON, sockets and copies are what a job costs with any library, and the ' +
    'ratio goes towards 1. One call with many large jobs also holds Redis longer than one with many small ones: large data belongs in a ' +
    'store of its own, with its key in the job.',
};
