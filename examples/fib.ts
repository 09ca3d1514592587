// Fibonacci numbers, the slow way: adds a job for each, and prints the results as they come.
//
//   node dist-examples/fib.js [--redis URL]
import { Queue, Worker } from 'lunaq';
import { someRedis } from 'lunaq/testing';

function fib(n: number): number {
  return n <= 1 ? n : fib(n - 1) + fib(n - 2);
}

const redis = await someRedis();
const connection = redis.url;
const queue = new Queue<number, number>('fib', { connection });
const worker = new Worker<number, number>('fib', (job) => fib(job.data), { connection });

const numbers = Array.from({ length: 14 }, (_, i) => i + 20);
const jobs = await queue.addBulk(numbers.map((n) => ({ name: 'fib', data: n })));
await Promise.all(
  jobs.map(async (job) => {
    console.log(`fib(${job.data}) = ${await job.waitUntilFinished({ timeout: 30_000 })}`);
  }),
);

await worker.close();
await queue.obliterate();
await queue.close();
await redis.stop();
