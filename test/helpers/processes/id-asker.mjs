// Asks at random whether ids are there until it is told to stop, and writes down what it was told and when. Arguments: one JSON with queue,
// connection, idCache, ids (how many).
import { Queue } from '../../../dist/index.js';

const { queue: name, connection, idCache, ids: count } = JSON.parse(process.argv[2]);
const now = () => Number(process.hrtime.bigint()) / 1e6;
const queue = new Queue(name, { connection, idCache });
queue.on('error', () => undefined);
const idAt = () => `id-${Math.floor(Math.random() * count)}`;

const answers = [];
const failures = {};
const stop = new AbortController();

/** One of many who ask at the same time. */
async function ask() {
  while (!stop.signal.aborted) {
    const many = Math.random() < 0.1;
    const asked = many ? Array.from({ length: 10 }, idAt) : [idAt()];
    const from = now();
    try {
      const told = many ? await queue.hasMany(asked) : [await queue.has(asked[0])];
      // An answer to many is as of when each was looked up; one to a single question as of when it is given.
      const to = now();
      for (const [at, id] of asked.entries())
        answers.push({ id, present: told[at], from: many ? from : to, to });
    } catch (error) {
      failures[error.code] = (failures[error.code] ?? 0) + 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 4));
  }
}

process.on('message', () => stop.abort());
const orphaned = () => process.exit(1);
process.on('disconnect', orphaned);
process.send({ kind: 'ready' });
await Promise.all(Array.from({ length: 8 }, ask));
const stats = queue.idCache.stats();
await queue.close();
process.send({ kind: 'answers', answers, failures, stats }, () => {
  process.off('disconnect', orphaned);
  process.disconnect();
});
