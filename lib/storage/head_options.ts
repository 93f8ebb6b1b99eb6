/** How much a head may hold. */

export interface HeadOptions {
  /** Series that may exist at once. */
  readonly seriesMax: number;
  /** Of all windows: appends are refused beyond it, until maintenance has caught up. */
  readonly windowBytesMax: number;
  /** 0 keeps none. */
  readonly exemplarsMax: number;
}

export const HEAD_DEFAULTS: HeadOptions = {
  seriesMax: 20_000_000,
  windowBytesMax: 2 ** 31,
  exemplarsMax: 0,
};
