// What this process takes for the time of day, which can be set wrong. Timers and the monotonic clock go on as they are. Imported before
// whatever looks at the clock.

const right = Date.now;
let wrongBy = 0;

/** From now on it is wrong by so many ms; 0 for right. */
export function setClock(ms: number): void {
  wrongBy = ms;
}

Date.now = () => right() + wrongBy;
globalThis.Date = new Proxy(Date, {
  construct: (date, given: [], maker) =>
    Reflect.construct(date, given.length > 0 ? given : [Date.now()], maker) as Date,
});
