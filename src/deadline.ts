// Deadlines by wall and monotonic clock, whichever says so first: one may jump, the other stops while
// the machine sleeps.

export interface Deadline {
  /** ms left; 0 or less when it has passed. */
  left(): number;
}

export function deadlineIn(ms: number): Deadline {
  const wall = Date.now() + ms;
  const monotonic = performance.now() + ms;
  return { left: () => Math.min(wall - Date.now(), monotonic - performance.now()) };
}

/** Resolves after `ms`, or earlier when the signal fires; holds no process open once that is asked for. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
