// Clocks of a worker and of the producer are an hour wrong, from a start on and by a jump. Nothing may change: only Redis' time counts.
import { producerSlot } from '../schedule.js';
import type { Play } from './stage.js';

const hour = 3_600_000;

export const clocks: Play = async ({ crew, rest }, { slot, ms, part }) => {
  const wrong = part < 0.5 ? hour : -hour;
  await crew.closeWorker(slot);
  await crew.setClock(slot, wrong);
  await crew.setClock(producerSlot, -wrong);
  await crew.startWorker(slot);
  await rest(ms);
  // By two hours at once.
  await crew.setClock(slot, -wrong);
  await crew.setClock(producerSlot, wrong);
  await rest(ms);
  await crew.setClock(slot, 0);
  await crew.setClock(producerSlot, 0);
  return `worker ${slot} and the producer, ${ms} ms each an hour ahead and behind`;
};
