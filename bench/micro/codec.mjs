// Records: what JSON itself takes is the floor.
import { decodeRecord, encodeRecord } from '../../dist/record.js';
import { payloads } from '../payload.mjs';
import { repeated } from './run-cases.mjs';

const sizes = [63, 1_024, 10_240];
const repeats = 200;
const timestamp = 1_700_000_000_000;
const opts = { attempts: 3, removeOnComplete: true };

/** @returns {import('./run-cases.mjs').Group} */
export function codec() {
  const cases = sizes.flatMap((bytes) => {
    const payload = payloads(bytes);
    const data = Array.from({ length: repeats }, (_, index) => payload(index));
    const texts = data.map(
      (one) => encodeRecord({ name: 'bench', data: one, timestamp, opts }).text,
    );
    const size = bytes < 1_024 ? `${bytes} B` : `${bytes / 1_024} KiB`;
    return [
      {
        id: `stringify-${bytes}`,
        title: `JSON.stringify, ${size}`,
        ...repeated(repeats, (i) => JSON.stringify(['bench', data[i], timestamp, opts])),
      },
      {
        id: `encode-${bytes}`,
        title: `encodeRecord, ${size}`,
        beside: `stringify-${bytes}`,
        ...repeated(repeats, (i) =>
          encodeRecord({ name: 'bench', data: data[i], timestamp, opts }),
        ),
      },
      {
        id: `parse-${bytes}`,
        title: `JSON.parse, ${size}`,
        ...repeated(repeats, (i) => JSON.parse(texts[i])),
      },
      {
        id: `decode-${bytes}`,
        title: `decodeRecord, ${size}`,
        beside: `parse-${bytes}`,
        ...repeated(repeats, (i) => decodeRecord('id', texts[i])),
      },
    ];
  });
  return { title: 'codec', unit: 'ns', cases };
}
