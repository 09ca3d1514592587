// What all users of one connection share under one name, for as long as somebody needs it.
import type { Connection } from './connection.js';

export class PerConnection<Value> {
  readonly #all = new WeakMap<Connection, Map<string, Value>>();

  /** What is shared under this name; made when there is nothing yet. */
  obtain(connection: Connection, name: string, make: () => Value): Value {
    const named = this.#all.get(connection) ?? new Map<string, Value>();
    this.#all.set(connection, named);
    const value = named.get(name) ?? make();
    named.set(name, value);
    return value;
  }

  /** It is shared no more, unless another one has taken its place. */
  drop(connection: Connection, name: string, value: Value): void {
    const named = this.#all.get(connection);
    if (named?.get(name) === value) named.delete(name);
  }
}
