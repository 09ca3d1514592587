import { Queue, Worker } from 'lunaq';

const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

const queue = new Queue<{ to: string }>('mail', { connection });
await queue.add('welcome', { to: 'ada@example.org' }, { attempts: 5, backoff: 1_000 });

const worker = new Worker<{ to: string }, string>(
  'mail',
  async (job) => `A welcome to ${job.data.to}`,
  { connection, concurrency: 10 },
);
worker.on('completed', (job, result) => console.log(`${job.id}: ${result}`));
worker.on('failed', (job, error) => console.error(`${job?.id}: ${error.message}`));

process.once('SIGINT', () => void Promise.all([worker.close(), queue.close()]));
