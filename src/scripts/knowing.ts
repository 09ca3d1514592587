// What the ID cache asks.
import { as, declareScript, type JobId } from '../script.js';

export const exists = declareScript('exists', {
  keys: ['jobs', 'traits'],
  args: {},
  each: { id: as<JobId>() },
  parse: (reply) => {
    const [time, digits] = reply as [number, string];
    return { time, stored: Array.from(digits, (digit) => digit === '1') };
  },
});
