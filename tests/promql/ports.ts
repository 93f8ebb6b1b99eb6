/** Ports for tests of the engine: a clock that a test moves, and a turn of the event loop that it counts. */

export class TestPorts {
  nowMs = 0;
  turns = 0;
  /** How far the clock moves each time it is read. */
  tickMs = 0;
  onTurn: () => void = () => {};

  readonly clock = { monotonicMs: () => this.nowMs += this.tickMs };

  readonly yieldToLoop = (): Promise<void> => {
    this.turns++;
    this.onTurn();
    return Promise.resolve();
  };
}
