/** Metrics, as pure functions of scores and labels. */

/** One judged item: a score that should be high for positives. */
export interface Scored {
  readonly score: number;
  readonly positive: boolean;
}

/** The rates at a threshold: items that score at least as much are called positive. */
export interface OperatingPoint {
  readonly threshold: number;
  /** Share of the negatives called positive. */
  readonly falsePositiveRate: number;
  /** Share of the positives called positive; recall. */
  readonly truePositiveRate: number;
  /** Share of those called positive that are. */
  readonly precision: number;
}

/** One operating point per distinct score, highest threshold first. */
export function operatingPoints(items: readonly Scored[]): OperatingPoint[] {
  const sorted = [...items].sort((a, b) => b.score - a.score);
  const positives = items.filter(({ positive }) => positive).length;
  const negatives = items.length - positives;
  const points: OperatingPoint[] = [];
  let truePositives = 0;
  for (const [index, { score, positive }] of sorted.entries()) {
    if (positive) truePositives++;
    if (sorted[index + 1]?.score === score) continue;
    points.push({
      threshold: score,
      falsePositiveRate: (index + 1 - truePositives) / Math.max(1, negatives),
      truePositiveRate: truePositives / Math.max(1, positives),
      precision: truePositives / (index + 1),
    });
  }
  return points;
}

/** Area under the ROC curve: the chance that a positive outscores a negative, ties counting half. */
export function areaUnderRoc(items: readonly Scored[]): number {
  let area = 0;
  let [x, y] = [0, 0];
  for (const { falsePositiveRate, truePositiveRate } of operatingPoints(items)) {
    area += ((falsePositiveRate - x) * (truePositiveRate + y)) / 2;
    [x, y] = [falsePositiveRate, truePositiveRate];
  }
  return area;
}

/**
 * Area under the precision–recall curve, precision made monotone (PASCAL VOC 2010 on).
 * @param positives how many there are to find, where some are not among the items
 */
export function averagePrecision(items: readonly Scored[], positives: number): number {
  const found = items.filter(({ positive }) => positive).length;
  let [area, best, recall] = [0, 0, 1];
  for (const point of operatingPoints(items).reverse()) {
    area += (recall - point.truePositiveRate) * best;
    best = Math.max(best, point.precision);
    recall = point.truePositiveRate;
  }
  return ((area + recall * best) * found) / Math.max(1, positives);
}

/** The operating point with the lowest threshold whose false positive rate is at most `rate`. */
export function atFalsePositiveRate(items: readonly Scored[], rate: number): OperatingPoint {
  const strict = { threshold: Infinity, falsePositiveRate: 0, truePositiveRate: 0, precision: 1 };
  return operatingPoints(items).findLast(({ falsePositiveRate }) => falsePositiveRate <= rate) ?? strict;
}

/** Share of the items that `score ≥ threshold` classifies correctly. */
export function accuracy(items: readonly Scored[], threshold: number): number {
  return items.filter(({ score, positive }) => score >= threshold === positive).length / items.length;
}

/** The threshold with the best accuracy: the middle of the gap below the best operating point. */
export function bestThreshold(items: readonly Scored[]): number {
  const positives = items.filter(({ positive }) => positive).length;
  const points = operatingPoints(items);
  let [best, right] = [0, -Infinity];
  for (const [index, { falsePositiveRate, truePositiveRate }] of points.entries()) {
    const correct = truePositiveRate * positives + (1 - falsePositiveRate) * (items.length - positives);
    if (correct > right) [best, right] = [index, correct];
  }
  const at = points[best]?.threshold ?? 0;
  return (at + (points[best + 1]?.threshold ?? at)) / 2;
}

/** Accuracy of each fold at the threshold that is best on the others. */
export function crossValidate(items: readonly (Scored & { readonly fold: string })[]): number[] {
  const folds = [...new Set(items.map(({ fold }) => fold))];
  return folds.map((fold) => {
    const threshold = bestThreshold(items.filter((item) => item.fold !== fold));
    return accuracy(
      items.filter((item) => item.fold === fold),
      threshold,
    );
  });
}

/** Arithmetic mean; 0 for no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Mean distance from 0. */
export function meanAbsolute(values: readonly number[]): number {
  return mean(values.map(Math.abs));
}

/** Standard deviation of a population. */
export function standardDeviation(values: readonly number[]): number {
  const average = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - average) ** 2)));
}

/** The value below which a share of the others lies, 0…1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** Spearman's rank correlation, −1…1; ties share the mean of their ranks. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const [meanX, meanY] = [mean(x), mean(y)];
  const covariance = mean(x.map((rank, index) => (rank - meanX) * (y[index] - meanY)));
  return covariance / (standardDeviation(x) * standardDeviation(y));
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((i, j) => values[i] - values[j]);
  const result: number[] = [];
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (end < order.length && values[order[end]] === values[order[first]]) end++;
    for (const index of order.slice(first, end)) result[index] = (first + end - 1) / 2;
    first = end;
  }
  return result;
}

/** How often each class was called each class: `counts[actual][predicted]`, both in the order of `classes`. */
export function confusionMatrix(
  classes: readonly string[],
  items: readonly { readonly actual: string; readonly predicted: string }[],
): number[][] {
  const counts = classes.map(() => classes.map(() => 0));
  for (const { actual, predicted } of items) {
    const [row, column] = [classes.indexOf(actual), classes.indexOf(predicted)];
    if (row >= 0 && column >= 0) counts[row][column]++;
  }
  return counts;
}
