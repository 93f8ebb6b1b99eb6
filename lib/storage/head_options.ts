/** How much a head may hold. */

export interface HeadOptions {
  /** Series that may exist at once. */
  readonly seriesMax: number;
  /** Of all windows: appends are refused beyond it, until maintenance has caught up. */
  readonly windowBytesMax: number;
  /** 0 keeps none. */
  readonly exemplarsMax: number;
  /** How much older than the newest sample one may be that comes out of order; 0: none may. Changed by a reload. */
  readonly lateWindowMs: number;
}

export const HEAD_DEFAULTS: HeadOptions = {
  seriesMax: 20_000_000,
  windowBytesMax: 2 ** 31,
  exemplarsMax: 0,
  lateWindowMs: 0,
};
