/** The statistics that the figures need. */

/** The value below which a share of the values lies; NaN if there are no values. @param share 0…1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return NaN;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

/** The middle value; NaN if there are no values. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  return Number.isInteger(middle) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[Math.floor(middle)];
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The median of each column. All rows have the same columns. */
export function medians<T extends object>(rows: readonly (T & Readonly<Record<keyof T, number>>)[]): T {
  const names = Object.keys(rows[0] ?? {}) as (keyof T)[];
  return Object.fromEntries(names.map((name) => [name, median(rows.map((row) => row[name]))])) as T;
}
