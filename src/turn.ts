// Turns of the event loop, in which whatever came up travels together.

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
