// The data of the jobs of a load test: JSON of an exact length that tells which job it is.

const emptyBytes = JSON.stringify({ index: 0, pad: '' }).length - 1;
const mostDigits = 10;

/** Fewest bytes of the data of a job. */
export const leastBytes = emptyBytes + mostDigits;
/** Most jobs of a load test: their indexes have at most ten digits, and a bit each in every process. */
export const mostJobs = 1e9;

/**
 * Makes the data of job `index`: `bytes` of JSON.
 *
 * @param {number} bytes
 * @returns {(index: number) => { index: number, pad: string }}
 */
export function dataMaker(bytes) {
  const pads = Array.from({ length: mostDigits + 1 }, (_, digits) =>
    'x'.repeat(bytes - emptyBytes - digits),
  );
  return (index) => ({ index, pad: pads[String(index).length] });
}
