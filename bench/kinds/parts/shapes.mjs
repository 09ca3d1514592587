// Jobs that depend on jobs, by place: a job comes behind those that it depends on.

/** Most jobs that one may depend on. */
const mostParents = 1_000;

/**
 * @typedef {object} Shape
 * @property {number} jobs
 * @property {(job: number) => [from: number, to: number]} parents places of those that it depends on
 */

/**
 * @param {'chain' | 'fan-out' | 'fan-in'} name
 * @param {number} size
 * @param {boolean} tree whether a job that would depend on too many others depends on jobs that gather them
 * @returns {Shape}
 */
export function shapeOf(name, size, tree) {
  switch (name) {
    case 'chain':
      return { jobs: size, parents: (job) => [Math.max(0, job - 1), job] };
    case 'fan-out':
      return { jobs: size + 1, parents: (job) => [0, Math.min(1, job)] };
    case 'fan-in':
      return tree && size > mostParents ? gathered(size) : fanIn(size);
    default:
      throw new RangeError(`shape: expected chain, fan-out or fan-in, got ${String(name)}`);
  }
}

function fanIn(size) {
  return { jobs: size + 1, parents: (job) => (job < size ? [0, 0] : [0, size]) };
}

function gathered(size) {
  const groups = Math.ceil(size / mostParents);
  const parents = (job) => {
    if (job < size) return [0, 0];
    if (job === size + groups) return [size, size + groups];
    const from = (job - size) * mostParents;
    return [from, Math.min(from + mostParents, size)];
  };
  return { jobs: size + groups + 1, parents };
}
