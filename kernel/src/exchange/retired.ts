// Connections that have ended while their peers had leases: whose process lives on may go on to read.
import type { Connection } from "./connection.ts";

/** Milliseconds between looks whether a vanished holder is dead by now. */
const TICK_MS = 250;

export class Retired {
  readonly #connections = new Set<Connection>();
  readonly #died: (connection: Connection) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `died` is called once the process behind a connection is dead. */
  constructor(died: (connection: Connection) => void) {
    this.#died = died;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values();
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
    this.#timer ??= setInterval(() => this.#look(), TICK_MS);
    this.#look();
  }

  #look(): void {
    for (const connection of this.#connections) {
      if (!connection.isDead()) continue;
      this.#connections.delete(connection);
      this.#died(connection);
    }
    if (this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
