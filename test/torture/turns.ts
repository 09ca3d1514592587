// What comes one after the other.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  async take(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    await turn;
  }
}
