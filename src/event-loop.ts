// Moments of the event loop up to which whatever comes up is gathered.

let turn: Promise<void> | undefined;

/** Resolves in the next turn, for all who wait for it at once, so that what they send then goes out in one write. */
export function nextTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}

/** Resolves when no promise is left to be continued: sooner than the next turn, which costs a look at all sockets. */
export function endOfTick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
