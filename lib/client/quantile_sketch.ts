/**
 * A bounded sketch of a stream of numbers (Manku, Rajagopalan, Lindsay 1998): levels of buffers, where a value of
 * level l stands for 2^l observations. A full level is sorted, every other value moves one level up, beginning with
 * the first and the second in turn. A rank is off by at most levels ÷ SKETCH_LEVEL_VALUES of the count, in whatever
 * order the values came; up to SKETCH_LEVEL_VALUES of them it is exact.
 */

/** 4 kB a level; a million observations make twelve levels and are at most 2.4 % of the ranks off. */
export const SKETCH_LEVEL_VALUES = 512;

export interface WeightedValue {
  readonly value: number;
  readonly weight: number;
}

interface Level {
  readonly values: Float64Array;
  kept: number;
  /** 0 or 1: which of a pair moves up next, so that the errors of successive moves cancel. */
  offset: number;
}

export class QuantileSketch {
  readonly #levels: Level[] = [];
  count = 0;

  /** Not NaN, which has no rank. */
  add(value: number): void {
    this.count++;
    this.#put(0, value);
  }

  appendTo(weighted: WeightedValue[]): void {
    for (const [height, { values, kept }] of this.#levels.entries()) {
      for (let i = 0; i < kept; i++) weighted.push({ value: values[i]!, weight: 2 ** height });
    }
  }

  #put(height: number, value: number): void {
    const level = this.#levels[height] ??= {
      values: new Float64Array(SKETCH_LEVEL_VALUES),
      kept: 0,
      offset: 0,
    };
    if (level.kept === SKETCH_LEVEL_VALUES) {
      level.values.sort();
      level.kept = 0;
      for (let i = level.offset; i < SKETCH_LEVEL_VALUES; i += 2) this.#put(height + 1, level.values[i]!);
      level.offset = 1 - level.offset;
    }
    level.values[level.kept++] = value;
  }
}
