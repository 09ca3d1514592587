// What `lunaq worker` runs: a handler for each job name.
import type { Job } from 'lunaq';

export default {
  welcome: ({ data }: Job<{ to: string }>) => `A welcome to ${data.to}`,
  newsletter: async (job: Job<{ readers: string[] }>) => {
    for (const [at, reader] of job.data.readers.entries()) {
      await job.log(`sent to ${reader}`);
      await job.updateProgress((100 * (at + 1)) / job.data.readers.length);
    }
  },
};
