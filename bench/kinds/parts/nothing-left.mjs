/**
 * Throws when jobs are left in a queue, in whatever state.
 *
 * @param {{ left(): Promise<number> }} target
 */
export async function nothingLeft(target) {
  const left = await target.left();
  if (left > 0) throw new Error(`${left} jobs are left in the queue`);
}
