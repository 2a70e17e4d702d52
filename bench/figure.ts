/** Formats numbers for tables, and rounds the ends of axes. */

/** Formats a number with the given number of significant digits. */
export function figure(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  return Math.abs(value) >= 10 ** digits ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
}

/** Rounds up to a number that divides into five round steps. */
export function roundUp(value: number): number {
  const step = 10 ** Math.floor(Math.log10(value / 5));
  return 5 * step * Math.ceil(value / 5 / step);
}
